import assert from 'node:assert/strict';
import { happenedAt, MAX_WAIT_MS, waitEnd } from '../../../server/src/engine/state/times';

const DAY_MS = 24 * 3600_000;

describe('stored times and a clock that was set back', () => {
  const now = Date.parse('2026-11-29T09:00:00Z');

  it('a wait goes on as long as it can have been meant', () => {
    assert.equal(waitEnd(now + 60_000, now), now + 60_000);
    assert.equal(waitEnd(now + MAX_WAIT_MS, now), now + MAX_WAIT_MS);
    assert.equal(waitEnd(now - 1, now), now - 1);
  });
  it('a wait that ends 400 days ahead was written by another clock and is over', () => {
    assert.equal(waitEnd(now + 400 * DAY_MS, now), 0);
    assert.equal(waitEnd(now + MAX_WAIT_MS + 1, now), 0);
  });
  it('what is still to happen has not happened', () => {
    assert.equal(happenedAt(now + 1, now), 0);
    assert.equal(happenedAt(now, now), now);
  });
});
