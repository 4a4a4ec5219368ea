// Runs the test lanes in order and sums them up: `npm test`, or `npm test -- unit e2e` for some of them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const soak = process.argv.includes('--soak');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

/** Lanes from fast to slow. `mocha` lanes are folders under test/; the others are commands. */
const lanes = [
  { name: 'typecheck', command: ['npx', 'tsc', '--noEmit', '-p', '.'] },
  { name: 'lint', command: ['npx', 'eslint', '.', '--max-warnings', '0'] },
  { name: 'unit', mocha: 'unit' },
  { name: 'ledger', mocha: 'ledger' },
  { name: 'simulation', mocha: 'simulation' },
  { name: 'protocol', mocha: 'protocol' },
  { name: 'e2e', mocha: 'e2e' },
  { name: 'package', command: ['npm', 'run', '--silent', 'package'] },
  { name: 'extension', harness: true },
  { name: 'ui', mocha: 'ui' },
];

const unknown = wanted.find((name) => !lanes.some((lane) => lane.name === name));
if (unknown) {
  console.error(`There is no lane "${unknown}". Lanes: ${lanes.map((lane) => lane.name).join(', ')}`);
  process.exit(2);
}

const scratch = mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'));
const totalsFile = path.join(scratch, 'totals.jsonl');
const env = {
  ...process.env, GASTOWN_TOTALS: totalsFile, GASTOWN_SOAK: soak ? '1' : '',
  // Nothing of a test may reach the person's own towns.
  XDG_CONFIG_HOME: path.join(scratch, 'config'),
};
const totals = { passes: 0, failures: 0, pending: 0 };

function run(command, args) {
  return spawnSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env, encoding: 'utf8', maxBuffer: 1 << 28 });
}

function streamed(command, args) {
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env }).status ?? 1;
}

function add(lane, result) {
  totals.passes += result.passes;
  totals.failures += result.failures;
  totals.pending += result.pending ?? 0;
  console.log(`── ${lane}: ${result.passes} passed, ${result.failures} failed${result.pending ? `, ${result.pending} skipped` : ''} (${result.seconds} s)`);
}

function runMocha(folder) {
  if (!existsSync(path.join('out', 'test', folder))) return { passes: 0, failures: 0 };
  rmSync(totalsFile, { force: true });
  const status = streamed('npx', ['mocha', '--reporter', 'scripts/reporter.cjs', '--exit', `out/test/${folder}/**/*.test.js`]);
  if (!existsSync(totalsFile)) return { passes: 0, failures: 1 };
  const result = JSON.parse(readFileSync(totalsFile, 'utf8').trim().split('\n').at(-1));
  return status !== 0 && result.failures === 0 ? { ...result, failures: 1 } : result;
}

function runHarness() {
  const result = run(process.execPath, ['out/test/harness/main.js']);
  process.stdout.write(result.stdout ?? '');
  const [, passes, failures, pending] = /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/.exec((result.stdout ?? '').trim()) ?? [];
  if (passes === undefined) return { passes: 0, failures: 1 };
  const failed = Number(failures);
  return { passes: Number(passes), failures: result.status !== 0 && failed === 0 ? 1 : failed, pending: Number(pending ?? 0) };
}

function runLane(lane) {
  console.log(`\n── ${lane.name}`);
  if (lane.mocha) return runMocha(lane.mocha);
  if (lane.harness) return runHarness();
  const status = streamed(lane.command[0], lane.command.slice(1));
  return status === 0 ? { passes: 1, failures: 0 } : { passes: 0, failures: 1 };
}

const building = streamed(process.execPath, ['esbuild.mjs', '--clean', '--tests']);
if (building !== 0) process.exit(building);
if (!readdirSync('out/test').length) process.exit(1);
for (const lane of lanes) {
  if (wanted.length > 0 && !wanted.includes(lane.name)) continue;
  const begun = Date.now();
  add(lane.name, { ...runLane(lane), seconds: ((Date.now() - begun) / 1000).toFixed(1) });
}
rmSync(scratch, { recursive: true, force: true });
console.log(`\n${totals.passes} passed, ${totals.failures} failed${totals.pending ? `, ${totals.pending} skipped` : ''}`);
process.exit(totals.failures > 0 || totals.passes === 0 ? 1 : 0);
