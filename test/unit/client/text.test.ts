import assert from 'node:assert/strict';
import { escapeLine, escapeMarkdown, fenced, noIcons, oneLine, revealHidden } from '../../../client/src/base/text';

describe('text from elsewhere', () => {
  it('becomes one line of bounded length', () => {
    assert.equal(oneLine('a\n\tb\u001b c\u2028d'), 'a b c d');
    assert.equal([...oneLine('🚚'.repeat(500), 10)].length, 10);
  });

  it('has the marks that would reorder or hide a part of it written out, wherever it is shown', () => {
    for (const mark of ['\u061c', '\u200b', '\u200e', '\u200f', '\u202a', '\u202e', '\u2066', '\u2069', '\ufeff']) {
      const text = `fix${mark}txt.exe`;
      const shown = `fix\\u{${mark.charCodeAt(0).toString(16)}}txt.exe`;
      assert.equal(oneLine(text), shown);
      assert.equal(escapeLine(text), shown.replace('\\', '\\\\'));
      assert.equal(escapeMarkdown(text), shown.replace('\\', '\\\\'));
      assert.equal(fenced(text), `\`\`\`\n${shown}\n\`\`\``);
    }
    assert.equal(oneLine('👩‍💻 café'), '👩‍💻 café', 'what belongs to a script or an emoji stays');
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
