import assert from 'node:assert/strict';
import type { DocumentSymbol, Location, MarkupContent, Range } from 'vscode-languageserver-types';
import { documentSymbols } from '../../../server/src/language/features/documentSymbols';
import { foldingRanges } from '../../../server/src/language/features/folding';
import { hover } from '../../../server/src/language/features/hover';
import { definition, highlights, references } from '../../../server/src/language/features/navigation';
import { prepareRename, rename } from '../../../server/src/language/features/rename';
import { formulas, marked, placeIn, sample, textOf, uri } from './marked';
import { formulaTexts } from './samples';

const hovered = (text: string): [under: string, said: string] | undefined => {
  const place = marked(text);
  const found = hover(place, formulas());
  return found && [textOf(place, found.range!), (found.contents as MarkupContent).value];
};

describe('hover', () => {
  const cases: [what: string, text: string, under: string, said: RegExp][] = [
    ['a step', sample.replace('id = "b"', 'id = "|b"'), 'b', /\*\*b\*\* — B\n\nWave 2 · needs `a` · needed by `d`$/],
    [
      'a step where it is needed',
      sample.replace('["b", "c"]', '["b", "|c"]'),
      'c',
      /\*\*c\*\* — C in \\\{\\\{color\\\}\\\}\n\nWave 2 · needs `a` · needed by `d` · contains `c1`$/,
    ],
    ['the last step', sample.replace('id = "d"', 'id = "d|"'), 'd', /Wave 3 · needs `b`, `c` · nothing waits for it$/],
    ['the first step', sample.replace('id = "a"', 'id = "|a"'), 'a', /Wave 1 · needs nothing · needed by `b`, `c`$/],
    ['a step within another', sample.replace('id = "c1"', 'id = "|c1"'), 'c1', /Wave 2/],
    ['what is waited for', sample.replace('children-of(c)', 'children-of(|c)'), 'c', /\*\*c\*\*/],
    [
      'a variable',
      sample.replace('Begin {{feature}}', 'Begin {{fea|ture}}'),
      'feature',
      /What is built\n\nrequired · used 2 times$/,
    ],
    [
      'a variable where it is declared',
      sample.replace('[vars.color]', '[vars.|color]'),
      'color',
      /default `red` · one of `red`, `green` · used 1 time$/,
    ],
    [
      'a key',
      sample.replace('waits_for', 'waits|_for'),
      'waits_for',
      /\*\*waits\\_for\*\* · string\n\nWaits for beads .*\n\nOne of `all-children`, `any-children`\.$/,
    ],
    [
      'a key of an inline table',
      'formula = "f"\n[[steps]]\ngate = { ty|pe = "human" }',
      'type',
      /required\n\nWhat opens the gate/,
    ],
    [
      'a header',
      sample.replace('[[steps.children]]', '[[steps.chil|dren]]'),
      'children',
      /array of tables\n\nSteps within this one/,
    ],
    [
      'a formula',
      'formula = "f"\nextends = ["shi|ny"]',
      'shiny',
      /\*\*shiny\*\* \(workflow, 5 steps\)\n\nA feature from the first thought/,
    ],
  ];
  for (const [what, text, under, said] of cases) {
    it(`shows ${what}`, () => {
      const found = hovered(text);
      assert.equal(found?.[0], under);
      assert.match(found?.[1] ?? '', said);
    });
  }

  it('shows nothing where nothing is known, and escapes markup', () => {
    for (const text of [
      '|',
      '# comm|ent',
      sample.replace('title = "B"', 'title = "|B"'),
      'formula = "f"\nnone = "|x"',
      'extends = ["no|ne"]',
    ])
      assert.equal(hovered(text), undefined, text);
    assert.match(
      hovered('[[steps]]\nid = "|a"\ntitle = "[x](command:y) <b> `z`"')![1],
      /\\\[x\\\]\\\(command:y\\\) \\<b\\> \\`z\\`/,
    );
  });
});

describe('the outline of a formula', () => {
  const tree = (symbols: readonly DocumentSymbol[]): unknown[] =>
    symbols.map((symbol) => [
      symbol.name,
      symbol.detail ?? '',
      ...(symbol.children?.length ? [tree(symbol.children)] : []),
    ]);

  it('contains steps with their children, variables and other tables', () => {
    const { document, index } = placeIn(`${sample}[[compose.gate]]\nbefore = "d"\ncondition = "x"\n`);
    assert.deepEqual(tree(documentSymbols(document, index)), [
      ['f', 'formula'],
      ['feature', 'What is built'],
      ['color', ''],
      ['a', 'Begin {{feature}}'],
      ['b', 'B'],
      ['c', 'C in {{color}}', [['c1', 'C1']]],
      ['d', 'D {{feature}}'],
      ['compose', '', [['gate', '1']]],
    ]);
    const convoy = placeIn('formula = "c"\n[[legs]]\nid = "one"\n[synthesis]\ntitle = "x"');
    assert.deepEqual(tree(documentSymbols(convoy.document, convoy.index)), [
      ['c', 'formula'],
      ['one', ''],
      ['synthesis', ''],
    ]);
  });

  it('works in a broken document; each range contains its name', () => {
    const inside = (outer: Range, inner: Range): boolean =>
      before(outer.start, inner.start) && before(inner.end, outer.end);
    const before = (a: Range['start'], b: Range['start']): boolean =>
      a.line < b.line || (a.line === b.line && a.character <= b.character);
    const check = (symbols: readonly DocumentSymbol[]): void =>
      symbols.forEach((symbol) => {
        assert.ok(symbol.name, 'editors refuse empty names');
        assert.ok(inside(symbol.range, symbol.selectionRange), symbol.name);
        check(symbol.children ?? []);
      });
    for (const text of [
      ...Object.values(formulaTexts()).filter((one) => one.length < 20_000),
      sample,
      '[[steps]]\n[[steps]]\ntitle = "x',
      '[[steps]]\nid = ""\n[vars."x"]',
      'vars = { x = { default = "1" } }',
      '[vars]\nx = "1"\n[[steps]]\n[vars.y]',
    ]) {
      for (const broken of [text, text.replace('"', ''), text.replace('[[', '[')]) {
        const { document, index } = placeIn(broken);
        check(documentSymbols(document, index));
      }
    }
    const { document, index } = placeIn('[[steps]]\nid = "a\n[[steps]]\nneeds = [\n[[steps]]\nid = "c"');
    assert.deepEqual(
      documentSymbols(document, index).map((symbol) => symbol.name),
      ['a', '(no id)', 'c'],
    );
  });
});

describe('folding in a formula', () => {
  it('folds tables, strings, arrays, comments and regions', () => {
    const { document } = placeIn(
      '# one\n# two\nformula = "f"\n# region x\n[[steps]]\nid = "a"\nneeds = [\n  "b",\n]\n# endregion\n\n# next\n[[steps]]\ndescription = """\nwords\n"""\n',
    );
    assert.deepEqual(
      foldingRanges(document)
        .map(({ startLine, endLine, kind }) => `${startLine}-${endLine}${kind ? ` ${kind}` : ''}`)
        .sort(),
      ['0-1 comment', '12-15', '13-15', '3-9 region', '4-8', '6-8'].sort(),
    );
  });
});

describe('names in a formula', () => {
  const spots = (locations: readonly Location[]): string[] =>
    locations.map(
      ({ uri: where, range }) =>
        `${where === uri ? '' : where}${range.start.line}:${range.start.character}-${range.end.character}`,
    );
  const atNeed = sample.replace('["b", "c"]', '["b", "c|"]');
  const atUse = sample.replace('D {{feature}}', 'D {{feature|}}');

  it('lead to definitions and uses', () => {
    assert.deepEqual(spots(definition(marked(atNeed))), ['16:6-7']);
    assert.deepEqual(spots(references(marked(atNeed), true)), ['16:6-7', '25:15-16', '26:25-26']);
    assert.deepEqual(spots(references(marked(atNeed), false)), ['25:15-16', '26:25-26']);
    assert.deepEqual(spots(definition(marked(atUse))), ['1:6-13']);
    assert.deepEqual(spots(references(marked(atUse), true)), ['1:6-13', '10:17-24', '24:13-20']);
    assert.deepEqual(
      highlights(marked(atUse)).map((one) => one.kind),
      [3, 2, 2],
    );
    assert.deepEqual(definition(marked(sample.replace('title = "B"', 'title = "|B"'))), []);
  });

  it('are renamed everywhere', () => {
    const renamed = (text: string, name: string): string => {
      const place = marked(text);
      const edits = rename(place, name).changes?.[uri] ?? [];
      return [...edits]
        .sort((a, b) => place.document.offsetAt(b.range.start) - place.document.offsetAt(a.range.start))
        .reduce(
          (made, edit) =>
            made.slice(0, place.document.offsetAt(edit.range.start)) +
            edit.newText +
            made.slice(place.document.offsetAt(edit.range.end)),
          place.document.text,
        );
    };
    assert.equal(
      renamed(atNeed, 'c-2'),
      sample.replace('id = "c"', 'id = "c-2"').replace('["b", "c"]', '["b", "c-2"]').replace('of(c)', 'of(c-2)'),
    );
    assert.equal(renamed(atUse, 'thing'), sample.replaceAll('feature', 'thing'));
    const blocks =
      'formula = "f"\n[vars]\n"x" = "1"\n[[steps]]\nid = "a"\ntitle = "{{|x}}"\ndescription = """\n{{#if x}}\\t{{x}}{{/if}} x\n"""\n[[template]]\nid = "{x}.{target}"\n';
    assert.equal(
      renamed(blocks, 'y'),
      blocks
        .replace('|', '')
        .replace('"x" =', '"y" =')
        .replaceAll('{{x}}', '{{y}}')
        .replace('#if x', '#if y')
        .replace('{x}', '{y}'),
    );
    assert.deepEqual(prepareRename(marked(atNeed)).placeholder, 'c');
  });

  it('cannot be renamed to an invalid or existing name', () => {
    assert.throws(() => rename(marked(atNeed), 'a'), /A step a exists already/);
    assert.throws(() => rename(marked(atNeed), 'a b'), /letters, digits, dots/);
    assert.throws(() => rename(marked(atUse), '1x'), /letters, digits and _/);
    assert.throws(() => prepareRename(marked(sample.replace('title = "B"', 'title = "|B"'))), /can be renamed/);
  });
});
