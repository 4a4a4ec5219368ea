import assert from 'node:assert/strict';
import { isPlainObject, unique } from '../../../server/src/base/objects';

describe('guards of values from outside', () => {
  it('take objects of keys and values only', () => {
    assert.deepEqual([{}, Object.create(null), [], null, 'x', undefined, 1].map(isPlainObject), [
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    assert.deepEqual(unique(['b', 'a', 'b']), ['b', 'a']);
  });
});
