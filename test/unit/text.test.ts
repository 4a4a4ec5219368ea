import assert from 'node:assert/strict';
import { closestMatch, plural } from '../../server/src/base/text';

describe('texts', () => {
  it('a count agrees with its noun', () => {
    assert.equal(plural(0, 'file'), '0 files');
    assert.equal(plural(1, 'file'), '1 file');
    assert.equal(plural(2, 'file'), '2 files');
    assert.equal(plural(1, 'entry', 'entries'), '1 entry');
    assert.equal(plural(3, 'entry', 'entries'), '3 entries');
  });

  it('a misspelled word is matched with the candidate that takes the fewest edits, at most two', () => {
    const words = ['status', 'sling', 'stop', 'max_workers'];
    assert.equal(closestMatch('stauts', words), 'status');
    assert.equal(closestMatch('Stop', words), 'stop');
    assert.equal(closestMatch('slign', ['sting', 'sling']), 'sling');
    assert.equal(closestMatch('max-workers', words), 'max_workers');
    assert.equal(closestMatch('statistics', words), undefined);
    assert.equal(closestMatch('x', ['up']), undefined, 'a word of which nothing is left is no match');
    assert.equal(closestMatch('x', []), undefined);
    assert.equal(closestMatch('a'.repeat(200), ['a'.repeat(200)]), undefined, 'nobody misspells a word of that length');
  });
});
