// Takes the pictures of README.md anew, by the tests that show the packaged extension: `npm run pictures`.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

/** The newest VS Code is what most people have. Which test writes what. */
const version = '1.139';
const tests = ['pictures', 'beads', 'review', 'formula'];
const pictures = {
  'first-look': 'first-look',
  'agent-terminal': 'agent-terminal',
  'needs-attention': 'needs-attention',
  'beads-by-epic': 'beads',
  review: 'review',
  formula: 'formula',
};
const MAX_BYTES = 200_000;

const root = path.join(import.meta.dirname, '..');
const shown = (name) => path.join(root, 'out', 'screenshots', `${name}-${version}.png`);

function run(program, ...args) {
  execFileSync(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, GASTOWN_VSCODE: 'newest' } });
}

for (const name of Object.keys(pictures)) rmSync(shown(name), { force: true });
run(process.execPath, 'scripts/package.mjs');
run(process.execPath, 'esbuild.mjs', '--clean', '--tests');
run('npx', 'mocha', '--exit', ...tests.map((test) => `out/test/ui/${test}.test.js`));
mkdirSync(path.join(root, 'media', 'readme'), { recursive: true });
for (const [name, target] of Object.entries(pictures)) {
  const { size } = statSync(shown(name));
  if (size > MAX_BYTES) throw new Error(`${shown(name)} has ${size} bytes; ${MAX_BYTES} are enough`);
  copyFileSync(shown(name), path.join(root, 'media', 'readme', `${target}.png`));
  console.log(`media/readme/${target}.png ${size}`);
}
