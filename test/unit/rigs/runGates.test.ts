import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { AbortedError, currentSignal, runAbortable } from '../../../server/src/base/abort';
import type { GateInfo } from '../../../server/src/protocol/town';
import { FlakyGates } from '../../../server/src/rigs/flakyGates';
import { stagesOf } from '../../../server/src/rigs/gatePlan';
import { GateResults } from '../../../server/src/rigs/gateResults';
import { FIRST_WINDOW, MergeWindowRecord } from '../../../server/src/rigs/mergeWindow';
import { runGates, type GateEnd, type GateRun } from '../../../server/src/rigs/runGates';
import { tempDir } from '../../helpers/temp';

const gatesOf = (...names: string[]): GateInfo[] =>
  names.map((name) => ({ name, command: `run ${name}`, timeoutSeconds: 1 }));
const all = gatesOf('setup', 'typecheck', 'lint', 'build', 'test');
const passed: GateEnd = { passed: true, isFinal: true };
const failed: GateEnd = { passed: false, problem: 'failed', output: 'no', isFinal: true };

describe('running gates', () => {
  let calls: string[];
  let results: GateResults;
  let ends: Record<string, (gate: GateInfo) => GateEnd | Promise<GateEnd>>;
  let changes: string[];
  const run = (gates: readonly GateInfo[], options: Partial<GateRun> & { parallel?: boolean; tree?: string } = {}) =>
    runGates(options.tree ?? 'tree', gates, options, {
      parallel: options.parallel ?? false,
      onGate: () => undefined,
      world: {
        results,
        checkOut: async () => void calls.push('checkout'),
        run: async (gate) => {
          calls.push(gate.name);
          return (await ends[gate.name]?.(gate)) ?? passed;
        },
        changes: async () => changes.shift() ?? '',
        recordFlaky: (gate, problem) => calls.push(`flaky ${gate}: ${problem}`),
      },
    });

  beforeEach(() => {
    calls = [];
    results = new GateResults();
    ends = {};
    changes = [];
  });

  it('stops at the first that fails, and knows the results the next time', async () => {
    ends.lint = () => failed;
    assert.deepEqual(await run(all), {
      passed: false,
      gate: 'lint',
      problem: 'failed',
      output: 'no',
      passedBefore: false,
    });
    assert.deepEqual(calls, ['checkout', 'setup', 'typecheck', 'lint']);
    calls.length = 0;
    assert.equal((await run(all)).passed, false);
    assert.deepEqual(calls, []);
    assert.deepEqual(await run(gatesOf('typecheck')), { passed: true }, 'it needs nothing else');
  });

  it('runs one gate alone with what makes the files that it uses', async () => {
    await run(all, { only: 'test' });
    assert.deepEqual(calls, ['checkout', 'setup', 'build', 'test']);
    calls.length = 0;
    await run(all);
    assert.deepEqual(calls, ['checkout', 'setup', 'typecheck', 'lint'], 'what is not known, and what that needs');
  });

  it('runs all where there is no gate of that name any more', async () => {
    await run(gatesOf('lint'), { only: 'test' });
    assert.deepEqual(calls, ['checkout', 'lint']);
  });

  it('runs a gate again where what it needs has changed', async () => {
    await run(gatesOf('build', 'test'));
    calls.length = 0;
    await run([{ ...all[3]!, command: 'another' }, all[4]!]);
    assert.deepEqual(calls, ['checkout', 'build', 'test']);
  });

  it('says whether a gate that fails has passed on other files', async () => {
    await run(gatesOf('test'), { tree: 'other' });
    ends.test = () => failed;
    const result = await run(gatesOf('test'));
    assert.equal(!result.passed && result.passedBefore, true);
    const known = await run(gatesOf('test'));
    assert.equal(!known.passed && known.passedBefore, true);
  });

  it('repeats a failure: it is confirmed, or the gate is flaky', async () => {
    ends.test = () => failed;
    await run(gatesOf('test'));
    const again = await run(gatesOf('test'), { only: 'test', confirms: 'failed' });
    assert.equal(!again.passed && again.confirmed, true);
    const known = await run(gatesOf('test'));
    assert.equal(!known.passed && known.confirmed, true);
    delete ends.test;
    calls.length = 0;
    assert.deepEqual(await run(gatesOf('test'), { only: 'test', confirms: 'failed' }), { passed: true });
    assert.deepEqual(calls, ['checkout', 'test', 'flaky test: failed']);
    assert.deepEqual(await run(gatesOf('test')), { passed: true });
  });

  it('keeps no result that says nothing of the files', async () => {
    ends.test = () => ({ ...failed, isFinal: false });
    await run(gatesOf('test'));
    await run(gatesOf('test'));
    assert.deepEqual(calls, ['checkout', 'test', 'checkout', 'test']);
  });

  it('runs at the same time what does not need one another', async () => {
    const names = (gates: GateInfo[][]): string[][] => gates.map((stage) => stage.map(({ name }) => name));
    assert.deepEqual(names(stagesOf(all, true)), [['setup'], ['typecheck', 'lint', 'build'], ['test']]);
    assert.deepEqual(names(stagesOf(gatesOf('lint', 'test'), true)), [['lint', 'test']]);
    assert.deepEqual(names(stagesOf(gatesOf('lint', 'test'), false)), [['lint'], ['test']]);
    let running = 0;
    const together = new Promise<void>((resolve) => {
      for (const name of ['typecheck', 'lint', 'build'])
        ends[name] = async () => {
          running += 1;
          if (running === 3) resolve();
          await together;
          return passed;
        };
    });
    assert.deepEqual(await run(all, { parallel: true }), { passed: true });
    assert.deepEqual(await run(all, { parallel: true }), { passed: true });
    assert.deepEqual(calls, ['checkout', 'setup', 'typecheck', 'lint', 'build', 'test']);
  });

  it('ends the others when one of them fails', async () => {
    const endedEarly: string[] = [];
    const hang = (gate: GateInfo): Promise<GateEnd> =>
      new Promise((_, reject) =>
        currentSignal()?.addEventListener('abort', () => {
          endedEarly.push(gate.name);
          reject(new AbortedError());
        }),
      );
    Object.assign(ends, { typecheck: hang, lint: () => failed, build: hang });
    const result = await run(all, { parallel: true });
    assert.equal(!result.passed && result.gate, 'lint');
    assert.deepEqual(endedEarly, ['typecheck', 'build']);
    assert.equal(results.get({ tree: 'tree', gate: all[1]!, needs: [all[0]!] }), undefined, 'it has no outcome');
  });

  it('has no outcome where the server stops, or a gate cannot be run', async () => {
    const stop = new AbortController();
    ends.lint = () =>
      new Promise((_, reject) => currentSignal()!.addEventListener('abort', () => reject(new AbortedError())));
    ends.test = () => {
      stop.abort();
      return passed;
    };
    await assert.rejects(
      runAbortable(stop.signal, () => run(gatesOf('lint', 'test'), { parallel: true })),
      AbortedError,
    );
    ends = { lint: () => Promise.reject(new Error('no memory')) };
    await assert.rejects(run(gatesOf('lint', 'test'), { parallel: true }), /no memory/);
  });

  it('finds out which of several changed the tree', async () => {
    changes = ['a.txt', '', 'a.txt'];
    const result = await run(gatesOf('lint', 'test'), { parallel: true });
    assert.match(result.passed ? '' : `${result.gate} ${result.problem}`, /^test changed the tree .*\(a\.txt\)/);
    assert.deepEqual(calls, ['checkout', 'lint', 'test', 'checkout', 'lint', 'test']);
  });
});

describe('what a rig keeps of its gates', () => {
  const test = gatesOf('test')[0]!;
  const tested = { tree: 't', gate: test, needs: [] };

  it('survives a restart, and is started anew where it cannot be read', () => {
    const folder = tempDir('kept');
    const [results, window, flaky] = ['results', 'window', 'flaky'].map((name) => path.join(folder, `${name}.json`));
    new GateResults(results).set(tested, { passed: true });
    assert.deepEqual(new GateResults(results).get(tested), { passed: true });
    assert.equal(new GateResults(results).hasPassed(tested), true);
    new MergeWindowRecord(window!).write({ size: 7, failed: true });
    assert.deepEqual(new MergeWindowRecord(window!).read(), { size: 7, failed: true });
    const entry = { gate: 'test', at: '2026-01-01T00:00:00Z', commit: 'c', mergeRequest: 'm', problem: 'failed' };
    for (let count = 0; count < 201; count += 1) new FlakyGates(flaky!).record({ ...entry, commit: String(count) });
    assert.deepEqual(new FlakyGates(flaky!).list().slice(0, 1), [{ ...entry, commit: '1' }]);
    for (const file of [results!, window!, flaky!]) fs.writeFileSync(file, '{');
    assert.equal(new GateResults(results).get(tested), undefined);
    assert.deepEqual(new MergeWindowRecord(window!).read(), FIRST_WINDOW);
    assert.deepEqual(new FlakyGates(flaky!).list(), []);
  });

  it('is the latest thousand results', () => {
    const results = new GateResults();
    for (let count = 0; count <= 1_000; count += 1) results.set({ ...tested, tree: String(count) }, { passed: true });
    assert.equal(results.get({ ...tested, tree: '0' }), undefined);
    assert.deepEqual(results.get({ ...tested, tree: '1000' }), { passed: true });
  });
});
