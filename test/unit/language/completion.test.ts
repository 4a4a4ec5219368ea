import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CompletionItem, TextEdit } from 'vscode-languageserver-types';
import { completion } from '../../../server/src/language/features/completion/completion';
import { formulas, marked, placeIn, sample, textOf } from './marked';
import { formulaTexts } from './samples';
import { seeded } from './seeded';

const base =
  'formula = "base"\n[vars.q]\ndescription = "Which"\nrequired = true\n[[steps]]\nid = "s1"\ntitle = "S1 {{q}}"\n[[steps]]\nid = "s2"\ntitle = "S2"\nneeds = ["s1"]\n';
const items = (text: string, snippets = true, triggered = false): CompletionItem[] =>
  completion(marked(text), {
    triggered,
    formulas: formulas({ base, exp: 'formula = "exp"\ntype = "expansion"\n[[template]]\nid = "x"\ntitle = "X"' }),
    snippets,
  }).sort((a, b) => (a.sortText ?? a.label).localeCompare(b.sortText ?? b.label));
const labels = (text: string): string[] => items(text).map((item) => item.label);

/** The line of the cursor when an item has been chosen. */
function chosen(text: string, label: string, snippets = true): string {
  const place = marked(text);
  const item = items(text, snippets).find((one) => one.label === label);
  assert.ok(item, `${label} is not offered in ${text}`);
  const edit = item.textEdit as TextEdit;
  const [start, end] = [place.document.offsetAt(edit.range.start), place.document.offsetAt(edit.range.end)];
  assert.ok(start <= place.offset && place.offset <= end, 'the edit is not at the cursor');
  const made = place.document.text.slice(0, start) + edit.newText + place.document.text.slice(end);
  return made.slice(place.document.lineStart(start), made.length).split('\n')[0]!;
}

const head =
  'formula = "f"\n[vars.feature]\ndescription = "What"\n[vars.color]\nenum = ["red", "green"]\ndefault = "red"\n[[steps]]\nid = "a"\ntitle = "A"\n';
const withStep = (more: string): string => `${head}[[steps]]\nid = "b"\ntitle = "B"\n${more}`;

describe('completion in formulas', () => {
  it('offers nothing behind a value that is whole: Enter is for the next line', () => {
    for (const line of [
      'notes = "x"|',
      "notes = 'x'|",
      'needs = ["a"]|',
      'needs = ["a"|',
      'needs = ["a"|]',
      'gate = { type = "human" }|',
    ])
      assert.deepEqual(labels(withStep(line)), [], line);
  });

  it('offers nothing where what stands there is all that could be chosen', () => {
    for (const line of [
      'priority = 1|',
      'type = "task|"',
      'needs = ["a|"]',
      'needs| = []',
      '[steps.gate|]',
      '[steps.gate]|',
      '[vars.x]\nrequired = true|',
    ])
      assert.deepEqual(labels(withStep(line)), [], line);
    assert.ok(labels(withStep('type = "|task"')).length > 1);
    assert.ok(labels(withStep('type = "tas|"')).includes('task'));
    assert.deepEqual(
      labels(`${withStep('[[steps]]')}\nid = "ab"\n[[steps]]\nid = "z"\nneeds = ["a|"]`),
      ['a', 'b', 'ab'],
      'there is more to choose',
    );
  });

  it('offers nothing without quotes in a list as a bracket is typed: Enter is for a line between the brackets', () => {
    for (const text of [
      withStep('needs = [|]'),
      withStep('needs = [|'),
      withStep('needs = ["a", |]'),
      'formula = "f"\nextends = [|]',
    ]) {
      assert.deepEqual(items(text, true, true), [], text);
    }
    assert.deepEqual(labels(withStep('needs = [|]')), ['a']);
    assert.deepEqual(
      items(withStep('needs = ["|"]'), true, true).map((item) => item.label),
      ['a'],
      'a quote asks',
    );
    assert.ok(items(withStep('gate = {|}'), true, true).length > 0);
  });

  it('takes what stands in the document as it is', () => {
    const dollar =
      'formula = "f"\n[vars.v]\nenum = ["$1.00", "${2:x}"]\ndefault = "|"\n[[steps]]\nid = "cost-$1"\n[[steps]]\nid = "z"\n';
    assert.equal(chosen(dollar, '$1.00'), 'default = "$1.00"');
    assert.equal(chosen(dollar, '${2:x}', false), 'default = "${2:x}"');
    assert.ok(items(dollar).every((item) => item.insertTextFormat === undefined));
    assert.equal(chosen(`${dollar.replace('|', '')}needs = ["|"]`, 'cost-$1', false), 'needs = ["cost-$1"]');
    assert.equal(items(`${dollar.replace('|', '')}needs = [|]`)[0]?.insertTextFormat, undefined);
    const blank = (value: string): string =>
      `formula = "f"\n[vars.v]\nenum = ["x y", "x z", "say \\"x\\"", "it's"]\ndefault = ${value}\n`;
    assert.equal(chosen(blank('"x |"'), 'x z'), 'default = "x z"');
    assert.equal(chosen(blank('"x| q"'), 'x z'), 'default = "x z"');
    assert.equal(chosen(blank('"x |'), 'x z'), 'default = "x z"');
    assert.equal(chosen(blank('"|"'), 'say "x"'), 'default = "say \\"x\\""');
    assert.equal(chosen(blank("'|'"), 'say "x"'), 'default = \'say "x"\'');
    assert.ok(!labels(blank("'|'")).includes("it's"), 'such quotes cannot hold it');
  });

  it('offers what parents bring', () => {
    const child = (more: string, parent = 'base'): string =>
      `formula = "f"\nextends = ["${parent}"]\n[[steps]]\nid = "b"\ntitle = "B {{q}} {{r}}"\n${more}`;
    assert.deepEqual(labels(child('needs = ["|"]')), ['s1', 's2']);
    assert.deepEqual(labels(child('description = "{{|"')), ['q']);
    assert.equal(items(child('description = "{{|"'))[0]?.detail, 'Which');
    assert.deepEqual(
      labels(child('|')).filter((label) => label.startsWith('[vars.')),
      ['[vars.r]', '[vars.name]'],
    );
    assert.deepEqual(labels(child('[[steps]]\nid = "s1"\ntitle = "Mine"\nneeds = ["|"]')), ['b'], 's2 waits for s1');
    for (const parent of ['nowhere', 'f']) assert.deepEqual(labels(child('needs = ["|"]', parent)), []);
  });

  it('offers the keys of a table, what is required first, nothing twice', () => {
    const step = labels('formula = "f"\n[[steps]]\n|');
    assert.deepEqual(step.slice(0, 3), ['id', 'title', 'description']);
    assert.ok(step.includes('needs') && step.includes('waits_for') && !step.includes('formula'));
    assert.ok(!labels(withStep('|')).includes('id'));
    assert.deepEqual(labels('|').slice(0, 2), ['formula', 'description']);
    assert.ok(labels('formula = "f"\n[vars.x]\n|').includes('required'));
    assert.ok(!labels('formula = "f"\n[steps.metadata]\n|').includes('id'));
    const needs = items(withStep('ne|')).find((item) => item.label === 'needs');
    assert.match(JSON.stringify(needs?.documentation), /must be done before/);
  });

  const edits: [what: string, text: string, label: string, line: string][] = [
    ['a key with its value', withStep('|'), 'needs', 'needs = ["$1"]'],
    ['a key that is half typed, before another line', withStep('nee|\npriority = 1'), 'needs', 'needs = ["$1"]'],
    ['a key that is typed again before its value', withStep('nee| = []'), 'needs', 'needs = []'],
    ['a key of several lines', withStep('|'), 'description', 'description = """'],
    ['a key with few values', withStep('|'), 'type', 'type = "${1|task,bug,feature,chore,epic|}"'],
    [
      'a key of an inline table',
      withStep('gate = { |'),
      'type',
      'gate = { type = "${1|human,timer,gh:run,gh:pr,mail,bead|}"',
    ],
    [
      'a key of an inline table, behind another',
      withStep('gate = { type = "timer", ti| }'),
      'timeout',
      'gate = { type = "timer", timeout = "$1" }',
    ],
    ['a step in a list that is not closed', withStep('needs = ["|'), 'a', 'needs = ["a"'],
    ['a step within quotes', withStep('needs = ["|"]'), 'a', 'needs = ["a"]'],
    ['a step that is half typed', withStep('needs = ["x|"]'), 'a', 'needs = ["a"]'],
    ['a step without quotes', withStep('needs = [|]'), 'a', 'needs = ["a"]'],
    ['a step in a list of several lines', withStep('needs = [\n  |\n'), 'a', '  "a"'],
    [
      'a step in a broken line before another step',
      withStep('needs = ["|\n[[steps]]\nid = "c"\ntitle = "C"'),
      'a',
      'needs = ["a"',
    ],
    ['what is waited for', withStep('waits_for = "|"'), 'children-of(a)', 'waits_for = "children-of(a)"'],
    ['the step of children-of', withStep('waits_for = "children-of(|)"'), 'a', 'waits_for = "children-of(a)"'],
    ['a type in quotes', withStep('type = "|"'), 'bug', 'type = "bug"'],
    ['a type without quotes', withStep('type = |'), 'bug', 'type = "bug"'],
    ['a type that is half typed without quotes', withStep('type = bu|'), 'bug', 'type = "bug"'],
    ['the type of a gate in its own table', withStep('[steps.gate]\ntype = "|"'), 'gh:pr', 'type = "gh:pr"'],
    ['a truth', 'formula = "f"\n[vars.x]\nrequired = |', 'true', 'required = true'],
    ['a variable', withStep('description = "Do {{|"'), 'feature', 'description = "Do {{feature}}"'],
    [
      'a variable between braces',
      withStep('description = "Do {{f|}} now"'),
      'feature',
      'description = "Do {{feature}} now"',
    ],
    ['a variable in a block', withStep('description = """\n{{#if |}}\n"""'), 'color', '{{#if color}}'],
    ['a variable in a text that is never closed', withStep('title = "{{co|'), 'color', 'title = "{{color}}'],
    [
      'a default among the allowed values',
      'formula = "f"\n[vars.c]\nenum = ["red", "green"]\ndefault = "|"',
      'green',
      'default = "green"',
    ],
    ['a formula to extend', 'formula = "f"\nextends = ["|"]', 'shiny', 'extends = ["shiny"]'],
    ['an expansion', withStep('expand = "|"'), 'exp', 'expand = "exp"'],
    ['a header', `${head}[|`, '[[steps]]', '[[steps]]'],
    ['a header that is half typed', `${head}[[st|`, '[[steps]]', '[[steps]]'],
    ['a header within closing brackets', `${head}[[st|]]`, '[[steps.children]]', '[[steps.children]]'],
    ['a header of a step', `${head}|`, '[steps.gate]', '[steps.gate]'],
    ['a header for a variable', `${head}|`, '[vars.name]', '[vars.${1:name}]'],
    [
      'a header for a variable that is used and not declared',
      withStep('description = "{{other}}"\n|'),
      '[vars.other]',
      '[vars.other]',
    ],
    ['the step that an expansion replaces', 'formula = "e"\n[[template]]\nid = "{|}"', 'target', 'id = "{target}"'],
    ['a leg', 'formula = "c"\n[[legs]]\nid = "one"\n[synthesis]\ndepends_on = ["|"]', 'one', 'depends_on = ["one"]'],
    ['a step where parts are composed', `${head}[[compose.branch]]\nfrom = "|"`, 'a', 'from = "a"'],
  ];
  for (const [what, text, label, line] of edits) it(`writes ${what}`, () => assert.equal(chosen(text, label), line));

  it('offers no step that would close a circle, and none twice', () => {
    const needs = (id: string): string =>
      sample.replace(
        new RegExp(`id = "${id}"\ntitle = "(.*)"\n(needs = .*\n)?`),
        `id = "${id}"\ntitle = "$1"\nneeds = ["|"]\n`,
      );
    assert.deepEqual(labels(needs('a')), [], 'everything waits for a');
    assert.deepEqual(labels(needs('b')), ['a', 'c', 'c1']);
    assert.deepEqual(labels(needs('d')), ['a', 'b', 'c', 'c1']);
    assert.deepEqual(labels(sample.replace('needs = ["b", "c"]', 'needs = ["b", "|"]')), ['a', 'c', 'c1']);
    assert.ok(
      !labels(sample.replace('id = "c1"\n', 'id = "c1"\nneeds = ["|"]\n')).includes('c'),
      'a part does not wait for the whole',
    );
  });

  it('offers whole tables, and plain text to editors that fill nothing in', () => {
    const text = `${head}|`;
    const step = items(text).find((item) => item.label === 'step');
    assert.match((step?.textEdit as TextEdit).newText, /\[\[steps\]\]\nid = "\$\{1:id\}".*\nneeds = \["\$\{3:a\}"\]/s);
    assert.ok(labels('|').includes('workflow'));
    assert.equal(chosen(text, 'needs', false), 'needs = [""]');
    assert.equal(chosen(text, 'type', false), 'type = "task"');
    assert.ok(items(text, false).every((item) => !/\$[\d{]/.test((item.textEdit as TextEdit).newText)));
  });

  it('gives way to who types a header to its end', () => {
    assert.equal(items(`${head}[|`).find((item) => item.label === '[[steps]]')?.filterText, '[[steps');
  });

  it('is silent in comments, titles and behind values', () => {
    for (const text of [
      '# for|',
      withStep('title = "some |"').replace('title = "B"\n', ''),
      withStep('priority = 1 # |'),
      withStep('needs = ["a"] |'),
      'formula = "f" |',
    ])
      assert.deepEqual(labels(text), [], text);
  });

  it('never throws and edits one line only, wherever the cursor is and whatever is cut out', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(sample, ...Object.values(formulaTexts()).filter((text) => text.length < 8_000)),
        fc.nat(),
        fc.nat({ max: 200 }),
        fc.nat(),
        (text, where, length, at) => {
          const from = where % text.length;
          const cut = text.slice(0, from) + text.slice(from + length);
          const place = placeIn(cut, at % (cut.length + 1));
          for (const item of completion(place, { formulas: formulas(), snippets: true })) {
            const { range } = item.textEdit as TextEdit;
            assert.equal(range.start.line, range.end.line);
            const offset = place.document.offsetAt(range.start);
            assert.ok(
              offset <= place.offset && place.offset <= place.document.offsetAt(range.end),
              `${item.label} at ${textOf(place, range)}`,
            );
          }
        },
      ),
      seeded({ numRuns: 400 }),
    );
  });
});
