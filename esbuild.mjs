// Bundles every program of the project into dist/, and with --tests every test file into out/test/.
// --clean removes what an earlier build left, --minify is for the package, --watch rebuilds on change.
// --out=DIR and --stamp=N make the programs elsewhere, as if they were built at that time: tests update from such a build.
import { build, context } from 'esbuild';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { buildStamp } from './scripts/buildStamp.mjs';

const args = new Set(process.argv.slice(2));
const watch = args.has('--watch');
const minify = args.has('--minify');
const valueOf = (name) => process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
const outdir = valueOf('out') ?? 'dist';
const stamp = Number(valueOf('stamp') ?? buildStamp());

const programs = {
  extension: 'client/src/extension.ts',
  server: 'server/src/main.ts',
  sessionHost: 'server/src/sessions/host/main.ts',
  gt: 'server/src/cli/gt/main.ts',
  bd: 'server/src/cli/bd/main.ts',
  demo: 'server/src/cli/demo/main.ts',
};

/** Native modules and the editor's own API cannot be bundled. */
const external = ['vscode', '@lydell/node-pty'];

/** While watching each build gets a stamp of its own, so that a running server hands over to what was just built. */
const freshStamp = {
  name: 'fresh-stamp',
  setup(plugin) {
    plugin.onLoad({ filter: /[\\/]transport[\\/]version\.ts$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replace(/^declare const GASTOWN_BUILD.*$/m, `const GASTOWN_BUILD: number = ${buildStamp()};`), loader: 'ts',
    }));
  },
};

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  sourcemap: minify ? false : 'linked',
  minify,
  logLevel: 'warning',
  // The built-in formulas go in as they are.
  loader: { '.toml': 'text' },
  define: watch ? {} : { GASTOWN_BUILD: JSON.stringify(stamp) },
  plugins: watch ? [freshStamp] : [],
};

function programConfig() {
  const entryPoints = Object.fromEntries(Object.entries(programs).filter(([, file]) => existsSync(file)));
  return { ...common, entryPoints, outdir, external };
}

function testConfig() {
  const entryPoints = readdirSync('test', { recursive: true })
    .map((file) => path.join('test', String(file)))
    .filter((file) => file.endsWith('.ts'));
  return {
    ...common, entryPoints, outbase: 'test', outdir: 'out/test',
    packages: 'external', external, sourcemap: 'inline', minify: false,
  };
}

function copyAssets() {
  mkdirSync(outdir, { recursive: true });
  copyFileSync('node_modules/sql.js/dist/sql-wasm.wasm', path.join(outdir, 'sql-wasm.wasm'));
  for (const cli of ['gt', 'bd']) {
    if (existsSync(`${outdir}/${cli}.js`)) chmodSync(`${outdir}/${cli}.js`, 0o755);
  }
}

if (watch) {
  const programContext = await context(programConfig());
  copyAssets();
  await programContext.watch();
} else {
  if (args.has('--clean')) for (const dir of ['dist', 'out/test']) rmSync(dir, { recursive: true, force: true });
  await build(programConfig());
  copyAssets();
  if (args.has('--tests')) {
    await build(testConfig());
    copyFileSync('node_modules/sql.js/dist/sql-wasm.wasm', 'out/sql-wasm.wasm');
  }
}
