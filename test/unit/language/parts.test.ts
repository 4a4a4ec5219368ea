import assert from 'node:assert/strict';
import { escapeMarkdown, inlineCode, shorten } from '../../../server/src/language/document/markdown';
import { FormulaDocument } from '../../../server/src/language/document/formulaDocument';
import { indexOf, transitiveDependents } from '../../../server/src/language/document/formulaIndex';
import { withoutPaths } from '../../../server/src/language/features/withoutPaths';
import { sample, uri } from './marked';

describe('text in Markdown', () => {
  it('is escaped, and as code it is between more backquotes than it contains', () => {
    assert.equal(escapeMarkdown('a *b*\n\n[c](d) `e`'), 'a \\*b\\* \\[c\\]\\(d\\) \\`e\\`');
    assert.equal(inlineCode('a'), '`a`');
    assert.equal(inlineCode('`a`` b`'), '``` `a`` b` ```');
    assert.equal(inlineCode('`x'.repeat(200_000)).slice(0, 4), '`` `');
  });

  it('is cut between characters', () => {
    assert.equal(shorten('  a\n b ', 10), 'a b');
    assert.equal(shorten('🧪🧪🧪🧪', 5), '🧪🧪🧪🧪'.slice(0, 8) + '…');
  });
});

describe('removing values from data', () => {
  it('keeps the indexes of tables in arrays', () => {
    const data = { a: 1, list: ['x', 'y'], steps: [{ id: 1, title: 'T' }, { id: 'b' }], vars: { v: { default: [] } } };
    assert.deepEqual(
      withoutPaths(data, [
        ['a'],
        ['list', 0],
        ['steps', 0, 'id'],
        ['steps', 1],
        ['vars', 'v', 'default'],
        ['no', 'such'],
      ]),
      { list: ['y'], steps: [{ title: 'T' }, {}], vars: { v: {} } },
    );
    assert.equal(withoutPaths(data, []), data);
  });
});

describe('a document', () => {
  const document = new FormulaDocument(uri, sample);

  it('converts positions and offsets, and clamps those outside', () => {
    for (const offset of [0, 10, 50, sample.length])
      assert.equal(document.offsetAt(document.positionAt(offset)), offset);
    assert.deepEqual(document.positionAt(-5), { line: 0, character: 0 });
    assert.equal(document.offsetAt({ line: 9_999, character: 0 }), sample.length);
    assert.equal(document.offsetAt({ line: 0, character: 9_999 }), sample.indexOf('\n'));
  });

  it('finds section and token at an offset', () => {
    const step = sample.indexOf('[[steps]]');
    const header = (offset: number): string =>
      document
        .sectionAt(offset)
        .header?.key.parts.map(({ name }) => name)
        .join('.') ?? '';
    assert.deepEqual([0, step - 1, step, step + 20].map(header), ['', 'vars.color', 'steps', 'steps']);
    const token = (offset: number): string => {
      const found = document.tokenBefore(offset);
      return found ? sample.slice(found.start, found.end) : '';
    };
    assert.deepEqual([0, 1, 7, 8].map(token), ['', 'formula', 'formula', ' ']);
  });

  it('knows which steps depend on another one', () => {
    const index = indexOf(document);
    const dependents = (id: string): string[] =>
      [...transitiveDependents(index, index.steps.find((step) => step.id === id)!)].sort();
    assert.deepEqual(dependents('a'), ['a', 'b', 'c', 'c1', 'd']);
    assert.deepEqual(dependents('c1'), ['c', 'c1', 'd']);
    assert.deepEqual(dependents('d'), ['d']);
  });
});
