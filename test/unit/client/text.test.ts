import assert from 'node:assert/strict';
import { escapeMarkdown, fenced, noIcons, oneLine, revealHidden } from '../../../client/src/base/text';

describe('text from elsewhere', () => {
  it('becomes one line of bounded length', () => {
    assert.equal(oneLine('a\n\tb\u202e c'), 'a b c');
    assert.equal([...oneLine('🚚'.repeat(500), 10)].length, 10);
  });

  it('contains no icons, links or HTML', () => {
    assert.ok(!noIcons('$(trash) x').includes('$('));
    assert.doesNotMatch(escapeMarkdown('[a](b) <c> `d` $(e)'), /(?<!\\)\]\(|\$\(/);
    assert.match(escapeMarkdown('<c>'), /&lt;c/);
    assert.equal(escapeMarkdown('toy-a1: status_changed (1.2)'), 'toy-a1: status_changed (1.2)');
    assert.equal(escapeMarkdown('_x_ **y**'), '\\_x\\_ \\*\\*y\\*\\*');
    assert.notEqual(escapeMarkdown('# no heading'), '# no heading');
  });

  it('hides nothing in commands that need approval', () => {
    assert.equal(
      revealHidden('npm test\u202e # \u001b[2Kx\r\n\tnext'),
      'npm test\\u{202e} # \\u{1b}[2Kx\\u{d}\n\tnext',
    );
  });

  it('cannot close the fence around it', () => {
    assert.equal(fenced('a\n````\nb', 'sh'), '`````sh\na\n````\nb\n`````');
  });
});
