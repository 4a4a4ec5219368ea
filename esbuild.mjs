// Bundles every program of the project into dist/, and with --tests every test file into out/test/.
// --demo bundles the demo beside them. --clean removes what an earlier build left, --minify is for the package, --watch
// rebuilds on change.
// --out=DIR and --stamp=N make the programs elsewhere, as if they were built at that time: tests update from such a build.
import { build, context, transform } from 'esbuild';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildStamp } from './scripts/buildStamp.mjs';
import { commonJs } from './scripts/commonJs.mjs';
import { packParts } from './scripts/packParts.mjs';

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
  formulaWorker: 'server/src/language/server/worker.ts',
  checkpointWorker: 'server/src/beads/storage/checkpointWorker.ts',
  gitProcess: 'server/src/git/process/main.ts',
};
/** What agents call all day: in parts, so that a command loads no more than it needs. */
const commands = {
  gt: 'server/src/cli/gt/main.ts',
  bd: 'server/src/cli/bd/main.ts',
};

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Native modules and the editor's own API cannot be bundled. */
const external = ['vscode', '@lydell/node-pty'];

/** While watching each build gets a stamp of its own, so that a running server hands over to what was just built. */
const freshStamp = {
  name: 'fresh-stamp',
  setup(plugin) {
    plugin.onLoad({ filter: /[\\/]transport[\\/]version\.ts$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replace(
        /^declare const GASTOWN_BUILD.*$/m,
        `const GASTOWN_BUILD: number = ${buildStamp()};`,
      ),
      loader: 'ts',
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
  define: { GASTOWN_VERSION: JSON.stringify(version), ...(watch ? {} : { GASTOWN_BUILD: JSON.stringify(stamp) }) },
  plugins: watch ? [freshStamp] : [],
};

function programConfig() {
  return { ...common, entryPoints: programs, outdir, external };
}

/** esbuild splits ES modules only, which node loads slower than CommonJS: each part is turned into the latter afterwards. */
const asCommonJs = {
  name: 'as-common-js',
  setup(plugin) {
    plugin.onEnd(async ({ outputFiles, metafile }) => {
      if (!outputFiles || !metafile) return; // it did not build, and has said so
      const parts = await Promise.all(
        outputFiles.map(async ({ path: file, text }) => [
          path.basename(file),
          (await transform(commonJs(text), { target: common.target, format: 'cjs', minify: true })).code,
        ]),
      );
      const files = packParts(new Map(parts), metafile, 'cli.js');
      mkdirSync(outdir, { recursive: true });
      for (const [name, code] of files) writeFileSync(path.join(outdir, name), code);
      for (const name of Object.keys(commands)) chmodSync(path.join(outdir, `${name}.js`), 0o755);
      // What an earlier build left. While watching, a command may still be running from it.
      if (!watch)
        for (const file of readdirSync(outdir))
          if (/^cli-\w+\.js$/.test(file) && !files.has(file)) rmSync(path.join(outdir, file));
    });
  },
};

function commandConfig() {
  return {
    ...common,
    entryPoints: commands,
    outdir,
    external,
    write: false,
    metafile: true,
    format: 'esm',
    splitting: true,
    chunkNames: 'cli-[hash]',
    sourcemap: false,
    minify: false,
    plugins: [...common.plugins, asCommonJs],
  };
}

function testFiles() {
  return readdirSync('test', { recursive: true })
    .map((file) => path.join('test', String(file)))
    .filter((file) => file.endsWith('.ts'));
}

function testConfig(entryPoints) {
  return {
    ...common,
    entryPoints,
    outbase: 'test',
    outdir: 'out/test',
    packages: 'external',
    external,
    sourcemap: 'inline',
    minify: false,
  };
}

function copyAssets() {
  mkdirSync(outdir, { recursive: true });
  // Node looks for the nearest package.json at each start; the extension's own is long.
  writeFileSync(path.join(outdir, 'package.json'), '{"type":"commonjs"}\n');
  copyFileSync('node_modules/sql.js/dist/sql-wasm.wasm', path.join(outdir, 'sql-wasm.wasm'));
}

if (watch) {
  const contexts = [await context(programConfig()), await context(commandConfig())];
  copyAssets();
  for (const each of contexts) await each.watch();
} else {
  if (args.has('--clean')) for (const dir of ['dist', 'out/test']) rmSync(dir, { recursive: true, force: true });
  await build(programConfig());
  await build(commandConfig());
  copyAssets();
  if (args.has('--demo')) await build(testConfig(['test/demo/main.ts']));
  if (args.has('--tests')) {
    await build(testConfig(testFiles()));
    // What bundles look for beside or above themselves.
    for (const name of ['sql-wasm.wasm', 'formulaWorker.js', 'checkpointWorker.js', 'gitProcess.js'])
      copyFileSync(path.join(outdir, name), path.join('out', name));
  }
}
