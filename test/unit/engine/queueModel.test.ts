import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Change } from './queueModel/change';
import { QueueRun, type Happening, type Interruption } from './queueModel/queue';
import type { Settings } from './queueModel/world';

/** The same for every commit; the soak looks for new ones. */
const isSoak = process.env.GASTOWN_SOAK === '1';
const SEED = process.env.GASTOWN_SEED === undefined ? undefined : Number(process.env.GASTOWN_SEED);
const RUNS = isSoak ? 5_000 : 60;

const settingsArb: fc.Arbitrary<Partial<Settings>> = fc.oneof(
  fc.record({ mode: fc.constantFrom('batch' as const, 'each' as const) }),
  fc.record({ maxBatch: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ gateRuns: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ strategy: fc.constantFrom('squash' as const, 'rebase' as const, 'merge' as const) }),
);

const happeningArb: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 60, arbitrary: fc.record({ kind: fc.constant('step' as const), which: fc.nat(7) }) },
  { weight: 10, arbitrary: fc.constant({ kind: 'submit' as const }) },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('verdict' as const),
      which: fc.nat(7),
      approves: fc.nat(7).map((chance) => chance > 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('push' as const), red: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'repair' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      which: fc.nat(7),
      after: fc.integer({ min: 0, max: 12 }),
      powerCut: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('first' as const), which: fc.nat(7) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settings' as const), settings: settingsArb }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 90_000 }) }) },
);

interface Draft {
  parts: number;
  lane?: string | undefined;
  fault?: { gate: string; from: number; to: number } | undefined;
  meets: { how: 'conflicts' | 'clashes' | 'neighbours'; other: number }[];
}

const draftArb: fc.Arbitrary<Draft> = fc.record({
  parts: fc.integer({ min: 1, max: 3 }),
  lane: fc.option(fc.constantFrom('a', 'b'), { nil: undefined, freq: 3 }),
  fault: fc.option(
    fc.record({
      gate: fc.constantFrom('lint', 'test'),
      from: fc.integer({ min: 1, max: 3 }),
      to: fc.integer({ min: 1, max: 3 }),
    }),
    { nil: undefined, freq: 4 },
  ),
  meets: fc.array(
    fc.record({
      how: fc.constantFrom('conflicts' as const, 'clashes' as const, 'neighbours' as const),
      other: fc.nat(5),
    }),
    { maxLength: 2 },
  ),
});

function changesOf(drafts: readonly Draft[]): Change[] {
  return drafts.map(({ parts, lane, fault, meets }, index) => {
    // Changes of different parts have nothing to do with each other.
    const isElsewhere = (other: number): boolean =>
      lane !== undefined && drafts[other]?.lane !== undefined && drafts[other].lane !== lane;
    const others = (how: Draft['meets'][number]['how']): string[] =>
      meets
        .filter((meet) => meet.how === how && meet.other !== index && !isElsewhere(meet.other))
        .map(({ other }) => `toy-${other}`);
    return {
      ...{ name: `toy-${index}/1`, bead: `toy-${index}`, parts, lane, fault, knew: new Set() },
      ...{ conflicts: others('conflicts'), clashes: others('clashes'), neighbours: others('neighbours') },
    };
  });
}

/** What gets in the way of a queue at each moment. */
const INTERRUPTIONS: readonly Happening[] = [
  { kind: 'kill', which: 0, after: 4 },
  { kind: 'kill', which: 0, after: 12, powerCut: true },
  { kind: 'push', red: false },
  { kind: 'push', red: true },
  { kind: 'first', which: 2 },
  { kind: 'verdict', which: 0, approves: false },
  { kind: 'settings', settings: { mode: 'each', strategy: 'rebase' } },
  { kind: 'settings', settings: { maxBatch: 1, gateRuns: 1, strategy: 'merge' } },
];

/** One that is sound, one that fails a gate, two that do not go together. */
const FEW: readonly Draft[] = [
  { parts: 2, meets: [] },
  { parts: 1, fault: { gate: 'test', from: 1, to: 1 }, meets: [] },
  { parts: 1, meets: [{ how: 'neighbours', other: 0 }] },
  { parts: 2, meets: [{ how: 'clashes', other: 2 }] },
];

/** Some of each part, one of which fails, and one of both in between. */
const IN_LANES: readonly Draft[] = [
  { parts: 1, lane: 'a', meets: [] },
  { parts: 1, lane: 'b', meets: [] },
  { parts: 1, lane: 'b', fault: { gate: 'test', from: 1, to: 1 }, meets: [] },
  { parts: 1, meets: [] },
  { parts: 2, lane: 'a', meets: [{ how: 'neighbours', other: 0 }] },
  { parts: 1, lane: 'b', meets: [] },
];

/** The soak tries all pairs of them. */
function interruptionsAt(at: number): Interruption[][] {
  const one = isSoak ? INTERRUPTIONS : [INTERRUPTIONS[0]!, INTERRUPTIONS[1 + (at % (INTERRUPTIONS.length - 1))]!];
  return one.flatMap((happening) =>
    (isSoak ? INTERRUPTIONS : [undefined]).map((next) => [
      { at, happening },
      ...(next ? [{ at: at + 3, happening: next }] : []),
    ]),
  );
}

describe('the merge queue beside a simple model of it', function () {
  this.timeout(isSoak ? 0 : 1_800_000);

  it('does nothing that the model could not have done, whatever happens in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(draftArb, { minLength: 1, maxLength: 6 }),
        fc.array(happeningArb, { maxLength: 120, size: 'max' }),
        fc.nat(),
        settingsArb,
        fc.boolean(),
        fc.boolean(),
        async (drafts, happenings, seed, settings, hasLanes, approvesTogether) => {
          const lanes = hasLanes ? { hasLanes, gateRuns: 3 } : {};
          const options = { seed, settings: { ...lanes, ...settings }, approvesTogether };
          await QueueRun.play(changesOf(drafts), happenings, options);
        },
      ),
      { numRuns: RUNS, ...(isSoak && SEED === undefined ? {} : { seed: SEED ?? 7_301 }) },
    );
  });

  for (const { name, drafts, settings, approvesTogether = false } of [
    { name: '1 gate run', drafts: FEW, settings: { gateRuns: 1 } },
    { name: '3 gate runs', drafts: FEW, settings: { gateRuns: 3 } },
    { name: 'lanes', drafts: IN_LANES, settings: { gateRuns: 3, hasLanes: true }, approvesTogether: true },
  ])
    it(`does so whenever one thing gets in its way (${name})`, async () => {
      const all: Happening[] = drafts.map(() => ({ kind: 'submit' }));
      const { steps } = await QueueRun.play(changesOf(drafts), all, { seed: 1, settings, approvesTogether });
      assert.ok(steps > 30, `${steps} steps`);
      for (let at = 0; at < steps; at += 1)
        for (const interruptions of interruptionsAt(at)) {
          try {
            await QueueRun.play(changesOf(drafts), all, { seed: 1, settings, interruptions, approvesTogether });
          } catch (error) {
            throw new Error(`after ${JSON.stringify(interruptions)}: ${String(error)}`, { cause: error });
          }
        }
    });
});
