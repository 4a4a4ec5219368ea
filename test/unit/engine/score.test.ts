import assert from 'node:assert/strict';
import { mergeScore } from '../../../server/src/engine/mergeQueue/score';
import { backoffMs } from '../../../server/src/engine/loop/failure';

describe('merge score', () => {
  const hour = 3_600_000;
  const base = { priority: 2, createdAt: 0, convoyCreatedAt: 0, retries: 0 };
  it('counts convoy age, priority, retries and waiting time', () => {
    assert.equal(mergeScore(base, 0), 1200);
    assert.equal(mergeScore({ ...base, priority: 0 }, 0), 1400);
    assert.equal(mergeScore({ ...base, priority: 7 }, 0), 1000);
    assert.equal(mergeScore({ ...base, retries: 99 }, 0), 900);
    assert.equal(mergeScore(base, 2 * hour), 1202);
    assert.equal(mergeScore({ ...base, createdAt: 3 * hour, convoyCreatedAt: hour }, 3 * hour), 1220);
  });
});

describe('backoff', () => {
  it('doubles and has an end', () => {
    assert.deepEqual([1, 2, 3].map(backoffMs), [500, 1000, 2000]);
    assert.equal(backoffMs(50), 60_000);
  });
});
