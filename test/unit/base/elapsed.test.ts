import assert from 'node:assert/strict';
import { elapsedText } from '../../../server/src/base/elapsed';

describe('a time that has passed', () => {
  it('is said with its two largest units', () => {
    const minute = 60_000;
    const hour = 60 * minute;
    const cases: [number, string][] = [
      [-5, '0s'],
      [0, '0s'],
      [59_999, '59s'],
      [minute, '1m'],
      [hour - 1, '59m'],
      [hour, '1h'],
      [2 * hour + 15 * minute, '2h 15m'],
      [24 * hour - 1, '23h 59m'],
      [24 * hour, '1d'],
      [76 * hour, '3d 4h'],
    ];
    for (const [elapsed, text] of cases) assert.equal(elapsedText(1_000, 1_000 + elapsed), text);
  });
});
