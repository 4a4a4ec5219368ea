import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { compareTimes, formatTime, isTime, timeAfter, toMicroseconds } from '../../../server/src/beads/model/time';

describe('times of the ledger', () => {
  it('are compared as instants at full precision', () => {
    assert.equal(compareTimes('2026-01-01T00:00:00Z', '2025-12-31T16:00:00-08:00'), 0);
    assert.equal(compareTimes('2026-01-01T00:00:00.000000001Z', '2026-01-01T00:00:00Z'), 1);
    assert.equal(compareTimes('2026-01-01T00:00:00.123456Z', '2026-01-01T00:00:00.123457Z'), -1);
    assert.equal(compareTimes('2026-01-01T00:00:00.5Z', '2026-01-01T00:00:00.500Z'), 0);
  });

  it('what is not a time sorts before every time', () => {
    assert.equal(compareTimes(undefined, '2026-01-01T00:00:00Z'), -1);
    assert.equal(compareTimes('2026-01-01T00:00:00Z', 'yesterday'), 1);
    assert.equal(compareTimes('x', undefined), 0);
    assert.ok(!isTime('2026-13-01T00:00:00Z'));
  });

  it('are written in UTC without trailing zeros', () => {
    assert.equal(formatTime(new Date('2026-01-01T00:00:00.120Z')), '2026-01-01T00:00:00.12Z');
    assert.equal(formatTime(new Date('2026-01-01T00:00:10.000Z')), '2026-01-01T00:00:10Z');
  });

  it('rise for one bead even if the clock goes backwards', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 4e12 }), (now, before) => {
        const previous = formatTime(new Date(before));
        assert.equal(compareTimes(timeAfter(new Date(now), previous), previous), 1);
      }),
    );
    assert.equal(
      compareTimes(timeAfter(new Date(0), '2026-01-01T00:00:00.999999999Z'), '2026-01-01T00:00:00.999999999Z'),
      1,
    );
  });

  it('become microseconds for the index', () => {
    assert.equal(toMicroseconds('1970-01-01T00:00:01.000002Z'), 1_000_002);
    assert.equal(toMicroseconds('nonsense'), undefined);
  });
});
