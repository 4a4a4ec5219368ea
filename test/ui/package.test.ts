import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { strFromU8, unzipSync } from 'fflate';
import { newestVsix } from './vsix';

const platform = `${process.platform}-${process.arch}`;
const terminals = `node_modules/@lydell/node-pty-${platform}`;

/** Every file of the package, by its purpose. */
const allowed = [
  // for VS Code and the marketplace
  'package.json',
  'package.nls.json',
  'readme.md',
  'changelog.md',
  'LICENSE.txt',
  'media/gastown.svg',
  'media/icon.png',
  ...['beads', 'convoy', 'engine', 'terminal', 'town'].map((step) => `media/walkthrough/${step}.svg`),
  // the language of formulas
  'media/formula-dark.svg',
  'media/formula-light.svg',
  'syntaxes/gastown-formula.tmLanguage.json',
  'syntaxes/language-configuration.json',
  // the programs
  ...['extension', 'server', 'sessionHost', 'formulaWorker', 'checkpointWorker', 'gitProcess', 'gt', 'bd', 'cli'].map(
    (program) => `dist/${program}.js`,
  ),
  'dist/sql-wasm.wasm',
  'dist/package.json',
  // the only library that cannot be bundled, with the binary of this platform
  ...[
    'package.json',
    'LICENSE',
    ...[
      'index',
      'utils',
      'types',
      'terminal',
      'interfaces',
      'eventEmitter2',
      'requireBinary',
      'unixTerminal',
      'windowsTerminal',
      'windowsPtyAgent',
      'windowsConoutConnection',
      'conpty_console_list_agent',
      'worker/conoutSocketWorker',
      'shared/conout',
    ].map((module) => `${module}.js`),
  ].map((file) => `node_modules/@lydell/node-pty/${file}`),
  `${terminals}/package.json`,
  ...(process.platform === 'win32' ? ['conpty.node', 'conpty_console_list.node'] : ['pty.node']).map(
    (file) => `${terminals}/${file}`,
  ),
  ...(process.platform === 'darwin' ? [`${terminals}/spawn-helper`] : []),
];

interface PackagedManifest {
  main: string;
  bin: Record<string, string>;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  activationEvents: string[];
}

describe('the package', () => {
  const file = newestVsix();
  const entries = unzipSync(readFileSync(file));
  const files = new Map(
    Object.entries(entries)
      .filter(([name]) => name.startsWith('extension/'))
      .map(([name, bytes]) => [name.slice('extension/'.length), bytes]),
  );
  const text = (name: string): string => strFromU8(files.get(name) ?? assert.fail(`${name} is not in the package`));
  const manifest = JSON.parse(text('package.json')) as PackagedManifest;

  it('contains exactly the expected files', () => {
    // Chunks of the command lines are named by the hash of their content.
    const isPart = (name: string): boolean => /^dist\/cli-[A-Z0-9]{8}\.js$/.test(name);
    assert.deepEqual([...files.keys()].filter((name) => !isPart(name)).sort(), [...allowed].sort());
    const parts = new Set(
      [...files.keys()].flatMap((name) =>
        /^dist\/cli/.test(name)
          ? [...text(name).matchAll(/["'`]\.\/(cli-[A-Z0-9]{8}\.js)["'`]/g)].map(([, part]) => `dist/${part}`)
          : [],
      ),
    );
    assert.deepEqual(
      [...files.keys()].filter((name) => isPart(name) && !parts.has(name)),
      [],
      'chunks that no program loads',
    );
    assert.deepEqual(
      Object.keys(entries)
        .filter((name) => !name.startsWith('extension/'))
        .sort(),
      ['[Content_Types].xml', 'extension.vsixmanifest'],
    );
  });

  it('is for this platform, and below 5 MB', () => {
    assert.match(
      strFromU8(entries['extension.vsixmanifest'] ?? new Uint8Array()),
      new RegExp(`TargetPlatform="${platform}"`),
    );
    const { size } = statSync(file);
    assert.ok(size < 5_000_000, `${size} bytes`);
    console.log(`      ${(size / 1e6).toFixed(2)} MB, ${files.size} files`);
  });

  it('contains every file that the manifest and the programs refer to', () => {
    const named = [manifest.main, ...Object.values(manifest.bin)].map((name) => name.replace(/^\.\//, ''));
    const programs = [...files.keys()].filter((name) => /^dist\/\w+\.js$/.test(name));
    for (const program of programs) {
      // Programs find each other in their own folder.
      for (const [, other, asset] of text(program).matchAll(
        /__dirname,\s*["'`]([\w-]+\.js)["'`]|["'`]([\w-]+\.wasm|\w+(?:Worker|Process)\.js)["'`]/g,
      ))
        named.push(`dist/${other ?? asset}`);
    }
    assert.ok(
      [
        'server.js',
        'sessionHost.js',
        'sql-wasm.wasm',
        'formulaWorker.js',
        'checkpointWorker.js',
        'gitProcess.js',
      ].every((one) => named.includes(`dist/${one}`)),
      named.join(', '),
    );
    assert.deepEqual(
      [...new Set(named)].filter((name) => !files.has(name)),
      [],
    );
  });

  it('contains no source maps, sources or paths of the build machine', () => {
    for (const name of [...files.keys()].filter((one) => one.startsWith('dist/') && one.endsWith('.js'))) {
      assert.doesNotMatch(text(name), /[#@] sourceMappingURL=/, name);
      assert.ok(!text(name).includes(process.cwd()), `${name} names ${process.cwd()}`);
    }
  });

  it('runs no install script, and requires only modules that it contains', () => {
    assert.deepEqual(
      Object.keys(manifest.scripts).filter((name) => /^(vscode:|(pre|post)?install$)/.test(name)),
      [],
    );
    const outside = new Set<string>();
    for (const program of [...files.keys()].filter((name) => /^dist\/[\w-]+\.js$/.test(name))) {
      for (const [, module] of text(program).matchAll(/\b(?:require|import)\(["']([^"'.][^"']*)["']\)/g))
        outside.add(module ?? '');
    }
    const others = [...outside].filter((module) => !isBuiltin(module));
    assert.deepEqual(others.sort(), ['@lydell/node-pty', 'vscode']);
    assert.ok(manifest.dependencies['@lydell/node-pty']);
  });
});
