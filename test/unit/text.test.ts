import assert from 'node:assert/strict';
import { closestMatch, plural, printableJson, revealHidden, revealMisleading } from '../../server/src/base/text';

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
    assert.equal(closestMatch('x', ['up']), undefined, 'a word of which nothing is left is not a match');
    assert.equal(closestMatch('x', []), undefined);
    assert.equal(closestMatch('a'.repeat(200), ['a'.repeat(200)]), undefined, 'nobody misspells a word of that length');
  });
});

describe('text that others wrote, shown to a person', () => {
  it('has characters that reorder or hide it written out, and keeps all others', () => {
    assert.equal(revealMisleading('a\u202eb\u2066c\u200fd\ufeff'), 'a\\u{202e}b\\u{2066}c\\u{200f}d\\u{feff}');
    const kept = 'שלום 👩\u200d💻 नमस्\u200dते é';
    assert.equal(revealMisleading(kept), kept);
    assert.equal(revealHidden('ls\u{e0041} \u001b[2K\tx\n'), 'ls\\u{e0041} \\u{1b}[2K\tx\n');
  });

  it('is JSON without raw control characters, and the same value', () => {
    const value = { title: 'a\u009b31m\u202e\u007f\u2028\ufeff\u0085 "é" 👩', '\u0080': [1] };
    const text = printableJson(JSON.stringify(value));
    assert.doesNotMatch(text, /[\u007f-\u009f\u2028-\u202e\ufeff]/);
    assert.deepEqual(JSON.parse(text), value);
  });
});
