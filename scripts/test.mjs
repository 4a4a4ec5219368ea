// Runs the test lanes in order and sums them up: `npm test`, or `npm test -- unit e2e` for some of them.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { endOnInterrupt, runLimited, verdict } from './lanes.mjs';

const soak = process.argv.includes('--soak');
/** A lane that hangs must not hang everything. The long tests take longer. */
const limitMs = Number(process.env.GASTOWN_LANE_MINUTES || (soak ? 120 : 40)) * 60_000;
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

/**
 * Stages one after the other, from fast to slow; the tracks of a stage side by side, because most lanes wait more than they
 * compute. `mocha` lanes are folders under test/; the others are commands.
 */
const stages = [
  [
    [
      { name: 'typecheck', command: ['npx', 'tsc', '--noEmit', '-p', '.'] },
      { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
    ],
  ],
  [
    [
      { name: 'unit', mocha: 'unit' },
      { name: 'ledger', mocha: 'ledger' },
      { name: 'conformance', mocha: 'conformance' },
      { name: 'simulation', mocha: 'simulation' },
      { name: 'protocol', mocha: 'protocol' },
    ],
    [{ name: 'e2e', mocha: 'e2e' }],
  ],
  [
    [
      // Builds the bundles anew, so that nothing may run from them meanwhile.
      { name: 'package', command: ['npm', 'run', '--silent', 'package'] },
      { name: 'extension', harness: true },
      { name: 'ui', mocha: 'ui' },
      // The agents' own programs, more than 1 GB of them: only by name (npm run test:runtimes).
      { name: 'runtimes', mocha: 'runtimes', byName: true },
    ],
  ],
];
const lanes = stages.flat(2);

const unknown = wanted.find((name) => !lanes.some((lane) => lane.name === name));
if (unknown) {
  console.error(`There is no lane "${unknown}". Lanes: ${lanes.map((lane) => lane.name).join(', ')}`);
  process.exit(2);
}

const scratch = mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'));
const env = {
  ...process.env,
  GASTOWN_SOAK: soak ? '1' : '',
  // Nothing of a test may reach the person's own towns.
  XDG_CONFIG_HOME: path.join(scratch, 'config'),
  XDG_CACHE_HOME: path.join(scratch, 'cache'),
  BEADS_NO_DAEMON: '1',
};
const totals = { passes: 0, failures: 0, pending: 0 };
/** What failed, for the end of the output: that is what remains of a long log. */
const failed = [];

function add(lane, result, print) {
  totals.passes += result.passes;
  totals.failures += result.failures;
  totals.pending += result.pending ?? 0;
  for (const test of result.failed ?? []) failed.push({ lane, ...test });
  if (result.failures > 0 && !result.failed?.length)
    failed.push({ lane, title: result.problem ?? 'see its output above' });
  print(
    `── ${lane}: ${result.passes} passed, ${result.failures} failed${result.pending ? `, ${result.pending} skipped` : ''} (${result.seconds} s)\n`,
  );
}

async function runMocha(lane, print) {
  const totalsFile = path.join(scratch, `${lane.name}.jsonl`);
  const folder = path.join('out', 'test', lane.mocha);
  if (!existsSync(folder)) return verdict(lane.name, { passes: 0, failures: 0 }, { status: 0 });
  const ended = await runLimited(
    'npx',
    ['mocha', '--reporter', 'scripts/reporter.cjs', '--exit', `${folder}/**/*.test.js`],
    { env: { ...env, GASTOWN_TOTALS: totalsFile }, limitMs, print },
  );
  const totals = existsSync(totalsFile)
    ? JSON.parse(readFileSync(totalsFile, 'utf8').trim().split('\n').at(-1))
    : undefined;
  return verdict(lane.name, totals, { ...ended, limitMs });
}

async function runHarness(lane, print) {
  const ended = await runLimited(process.execPath, ['out/test/harness/main.js'], { env, limitMs, print });
  const [, passes, failures, pending] =
    /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/.exec(ended.output.trim()) ?? [];
  const totals =
    passes === undefined
      ? undefined
      : { passes: Number(passes), failures: Number(failures), pending: Number(pending ?? 0) };
  const report = /^ +\d+ failing$[\s\S]*/m.exec(ended.output)?.[0].slice(0, 3000);
  const failed = report === undefined ? [] : [{ title: 'inside VS Code', error: report }];
  return { ...verdict(lane.name, totals, { ...ended, limitMs }), failed };
}

async function runCommand(lane, print) {
  const ended = await runLimited(lane.command[0], lane.command.slice(1), { env, limitMs, print });
  return verdict(lane.name, ended.status === 0 ? { passes: 1, failures: 0 } : { passes: 0, failures: 1 }, {
    ...ended,
    limitMs,
  });
}

async function runLane(lane, print) {
  print(`\n── ${lane.name}\n`);
  const begun = Date.now();
  const run = lane.mocha ? runMocha : lane.harness ? runHarness : runCommand;
  const result = await run(lane, print);
  if (result.problem) print(`${result.problem}\n`);
  add(lane.name, { ...result, seconds: ((Date.now() - begun) / 1000).toFixed(1) }, print);
}

/** @param isFirst the other tracks of a stage print what they have to say at their end, so that outputs do not mix */
async function runTrack(track, isFirst) {
  let held = '';
  for (const lane of track) await runLane(lane, isFirst ? write : (text) => (held += text));
  write(held);
}

function write(text) {
  process.stdout.write(text);
}

endOnInterrupt();
const building = await runLimited(process.execPath, ['esbuild.mjs', '--clean', '--tests'], {
  env,
  limitMs,
  print: write,
});
if (building.status !== 0) process.exit(building.status);
const isWanted = (lane) => (wanted.length > 0 ? wanted.includes(lane.name) : !lane.byName);
for (const stage of stages) {
  const tracks = stage.map((track) => track.filter(isWanted)).filter((track) => track.length > 0);
  await Promise.all(tracks.map((track, index) => runTrack(track, index === 0)));
}
rmSync(scratch, { recursive: true, force: true });
for (const { lane, title, error } of failed) console.log(`\nFailed in ${lane}: ${title}${error ? `\n${error}` : ''}`);
console.log(
  `\n${totals.passes} passed, ${totals.failures} failed${totals.pending ? `, ${totals.pending} skipped` : ''}`,
);
process.exit(totals.failures > 0 || totals.passes === 0 ? 1 : 0);
