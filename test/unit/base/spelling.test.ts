import assert from 'node:assert/strict';
import { isPlainObject, unique } from '../../../server/src/base/objects';
import { closestMatch } from '../../../server/src/base/spelling';

describe('the closest match', () => {
  const match = (word: string, ...names: string[]): string | undefined => closestMatch(word, names);

  it('is the name with the fewest edits, whatever the letter case and the separator', () => {
    assert.equal(match('titel', 'type', 'title', 'notes'), 'title');
    assert.equal(match('depends-on', 'depends_on', 'needs'), 'depends_on');
    assert.equal(match('Needs', 'needs', 'need'), 'needs');
  });

  it('is nothing where too much differs, however short or long the words are', () => {
    assert.equal(match('zz', 'id', 'at'), undefined);
    assert.equal(match('x', 'y'), undefined);
    assert.equal(match('implement', 'review'), undefined);
    assert.equal(match('a'.repeat(1_000_000), 'a'), undefined);
  });
});

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
