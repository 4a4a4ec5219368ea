import assert from 'node:assert/strict';
import { evaluateCondition } from '../../../server/src/formulas/cook/conditions';
import { durationNs } from '../../../server/src/base/duration';
import { matchesGlob } from '../../../server/src/base/glob';
import { PatternChecks } from '../../../server/src/formulas/cook/pattern';
import { evaluate } from '../../../server/src/formulas/compose/range';
import { substitute } from '../../../server/src/formulas/cook/variables';
import { parseVariable } from '../../../server/src/cli/shared/variableArgument';
import { Budget } from '../../../server/src/formulas/limits';
import { cooked, refused, shape, workflow } from './samples';

describe('variables', () => {
  const text =
    'formula = "f"\ndescription = "For {{who}}"\n[vars.who]\ndescription = "Whom"\n[vars.how]\ndefault = "well"\n[vars.kind]\nenum = ["a", "b"]\n[vars.n]\ntype = "int"\n[vars.yes]\ntype = "bool"\n[vars.id]\npattern = "^x\\\\d+$"\n[vars.must]\nrequired = true\n[[steps]]\nid = "a"\ntitle = "Do {{who}} {{how}} {{free}} {{else}}"\nlabels = ["l-{{how}}"]\nassignee = "{{who}}"\n[steps.metadata]\nlist = ["{{how}}", 7]\n[steps.gate]\ntype = "bead"\nawait_id = "{{id}}"\ntimeout = "30m"\n';
  const good = { who: 'ann', must: 'y', id: 'x1' };
  const cook = (given: Record<string, string>, offered: Record<string, string> = {}) =>
    cooked({ f: text }, { given, offered });

  it('are filled into every string once; undeclared placeholders stay', () => {
    const [gate, step] = cook({ ...good, who: '{{how}}' }).steps;
    assert.equal(step!.title, 'Do {{how}} well {{free}} {{else}}');
    assert.deepEqual([step!.labels, step!.assignee, step!.metadata], [['l-well'], '{{how}}', { list: ['well', 7] }]);
    assert.deepEqual(gate!.gate, { type: 'bead', awaitId: 'x1', timeout: 1800e9 });
    assert.deepEqual(step!.needs, ['gate-a']);
    assert.equal(cook({ ...good, free: 'given' }).steps[1]!.title, 'Do ann well given {{else}}');
    assert.equal(cook(good).description, 'For ann');
    const place = { where: 'here', path: [] };
    assert.equal(
      substitute('{{a}} {{ a }} {{constructor}}', { a: '$& {{a}}' }, new Budget(), place),
      '$& {{a}} {{ a }} {{constructor}}',
    );
  });

  it('are taken from the caller, then from the context, then from the default', () => {
    assert.deepEqual(cook(good, { who: 'bob', how: 'quickly', unrelated: 'x' }).vars, {
      who: 'ann',
      must: 'y',
      id: 'x1',
      how: 'quickly',
    });
  });

  it('that are missing, unknown or invalid are all reported', () => {
    refused(() => cook({}), /^missing required variables: who, id, must$/, /--var who=<Whom> --var id=<value>/);
    refused(() => cook({ ...good, must: '' }), /missing required variables: must/);
    refused(() => cook({ ...good, whom: 'x' }), /the formula f has no variable whom/, /it has: who, how/);
    refused(
      () => cook({ ...good, kind: 'c', n: '1.5', yes: 'perhaps', id: 'y' }),
      /validation failed:\n {2}- variable kind: "c" is not one of a, b\n {2}- variable n: "1.5" is not a whole number\n {2}- variable yes: .*neither true nor false\n {2}- variable id: "y" does not match the pattern/,
    );
    refused(() => cooked({ f: workflow('f', ['a']) }, { given: { x: '1' } }), /no variable x/, /it has none/);
  });

  it('are parsed from key=value', () => {
    assert.deepEqual(parseVariable('a=b=c'), ['a', 'b=c']);
    refused(() => parseVariable('=x'), /invalid variable format '=x', expected 'key=value'/);
    refused(() => parseVariable('word'), /invalid variable format/);
  });

  it('with a pattern that would backtrack for ever are matched in linear time', () => {
    const patterns = new PatternChecks();
    assert.match(
      patterns.mismatch('^(a+)+$', `${'a'.repeat(5_000)}!`) ?? '',
      /^does not match the pattern \^\(a\+\)\+\$/,
    );
    assert.equal(patterns.mismatch('^(a+)+$', 'a'.repeat(5_000)), undefined);
    assert.equal(patterns.mismatch('b', 'abc'), undefined, 'a part of the value is enough');
  });

  it('with an invalid or too costly pattern are reported', () => {
    const patterns = new PatternChecks();
    assert.match(patterns.problem('(a') ?? '', /^missing closing \): `\(a`$/);
    assert.match(patterns.problem('(a)\\1') ?? '', /^invalid escape sequence/);
    assert.match(patterns.problem('(a{1000}){1000}') ?? '', /^invalid repeat count/);
    assert.match(patterns.problem('a'.repeat(1_001)) ?? '', /^it is longer than 1000 characters$/);
    assert.match(patterns.mismatch('a', 'b'.repeat(10_001)) ?? '', /^is too long to be checked with the pattern a$/);
    const many = Array.from({ length: 300 }, (_, index) => patterns.problem(`[a-f]{1000}${index}`));
    assert.equal(many[0], undefined);
    assert.match(many.at(-1) ?? '', /^it is too costly to check/);
  });

  it('title and desc become title and description of the molecule', () => {
    const titled = cooked(
      { f: workflow('f', ['a'], '[vars.title]\ndefault = ""\n[vars.desc]\ndefault = ""') },
      { given: { title: 'The  title\nof it', desc: 'why' } },
    );
    assert.deepEqual([titled.title, titled.description], ['The title of it', 'why']);
    assert.equal(cooked({ f: workflow('f', ['a']) }).title, 'f');
  });
});

describe('conditions', () => {
  it('are evaluated', () => {
    const values = { yes: 'x', no: 'No', zero: '0', empty: '' };
    assert.deepEqual(
      [
        '',
        '{{yes}}',
        '{{no}}',
        '{{zero}}',
        '{{empty}}',
        '{{unset}}',
        '!{{no}}',
        '{{yes}} == x',
        '{{yes}} == "x"',
        "{{yes}} != 'x'",
        '{{unset}} == ""',
      ].map((condition) => evaluateCondition(condition, values)),
      [true, true, false, false, false, false, true, true, true, false, true],
    );
    refused(() => evaluateCondition('yes', values), /invalid step condition format: "yes"/);
  });

  it('drop a step with its children; the others keep their order', () => {
    const text =
      'formula = "f"\n[vars.full]\ndefault = "no"\n[vars.only]\n[[steps]]\nid = "a"\ntitle = "A"\n[[steps]]\nid = "b"\ntitle = "B {{only}}"\nneeds = ["a"]\ncondition = "{{full}}"\n[[steps.children]]\nid = "b1"\ntitle = "B1"\n[[steps]]\nid = "c"\ntitle = "C"\nneeds = ["b", "b1"]\n';
    assert.deepEqual(shape(cooked({ f: text })), ['a', 'c < a']);
    assert.deepEqual(shape(cooked({ f: text }, { given: { full: 'yes', only: 'x' } })), [
      'a',
      'b < a',
      'b1 in b',
      'c < b b1',
    ]);
    assert.deepEqual(
      cooked({ f: text }, { given: { only: 'x' } }).vars,
      { full: 'no', only: 'x' },
      'no slip: with another value it would be used',
    );
    assert.deepEqual(shape(cooked({ f: text }, { keepVariables: true })).length, 4);
    refused(
      () =>
        cooked({ f: 'formula = "f"\n[vars.v]\ndefault = ""\n[[steps]]\nid = "a"\ntitle = "A"\ncondition = "{{v}}"' }),
      /f has no steps left/,
    );
  });
});

describe('parsers of short values', () => {
  it('evaluate ranges, durations and globs', () => {
    assert.deepEqual(
      ['1+2*3', '(1+2)*3', '2^3^2', '-4/3', '{n}-1', '{{n}}*2'].map((text) => evaluate(text, { n: '5' })),
      [7, 9, 512, -1, 4, 10],
    );
    for (const text of ['', '1+', '(1', '1 2', 'x', '{m}', '9'.repeat(20), '1/0', '9^99', `${'('.repeat(500)}1`])
      assert.equal(evaluate(text, {}), undefined, text);
    assert.deepEqual(['30m', '1h30m', '250ms', '1.5s', '2d', 'soon', '', '5'].map(durationNs), [
      1800e9,
      5400e9,
      250e6,
      1.5e9,
      172_800e9,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(
      ['*', 'a.*', '*.b', 'a?b', 'a.b', 'b', '', '*b*', '**?'].map((pattern) => matchesGlob(pattern, 'a.b')),
      [true, true, true, true, true, false, false, true, true],
    );
  });
});
