import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readToml } from '../../../server/src/formulas/load/readData';
import { offsetInString, type Syntax, type Value } from '../../../server/src/toml/nodes';
import { parseToml } from '../../../server/src/toml/parser';
import { buildTree, dataOf } from '../../../server/src/toml/tree';
import { seeded } from './seeded';
import { formulaTexts, longSample } from './samples';

const problems = (text: string): string[] => {
  const syntax = parseToml(text);
  return [...syntax.problems, ...buildTree(syntax).problems].map(
    (problem) => `${text.slice(problem.start, problem.end)}: ${problem.message}`,
  );
};
const data = (text: string): unknown => dataOf(buildTree(parseToml(text)).root);

function whole(syntax: Syntax): Syntax {
  assertWhole(syntax);
  return syntax;
}

function assertWhole({ text, tokens }: Syntax): void {
  let at = 0;
  for (const token of tokens) {
    assert.equal(token.start, at, `a gap or an overlap at ${at}`);
    assert.ok(token.end > token.start);
    at = token.end;
  }
  assert.equal(at, text.length);
}

/** Ids of `[[steps]]` as they stand in whole lines. */
const written = (text: string): string[] =>
  [...text.matchAll(/^\[\[steps\]\]\r?\nid = "([\w.-]+)"\r?$/gm)].map((match) => match[1]!);
const kept = (text: string): Set<string> =>
  new Set(
    whole(parseToml(text))
      .sections.filter((section) => section.header?.key.parts[0]?.name === 'steps')
      .flatMap((section) => section.entries)
      .filter((entry) => entry.key.parts[0]?.name === 'id')
      .flatMap(({ value }) => (value?.kind === 'string' ? [value.value] : [])),
  );

describe('the TOML syntax tree', () => {
  it('reports keys with too many parts once', () => {
    const deep = Array.from({ length: 1_000 }, () => 'a').join('.');
    for (const text of [`${deep} = 1\nb = 2\n`, `[${deep}]\nb = 2\n`]) {
      const syntax = whole(parseToml(text));
      assert.deepEqual(
        syntax.problems.map((problem) => problem.message),
        ['This is nested too deeply.'],
      );
      assert.equal(syntax.sections.at(-1)?.entries.at(-1)?.key.parts[0]?.name, 'b');
    }
  });

  it('reads what @iarna/toml reads from real formulas', () => {
    for (const [name, text] of Object.entries({ ...formulaTexts(), long: longSample(40) })) {
      const syntax = parseToml(text);
      assertWhole(syntax);
      assert.deepEqual(problems(text), [], name);
      assert.deepEqual(data(text), readToml(text), name);
    }
  });

  it('reads what @iarna/toml reads from any valid document', () => {
    let valid = 0;
    fc.assert(
      fc.property(documents, (text) => {
        let expected: unknown;
        try {
          expected = readToml(text);
        } catch {
          return;
        }
        const syntax = parseToml(text);
        assertWhole(syntax);
        assert.deepEqual(syntax.problems, [], text);
        // The library lets a few documents through in which a table is defined twice; it has the last word there.
        if (buildTree(syntax).problems.length > 0) return;
        valid += 1;
        assert.deepEqual(data(text), expected, text);
      }),
      seeded({ numRuns: 1_500 }),
    );
    assert.ok(valid > 500, `only ${valid} documents were valid`);
  });

  it('covers any text, and never throws', () => {
    const wild = fc
      .array(
        fc.constantFrom(
          '"""',
          "'''",
          '"',
          "'",
          '[',
          ']',
          '[[',
          ']]',
          '{',
          '}',
          '=',
          '.',
          ',',
          '#',
          '\n',
          '\r\n',
          '\r',
          ' ',
          '\\',
          'a',
          'id',
          '1',
          'true',
          '{{x}}',
          '\u0000',
          '\uFEFF',
          '😀',
          '\t',
        ),
        { maxLength: 60 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(wild, fc.string({ maxLength: 80, unit: 'binary' })), (text) => {
        const syntax = parseToml(text);
        assertWhole(syntax);
        dataOf(buildTree(syntax).root);
      }),
      seeded({ numRuns: 2_000 }),
    );
    assertWhole(parseToml('x = ' + '['.repeat(100_000)));
    assertWhole(parseToml('x = ' + '{a='.repeat(100_000)));
  });

  it('keeps the steps before and after any cut, at every line', () => {
    const texts = Object.values(formulaTexts()).filter((text) => text.length < 30_000 && written(text).length > 1);
    assert.ok(texts.length >= 2);
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.oneof(fc.constant(Infinity), fc.nat({ max: 12 }), fc.nat({ max: 600 })),
        (text, where, length) => {
          const from = where % text.length;
          const to = Math.min(text.length, from + length);
          const cut = text.slice(0, from) + text.slice(to);
          const syntax = parseToml(cut);
          assertWhole(syntax);
          const ids = kept(cut);
          const before = written(text.slice(0, text.lastIndexOf('\n', from) + 1));
          // From the line behind the cut on; what its own line was is anybody's guess.
          const nextLine = text.indexOf('\n', to);
          const after = nextLine < 0 || to === text.length ? [] : written(text.slice(nextLine + 1));
          for (const id of [...before, ...after])
            assert.ok(
              ids.has(id),
              `${id} is lost when [${from}, ${to}) is cut out:\n${cut.slice(Math.max(0, from - 200), from)}✂${cut.slice(from, from + 200)}`,
            );
        },
      ),
      seeded({ numRuns: 1_500 }),
    );
  });

  for (const [name, text] of Object.entries(formulaTexts())) {
    if (text.length > (process.env['GASTOWN_SOAK'] ? 30_000 : 4_500)) continue;
    it(`keeps the steps of ${name} without any one character, and cut at any place`, () => {
      const places = [...text.matchAll(/^\[\[steps\]\]\r?\nid = "([\w.-]+)"\r?$/gm)].map((match) => ({
        id: match[1]!,
        start: match.index,
        end: match.index + match[0].length,
      }));
      for (let at = 0; at < text.length; at++) {
        const lineStart = text.lastIndexOf('\n', at - 1) + 1;
        // Without the end of a line, the next one is its rest.
        const lineEnd = text.indexOf('\n', at + 1);
        const before = places.filter((place) => place.end < lineStart);
        const after = lineEnd < 0 ? [] : places.filter((place) => place.start > lineEnd);
        const ids = kept(text.slice(0, at) + text.slice(at + 1));
        for (const { id } of [...before, ...after]) assert.ok(ids.has(id), `${id} is lost without ${at}`);
        const head = kept(text.slice(0, at));
        for (const { id } of before) assert.ok(head.has(id), `${id} is lost where the text ends at ${at}`);
      }
    });
  }

  it('ends unclosed strings and arrays at the next statement', () => {
    const cases: [string, unknown][] = [
      ['needs = [\nid = "x"', { needs: [], id: 'x' }],
      ['needs = ["a\nid = "x"', { needs: ['a'], id: 'x' }],
      ['needs = ["a",\n\n# why\n[[steps]]\nid = "x"', { needs: ['a'], steps: [{ id: 'x' }] }],
      ['title = "half\nid = "x"', { title: 'half', id: 'x' }],
      ['gate = { type = "human"\nid = "x"', { gate: { type: 'human' }, id: 'x' }],
      ['description = """\nwords\n[[steps]]\nid = "x"', { description: 'words', steps: [{ id: 'x' }] }],
      [
        'a = """\nwords\n\n[[steps]]\nid = "x"\ndescription = """\nmore\n"""\n[[steps]]\nid = "y"',
        { a: 'words\n', steps: [{ id: 'x', description: 'more\n' }, { id: 'y' }] },
      ],
      ['[[steps\nid = "x"', { steps: [{ id: 'x' }] }],
      ['ti\nid = "x"', { id: 'x' }],
      ['a = \nb = 1', { b: 1 }],
      ['a.b = hello world # no\nc = 1', { a: {}, c: 1 }],
    ];
    for (const [text, expected] of cases) {
      assert.deepEqual(JSON.parse(JSON.stringify(data(text))), expected, text);
      assert.ok(problems(text).length > 0, text);
    }
  });

  it('reports several problems at once, each with its place and a fix', () => {
    assert.deepEqual(problems('a = [1\n[[steps]\nid = \nti\nb = hello\n"x" = 1\nx = 2\nc = "\\q"'), [
      '[1: This array is not closed; write ] at its end.',
      '[[steps]: Close the header with ]].',
      '=: Write a value after =, such as id = "…".',
      'ti: Write = and a value after ti.',
      'hello: Write a string in quotes: "hello".',
      '\\q: "\\q" is not an escape; write \\\\ for a backslash, or use single quotes, in which nothing is escaped.'.replaceAll(
        '"',
        '',
      ),
      'x: x is defined twice in this table; remove one of the two.',
    ]);
    assert.deepEqual(
      problems('description = "\nmany words\nand more\n"""\n').map((problem) => problem.split(':')[0]),
      ['"', 'many words\nand more\n"""'],
      'one mistake, not three',
    );
  });

  it('maps each character of a string to its offset', () => {
    const text = 'a = "x\\n\\u00e9{{v}}\\"" ';
    const value = parseToml(text).sections[0]!.entries[0]!.value as Extract<Value, { kind: 'string' }>;
    assert.equal(value.value, 'x\né{{v}}"');
    assert.equal(text[offsetInString(value, value.value.indexOf('v'))], 'v');
    const folded = 'a = """\nab \\\n   cd\\tef"""';
    const node = parseToml(folded).sections[0]!.entries[0]!.value as Extract<Value, { kind: 'string' }>;
    assert.equal(node.value, 'ab cd\tef');
    for (const letter of 'abcdef') assert.equal(folded[offsetInString(node, node.value.indexOf(letter))], letter);
  });
});

// ---------------------------------------------------------------- documents

const bare = fc.constantFrom('a', 'b', 'c', 'id', 'needs', 'x-y', '1', '__proto__', 'constructor');
const key = fc.oneof({ weight: 5, arbitrary: bare }, fc.constantFrom('"a b"', "'q'", '"\\u0061"', '""', '"é"'));
const keys = fc.array(key, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));
const text = fc.string({
  maxLength: 12,
  unit: fc.constantFrom('a', ' ', '{', '}', '#', '[', ']', '=', ',', 'é', '😀', '.', '-', '1', '\t'),
});
const scalars = fc.oneof(
  text.map((value) => `"${value}"`),
  text.map((value) => `'${value}'`),
  fc
    .array(fc.constantFrom('\\n', '\\t', '\\"', '\\\\', '\\u00e9', '\\U0001F600', 'a', ' '), { maxLength: 6 })
    .map((parts) => `"${parts.join('')}"`),
  fc
    .array(
      fc.constantFrom('a', '\n', ' ', '"', '""', 'k = 1', '[t]', '\\\n  ', '\\"', '\\\\', '\r\n', '# no', '{{v}}'),
      { maxLength: 8 },
    )
    .map((parts) => `"""${parts.join('')}"""`),
  fc
    .array(fc.constantFrom('a', '\n', ' ', "'", '"', '"""', '\\', 'k = 1', '[t]'), { maxLength: 8 })
    .map((parts) => `'''${parts.join('')}'''`),
  fc.constantFrom(
    '0',
    '+1',
    '-17',
    '1_000',
    '0xdead_BEEF',
    '0o755',
    '0b1101',
    '9007199254740993',
    '1.5',
    '-0.01',
    '5e+22',
    '1e6',
    '-2E-2',
    '6.626e-34',
    'inf',
    '-inf',
    '+nan',
    'true',
    'false',
    '1979-05-27T07:32:00Z',
    '1979-05-27T00:32:00-07:00',
    '1979-05-27 07:32:00Z',
    '1979-05-27T07:32:00',
    '1979-05-27',
    '07:32:00',
    '00:32:00.999',
    '1979-05-27T07:32:00.5',
  ),
);
const gap = fc.constantFrom('', ' ', '\n', '\n  ', ' # c\n');
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    scalars,
    fc
      .tuple(fc.array(fc.tuple(gap, tie('value'), gap), { maxLength: 3 }), fc.boolean(), gap)
      .map(
        ([items, comma, end]) =>
          `[${items.map(([before, item, after]) => `${before}${item}${after}`).join(',')}${comma && items.length > 0 ? ',' : ''}${end}]`,
      ),
    fc
      .array(fc.tuple(keys, tie('value')), { maxLength: 2 })
      .map((items) => `{${items.map(([name, item]) => ` ${name} = ${item}`).join(',')} }`),
  ),
}));
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(keys, fc.constantFrom(' = ', '=', '\t=  '), value, fc.constantFrom('', ' # c', '\t'))
      .map((parts) => parts.join('')),
  },
  { weight: 2, arbitrary: keys.map((name) => `[${name}]`) },
  { weight: 2, arbitrary: keys.map((name) => `[[ ${name} ]]`) },
  fc.constantFrom('', '  ', '# "comment" [x]'),
);
const documents = fc
  .tuple(fc.array(line, { maxLength: 6 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
  .map(([lines, newline, last]) => lines.join(newline) + (last ? newline : ''));
