import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  batchSize,
  SINGLE_REQUESTS,
  windowAfterFailure,
  windowAfterSuccess,
} from '../../../server/src/engine/mergeQueue/batchSize';
import { findCulprit } from '../../../server/src/engine/mergeQueue/findCulprit';
import { testChain } from '../../../server/src/engine/mergeQueue/testChain';
import type { Verdict } from '../../../server/src/engine/mergeQueue/verdict';
import type { GateInfo, MergeMode } from '../../../server/src/protocol/town';
import { GateResults } from '../../../server/src/rigs/gateResults';
import { FIRST_WINDOW } from '../../../server/src/rigs/mergeWindow';
import { runGates } from '../../../server/src/rigs/runGates';

const gates: GateInfo[] = ['lint', 'test'].map((name) => ({ name, command: name, timeoutSeconds: 1 }));

interface Change {
  id: number;
  /** The gate that it breaks. */
  breaks?: string;
}

/** Gates of a repository that is nothing but the changes in it. */
class FakeGates {
  readonly results = new GateResults();
  /** `tree gate`, each time that one ran; those that repeat a failure are marked. */
  readonly runs: string[] = [];
  readonly flakyFound: string[] = [];
  /** Gate runs by which a culprit was looked for. */
  rounds = 0;

  /** @param flaky whether a gate that would pass fails this time */
  constructor(private readonly flaky: () => boolean = () => false) {}

  verdict(
    target: readonly Change[],
    chain: readonly Change[],
    options: { mode?: MergeMode; retries?: number; width?: number; leavesSearch?: boolean } = {},
  ): Promise<Verdict> {
    return testChain(
      chain.length,
      async (length, run = {}) => {
        const files = [...target, ...chain.slice(0, length)];
        const tree = files.map(({ id }) => id).join(' ');
        if (run.only !== undefined && run.confirms === undefined && length > 0) this.rounds += 1;
        return runGates(tree, gates, run, {
          parallel: false,
          onGate: () => undefined,
          world: {
            results: this.results,
            checkOut: async () => undefined,
            run: async ({ name }) => {
              this.runs.push(`${tree} ${name}${run.confirms === undefined ? '' : ' again'}`);
              const fails = files.some(({ breaks }) => breaks === name);
              return fails || (run.confirms === undefined && this.flaky())
                ? { passed: false, problem: 'failed', output: '', isFinal: true }
                : { passed: true, isFinal: true };
            },
            changes: async () => '',
            recordFlaky: (gate) => this.flakyFound.push(gate),
          },
        });
      },
      { ...options, mode: options.mode ?? 'batch', retries: options.retries ?? 1 },
    );
  }
}

const changesOf = (...breaks: (string | undefined)[]): Change[] => breaks.map((gate, id) => ({ id, breaks: gate }));

describe('the gates of a chain', () => {
  it('run once where they pass', async () => {
    const world = new FakeGates();
    assert.deepEqual(await world.verdict([], changesOf(undefined, undefined, undefined)), {
      good: 3,
      culprit: undefined,
    });
    assert.deepEqual(world.runs, ['0 1 2 lint', '0 1 2 test']);
  });

  it('name the culprit by halving, with the gate that failed alone; what is before it has passed all', async () => {
    const world = new FakeGates();
    const chain = changesOf(undefined, undefined, undefined, undefined, 'test', undefined, undefined, undefined);
    const { good, culprit } = await world.verdict([], chain);
    assert.deepEqual([good, culprit?.link, culprit?.failure.gate], [4, 5, 'test']);
    assert.deepEqual(world.runs, [
      '0 1 2 3 4 5 6 7 lint',
      '0 1 2 3 4 5 6 7 test',
      '0 1 2 3 test',
      '0 1 2 3 4 5 test',
      '0 1 2 3 4 test',
      '0 1 2 3 4 test again',
      '0 1 2 3 lint',
    ]);
  });

  it('blame the first change only where the target passes', async () => {
    const world = new FakeGates();
    await world.verdict([], changesOf(undefined));
    const broken = { id: 9, breaks: 'test' };
    const red = await world.verdict([broken], changesOf(undefined, undefined, undefined));
    assert.deepEqual([red.good, red.culprit, red.targetFailure?.gate], [0, undefined, 'test']);
    const before = world.runs.length;
    assert.equal((await world.verdict([broken], changesOf(undefined))).targetFailure?.gate, 'test');
    assert.deepEqual(world.runs.slice(before), [], 'all of it was known and confirmed');
    const own = await world.verdict([], [{ id: 7, breaks: 'test' }, { id: 8 }]);
    assert.deepEqual([own.good, own.culprit?.link, own.targetFailure], [0, 1, undefined]);
  });

  it('blame the work where the gate has never passed: it is to make it pass', async () => {
    const world = new FakeGates();
    const { culprit, targetFailure } = await world.verdict([{ id: 9, breaks: 'lint' }], changesOf(undefined));
    assert.deepEqual([culprit?.link, targetFailure], [1, undefined]);
    assert.deepEqual(world.runs, ['9 0 lint', '9 0 lint again']);
  });

  it('test every commit by itself where that is wanted', async () => {
    const world = new FakeGates();
    const { good, culprit } = await world.verdict([], changesOf(undefined, undefined, 'lint', undefined), {
      mode: 'each',
    });
    assert.deepEqual([good, culprit?.link], [2, 3]);
    assert.deepEqual(world.runs, ['0 lint', '0 test', '0 1 lint', '0 1 test', '0 1 2 lint', '0 1 2 lint again']);
  });

  it('that pass at the second try are written down, and blamed on nobody', async () => {
    let runs = 0;
    const world = new FakeGates(() => ++runs === 2);
    assert.deepEqual(await world.verdict([], changesOf(undefined)), { good: 1, culprit: undefined });
    assert.deepEqual(world.runs, ['0 lint', '0 test', '0 test again']);
    assert.deepEqual(world.flakyFound, ['test']);
  });

  it('find in the end exactly the changes that break something, whatever the window and whichever runs are flaky', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(undefined, undefined, undefined, undefined, 'lint', 'test'), {
          minLength: 1,
          maxLength: 24,
        }),
        fc.integer({ min: 1, max: 16 }),
        fc.constantFrom<MergeMode>('batch', 'each'),
        fc.infiniteStream(fc.integer({ min: 0, max: 19 })),
        fc.boolean(),
        fc.integer({ min: 1, max: 5 }),
        async (breaks, max, mode, numbers, isFlaky, width) => {
          const world = new FakeGates(() => isFlaky && numbers.next().value === 0);
          let waiting = changesOf(...breaks);
          const [target, rejected]: [Change[], Change[]] = [[], []];
          let window = FIRST_WINDOW;
          while (waiting.length > 0) {
            const size = batchSize(window, waiting.length, max);
            const chain = waiting.slice(0, size);
            world.rounds = 0;
            const { good, culprit, targetFailure } = await world.verdict(target, chain, { mode, width });
            assert.equal(targetFailure, undefined);
            // One search for each gate that the culprits break.
            if (!isFlaky && width === 1)
              assert.ok(world.rounds <= gates.length * Math.ceil(Math.log2(size)), `${world.rounds} rounds`);
            target.push(...chain.slice(0, good));
            if (culprit) rejected.push(chain[culprit.link - 1]!);
            waiting = waiting.filter((change) => !target.includes(change) && !rejected.includes(change));
            window = culprit ? windowAfterFailure(window, size) : windowAfterSuccess(window, size, max);
            assert.ok(
              target.every((change) => change.breaks === undefined),
              'the target is never red',
            );
          }
          assert.deepEqual(
            rejected,
            changesOf(...breaks).filter((change) => change.breaks !== undefined),
          );
          assert.equal(new Set(world.runs).size, world.runs.length, 'nothing is tested twice');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are found in fewer rounds where several prefixes are tested side by side', async () => {
    for (const [width, most] of [
      [1, 4],
      [2, 3],
      [4, 2],
      [15, 1],
    ] as const)
      for (let bad = 1; bad <= 16; bad += 1) {
        let [rounds, running] = [0, 0];
        const failure = { passed: false as const, gate: 'test', problem: 'failed', output: '' };
        const found = await findCulprit(
          16,
          failure,
          async (link, run) => {
            if (running++ === 0 && run?.confirms === undefined) rounds += 1;
            await new Promise((next) => setImmediate(next));
            running -= 1;
            return link >= bad ? failure : { passed: true };
          },
          { retries: 1, width },
        );
        assert.equal(found?.link, bad);
        assert.ok(rounds <= most, `${rounds} rounds with ${width} side by side`);
      }
  });

  it('is left to others where the queue need not wait: the batch as a whole, or the one change', async () => {
    const brief = { leavesSearch: true, width: 4 };
    const world = new FakeGates();
    const { good, culprit } = await world.verdict([], changesOf(undefined, 'test', undefined), brief);
    assert.deepEqual([good, culprit?.first, culprit?.link], [0, 1, 3]);
    assert.deepEqual(world.runs, ['0 1 2 lint', '0 1 2 test']);
    const alone = await new FakeGates().verdict([], changesOf('test'), brief);
    assert.deepEqual(
      [alone.culprit?.first, alone.culprit?.link, alone.culprit?.failure.confirmed],
      [undefined, 1, undefined],
    );
  });

  it('name one culprit within ⌈log₂ n⌉ rounds', async () => {
    for (let length = 1; length <= 33; length += 1)
      for (let bad = 0; bad < length; bad += 1) {
        const world = new FakeGates();
        const chain = changesOf(...Array.from({ length }, (_, index) => (index === bad ? 'test' : undefined)));
        assert.equal((await world.verdict([], chain)).culprit?.link, bad + 1);
        assert.ok(world.rounds <= Math.ceil(Math.log2(length)), `${world.rounds} rounds for ${bad + 1} of ${length}`);
      }
  });
});

describe('the window of a merge queue', () => {
  it('starts at 4, grows by one with each success, and is halved by a failure', () => {
    assert.equal(batchSize(FIRST_WINDOW, 5, 16), 4);
    const grown = windowAfterSuccess(windowAfterSuccess(FIRST_WINDOW, 4, 16), 5, 16);
    assert.deepEqual(grown, { size: 6, failed: false });
    assert.deepEqual(windowAfterFailure(grown, 6), { size: 3, failed: true });
    assert.deepEqual(windowAfterFailure({ size: 1, failed: true }, 1), { size: 1, failed: true });
    assert.deepEqual(windowAfterSuccess({ size: 16, failed: false }, 16, 16), { size: 16, failed: false });
  });

  it('tries half of a long queue at once, unless something failed, and never more than is allowed or waits', () => {
    assert.equal(batchSize(FIRST_WINDOW, 32, 16), 16);
    assert.equal(batchSize(FIRST_WINDOW, 20, 16), 10);
    assert.equal(batchSize({ size: 4, failed: true }, 32, 16), 4);
    assert.equal(batchSize(FIRST_WINDOW, 3, 16), 3);
    assert.equal(batchSize(FIRST_WINDOW, 32, 2), 2);
    assert.equal(batchSize(SINGLE_REQUESTS, 32, 16), 1);
    assert.equal(batchSize({ size: 1, failed: false }, 32, 16, 4), 16, 'several side by side');
    assert.equal(batchSize({ size: 9, failed: false }, 7, 16, 4), 4);
    assert.equal(batchSize(SINGLE_REQUESTS, 32, 16, 4), 1);
  });
});
