import assert from 'node:assert/strict';
import { replayQueue } from '../../helpers/queueReplay';

/** The same for every commit; `npm run bench -- queue` replays more of them. */
const SEEDS = [1, 2, 3];

describe('a replay of the merge queue', function () {
  this.timeout(300_000);

  for (const seed of SEEDS)
    it(`lands all of a mixed lot, never red, and blames nobody who is innocent (seed ${seed})`, async () => {
      const mix = { conflicting: 0.28, broken: 0.05, flaky: 0.015, groups: 8 };
      const replay = await replayQueue({ ...mix, seed, changes: 120, rate: 4 });
      assert.deepEqual([replay.redPushes, replay.innocentsRejected, replay.merged], [0, 0, 120]);
      assert.ok(replay.gateRuns / replay.merged < 0.8, `${replay.gateRuns} gate runs`);
    });

  it('names every culprit within ⌈log₂ n⌉ rounds where no gate is flaky', async () => {
    const mix = { conflicting: 0.28, broken: 0.15, flaky: 0, groups: 8 };
    const { searches, innocentsRejected } = await replayQueue({ ...mix, seed: 4, changes: 120, rate: 6 });
    assert.ok(searches.length > 5, `${searches.length} searches`);
    for (const { size, rounds } of searches) assert.ok(rounds <= Math.ceil(Math.log2(size)), `${rounds} of ${size}`);
    assert.equal(innocentsRejected, 0);
  });

  it('tests 32 changes that are approved at once in a few runs', async () => {
    const sound = { conflicting: 0, broken: 0, flaky: 0, groups: 1 };
    const { gateRuns, merged, wallMs } = await replayQueue({
      ...sound,
      seed: 1,
      changes: 32,
      rate: Infinity,
      gateMs: 2_000,
    });
    assert.equal(merged, 32);
    assert.ok(gateRuns / merged <= 0.2, `${gateRuns} gate runs`);
    assert.ok(wallMs <= 4 * 2_000, `${wallMs} ms by its own clock`);
  });
});
