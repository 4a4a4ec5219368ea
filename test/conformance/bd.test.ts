import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { tempDir, waitUntil } from '../helpers/temp';
import { corpus, makeRunner } from './corpus';

/** One step of a scenario as the corpus records it. */
interface Step {
  scenario: string;
  step: number;
  cmd: string[];
  exit: number | string;
  skipped?: string;
}

interface Difference {
  layer: string;
  scenario: string;
  step: number;
  line: string;
  path?: string;
  want: unknown;
  got: unknown;
}

interface Deviation {
  scenario: string;
  layer: string;
  why: string;
  /** It depends on random ids, so a run may have no such difference. */
  sometimes?: true;
}

interface Compare {
  compareStep(want: Step, got: Step): Difference[];
  documented(difference: Difference, list: readonly Deviation[]): Deviation | undefined;
}

const MAX_DEVIATIONS = 250;
const RUN_MS = 600_000;
const folder = path.resolve('test/conformance');
const deviations = readJson<Deviation[]>('deviations.json');
/** Differences that are left, by their layer. Only a smaller number may be written here. */
const ratchet = readJson<Record<string, number>>('ratchet.json');

function readJson<T>(name: string): T {
  return JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as T;
}

function readSteps(file: string): Step[] {
  const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Step);
}

/** Runs all scenarios with bd in one process. @returns the answers */
async function runAll(): Promise<Step[]> {
  const directory = tempDir('conformance');
  const bin = path.join(directory, 'bin');
  fs.mkdirSync(bin);
  // Hooks of git start a process of their own.
  fs.symlinkSync(path.resolve('dist/bd.js'), path.join(bin, 'bd'));
  const output = path.join(directory, 'answers.jsonl');
  const args = [path.resolve('out/test/conformance/inProcess.js'), makeRunner(directory), output];
  const env = { ...process.env, CONFORMANCE_BD: path.join(bin, 'bd') };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'inherit'], timeout: RUN_MS });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0, 'the scenarios ran');
  return readSteps(output);
}

/** Scenarios of some 200 steps: every kind of write, files changed from outside, and settings. */
const SERVED = ['claim', 'config', 'count', 'delete', 'import-new', 'jsonl-outside', 'subdirectory', 'sync'];

/** Runs some scenarios as processes, with the server of their ledger. @returns the answers, and where the ledgers were */
async function runServed(): Promise<{ served: Step[]; directory: string }> {
  const directory = tempDir('conformance');
  const program = path.join(directory, 'bd');
  // The runner says that it wants no server.
  const script = `#!/bin/sh\nunset BD_NO_DAEMON BEADS_NO_DAEMON\nexec "${process.execPath}" "${path.resolve('dist/bd.js')}" "$@"\n`;
  fs.writeFileSync(program, script, { mode: 0o755 });
  const output = path.join(directory, 'answers.jsonl');
  const args = [path.join(corpus, 'run.mjs'), '--bd', program, '--only', SERVED.join(',')];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', fs.openSync(output, 'w'), 'inherit'],
    timeout: RUN_MS,
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0, 'the scenarios ran');
  return { served: readSteps(output), directory };
}

/** Ids are random, so that what is sorted by them comes in any order. */
function withoutOrder(step: Step): unknown {
  const { json, stdout, ...others } = step as Step & { json?: unknown; stdout?: string };
  const rows = Array.isArray(json) ? json.map((row) => JSON.stringify(row)).sort() : json;
  return { ...others, json: rows, stdout: stdout?.split('\n').sort() };
}

/** Processes that serve a ledger in this folder. */
function serversIn(folder: string): string[] {
  const processes = fs.existsSync('/proc') ? fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  return processes.filter((pid) => {
    try {
      const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words[words.indexOf('--ledger') + 1]?.startsWith(folder) ?? false;
    } catch {
      return false; // it has just ended
    }
  });
}

describe('bd beside the original', function () {
  this.timeout(RUN_MS);
  let differences: Difference[] = [];
  let answers: Map<string, Step>;
  let compare: Compare;

  before(async function () {
    if (!fs.existsSync(corpus)) {
      console.log(`      skipped: there is no ${corpus}`);
      this.skip();
    }
    compare = (await import(pathToFileURL(path.join(corpus, 'compare.mjs')).href)) as Compare;
    answers = new Map((await runAll()).map((step) => [`${step.scenario} ${step.step}`, step]));
    const wanted = readSteps(path.join(corpus, 'observed-0.49.6.jsonl')).filter((step) => !step.skipped);
    differences = wanted.flatMap((want) => {
      const got = answers.get(`${want.scenario} ${want.step}`);
      assert.ok(got && !got.skipped, `${want.scenario}:${want.step} was run`);
      return compare.compareStep(want, got);
    });
  });

  it('differs no more than it did, in any layer', () => {
    const open = differences.filter((difference) => !compare.documented(difference, deviations));
    const counts = new Map<string, number>();
    for (const { layer } of open) counts.set(layer, (counts.get(layer) ?? 0) + 1);
    const worse = [...counts].filter(([layer, count]) => count > (ratchet[layer] ?? 0));
    const shown = open
      .filter(({ layer }) => worse.some(([name]) => name === layer))
      .map((each) => `${each.layer} ${each.scenario}:${each.step} bd ${each.line} ${each.path ?? ''}`);
    assert.deepEqual(worse, [], shown.join('\n'));
    const better = Object.entries(ratchet).filter(([layer, count]) => (counts.get(layer) ?? 0) < count);
    if (better.length > 0)
      console.log(
        `      fewer now: ${better.map(([layer, count]) => `${layer} ${counts.get(layer) ?? 0} of ${count}`).join(', ')}`,
      );
  });

  it('answers the same through a server of the ledger, each step a process', async () => {
    const { served, directory } = await runServed();
    assert.ok(served.length >= 200, `${served.length} steps`);
    for (const step of served)
      assert.deepEqual(withoutOrder(step), withoutOrder(answers.get(`${step.scenario} ${step.step}`)!));
    // Each ends when its ledger is removed.
    await waitUntil('the servers have ended', () => serversIn(directory).length === 0);
  });

  it('has a reason for every deviation, and each is still one', () => {
    assert.ok(deviations.length <= MAX_DEVIATIONS, `${deviations.length} deviations`);
    for (const { why } of deviations) assert.ok(why.length > 10, why);
    const used = new Set(differences.map((difference) => compare.documented(difference, deviations)));
    assert.deepEqual(
      deviations.filter((deviation) => !deviation.sometimes && !used.has(deviation)),
      [],
    );
  });
});
