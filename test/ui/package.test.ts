import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { strFromU8, unzipSync } from 'fflate';
import { newestVsix } from './vsix';

const platform = `${process.platform}-${process.arch}`;
const terminals = `node_modules/@lydell/node-pty-${platform}`;

/** Everything that is in the package, and why it is there. */
const allowed = [
  // what VS Code and its shop read
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
  ...['extension', 'server', 'sessionHost', 'formulaWorker', 'checkpointWorker', 'gt', 'bd', 'cli'].map(
    (program) => `dist/${program}.js`,
  ),
  'dist/sql-wasm.wasm',
  'dist/package.json',
  // the one library that cannot be bundled, with the binary of this platform alone
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

  it('holds exactly what is meant to be in it', () => {
    // Parts of the command lines that few commands need are named after what is in them.
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
      'nobody asks for them',
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

  it('has every file that the manifest and the programs name', () => {
    const named = [manifest.main, ...Object.values(manifest.bin)].map((name) => name.replace(/^\.\//, ''));
    const programs = [...files.keys()].filter((name) => /^dist\/\w+\.js$/.test(name));
    for (const program of programs) {
      // Programs find each other beside themselves.
      for (const [, other, asset] of text(program).matchAll(
        /__dirname,\s*["'`]([\w-]+\.js)["'`]|["'`]([\w-]+\.wasm|\w+Worker\.js)["'`]/g,
      ))
        named.push(`dist/${other ?? asset}`);
    }
    assert.ok(
      ['server.js', 'sessionHost.js', 'sql-wasm.wasm', 'formulaWorker.js', 'checkpointWorker.js'].every((one) =>
        named.includes(`dist/${one}`),
      ),
      named.join(', '),
    );
    assert.deepEqual(
      [...new Set(named)].filter((name) => !files.has(name)),
      [],
    );
  });

  it('leads to no source map, no source and no folder of whoever built it', () => {
    for (const name of [...files.keys()].filter((one) => one.startsWith('dist/') && one.endsWith('.js'))) {
      assert.doesNotMatch(text(name), /[#@] sourceMappingURL=/, name);
      assert.ok(!text(name).includes(process.cwd()), `${name} names ${process.cwd()}`);
    }
  });

  it('runs no script at its installation, and needs nothing that is not in it', () => {
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
