// Makes the .vsix of this platform, or of those that are named: `npm run package -- --target win32-x64 --target darwin-arm64`.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const root = path.join(import.meta.dirname, '..');
const here = `${process.platform}-${process.arch}`;
const { values } = parseArgs({ options: { target: { type: 'string', multiple: true, default: [here] } } });
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

function run(cwd, program, ...args) {
  execFileSync(program, args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
}

/** The programs are the same everywhere; the terminal library of another platform is installed beside a copy of them. */
function stage(target) {
  const folder = path.join(root, 'out', 'package', target);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = [
    'package.json',
    'package-lock.json',
    'package.nls.json',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    '.vscodeignore',
    'dist',
    'media',
    'syntaxes',
  ];
  for (const file of files) cpSync(path.join(root, file), path.join(folder, file), { recursive: true });
  const [os, cpu] = target.split('-');
  run(folder, 'npm', 'ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', `--os=${os}`, `--cpu=${cpu}`);
  return folder;
}

run(root, process.execPath, 'esbuild.mjs', '--minify');
for (const target of values.target) {
  const file = path.join(root, `${manifest.name}-${target}-${manifest.version}.vsix`);
  const vsce = path.join(root, 'node_modules', '@vscode', 'vsce', 'vsce');
  run(target === here ? root : stage(target), process.execPath, vsce, 'package', '--target', target, '--out', file);
}
