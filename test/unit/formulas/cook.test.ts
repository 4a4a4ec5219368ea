import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import { evaluateCondition } from '../../../server/src/formulas/cook/conditions';
import { durationNs } from '../../../server/src/formulas/cook/proto';
import { matchesGlob } from '../../../server/src/formulas/compose/glob';
import { FormulaRegistry } from '../../../server/src/formulas/registry/registry';
import { PatternChecks } from '../../../server/src/formulas/cook/pattern';
import { evaluate } from '../../../server/src/formulas/compose/range';
import { substitute } from '../../../server/src/formulas/cook/variables';
import { parseVariable } from '../../../server/src/cli/shared/variableArgument';
import { Budget } from '../../../server/src/formulas/limits';
import { cooked, expansion, filesOf, registryOf, shape, workflow } from './samples';

const refused = (work: () => unknown, message: RegExp, hint?: RegExp): void => {
  assert.throws(work, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    if (hint) assert.match(error.hint ?? '', hint);
    return true;
  });
};

describe('variables', () => {
  const text =
    'formula = "f"\ndescription = "For {{who}}"\n[vars.who]\ndescription = "Whom"\n[vars.how]\ndefault = "well"\n[vars.kind]\nenum = ["a", "b"]\n[vars.n]\ntype = "int"\n[vars.yes]\ntype = "bool"\n[vars.id]\npattern = "^x\\\\d+$"\n[vars.must]\nrequired = true\n[[steps]]\nid = "a"\ntitle = "Do {{who}} {{how}} {{free}} {{else}}"\nlabels = ["l-{{how}}"]\nassignee = "{{who}}"\n[steps.metadata]\nlist = ["{{how}}", 7]\n[steps.gate]\ntype = "bead"\nawait_id = "{{id}}"\ntimeout = "30m"\n';
  const good = { who: 'ann', must: 'y', id: 'x1' };
  const cook = (given: Record<string, string>, offered: Record<string, string> = {}) =>
    cooked({ f: text }, { given, offered });

  it('go into every text, once, and what nobody declared stays', () => {
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

  it('come from the caller, then from what is known, then from the default', () => {
    assert.deepEqual(cook(good, { who: 'bob', how: 'quickly', unrelated: 'x' }).vars, {
      who: 'ann',
      must: 'y',
      id: 'x1',
      how: 'quickly',
    });
  });

  it('that are missing, unknown or wrong are all told', () => {
    refused(() => cook({}), /^missing required variables: who, id, must$/, /--var who=<Whom> --var id=<value>/);
    refused(() => cook({ ...good, must: '' }), /missing required variables: must/);
    refused(() => cook({ ...good, whom: 'x' }), /the formula f has no variable whom/, /it has: who, how/);
    refused(
      () => cook({ ...good, kind: 'c', n: '1.5', yes: 'perhaps', id: 'y' }),
      /validation failed:\n {2}- variable kind: "c" is none of a, b\n {2}- variable n: "1.5" is no whole number\n {2}- variable yes: .*neither true nor false\n {2}- variable id: "y" does not match the pattern/,
    );
    refused(() => cooked({ f: workflow('f', ['a']) }, { given: { x: '1' } }), /no variable x/, /it has none/);
  });

  it('are given as key=value', () => {
    assert.deepEqual(parseVariable('a=b=c'), ['a', 'b=c']);
    refused(() => parseVariable('=x'), /invalid variable format '=x', expected 'key=value'/);
    refused(() => parseVariable('word'), /invalid variable format/);
  });

  it('with a pattern that backtracking would never finish are matched all the same', () => {
    const patterns = new PatternChecks();
    assert.match(
      patterns.mismatch('^(a+)+$', `${'a'.repeat(5_000)}!`) ?? '',
      /^does not match the pattern \^\(a\+\)\+\$/,
    );
    assert.equal(patterns.mismatch('^(a+)+$', 'a'.repeat(5_000)), undefined);
    assert.equal(patterns.mismatch('b', 'abc'), undefined, 'a part of the value is enough');
  });

  it('with a pattern that cannot be used are told why, and what is too costly is refused', () => {
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

  it('name the molecule where the formula says so', () => {
    const titled = cooked(
      { f: workflow('f', ['a'], '[vars.title]\ndefault = ""\n[vars.desc]\ndefault = ""') },
      { given: { title: 'The  title\nof it', desc: 'why' } },
    );
    assert.deepEqual([titled.title, titled.description], ['The title of it', 'why']);
    assert.equal(cooked({ f: workflow('f', ['a']) }).title, 'f');
  });
});

describe('conditions', () => {
  it('are true, false, equal or not', () => {
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

  it('take a step out with its children; the others keep their order', () => {
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
      /no step of f is left/,
    );
  });
});

describe('extends', () => {
  it('takes in steps, variables and what is composed; the child wins in place', () => {
    const base = workflow(
      'base',
      ['a', 'b < a', 'c < b'],
      '[vars]\nx = "base"\ny = "base"\n[compose]\nbranch = [{from = "a", steps = ["b"], join = "c"}]\naspects = ["asp"]',
    );
    const child = `formula = "child"\nextends = ["base", "other"]\ndescription = "D"\n[vars]\nx = "child"\n[[steps]]\nid = "b"\ntitle = "Another b"\n[[steps]]\nid = "d"\ntitle = "D"\nneeds = ["c"]\n[compose]\naspects = ["asp"]`;
    const other = workflow('other', ['o'], '[vars]\ny = "other"\nz = "other"');
    const proto = cooked({
      child,
      base,
      other,
      asp: 'formula = "asp"\ntype = "aspect"\n[[advice]]\ntarget = "c"\nbefore = [{id = "pre", title = "Pre"}]',
    });
    assert.deepEqual(shape(proto), ['a', 'b < a', 'pre < b', 'c < b pre', 'o', 'd < c']);
    assert.equal(proto.steps[1]!.title, 'Another b');
    assert.deepEqual(proto.vars, { y: 'base', z: 'other', x: 'child' });
  });

  it('refuses circles and parents that are not there', () => {
    refused(
      () => cooked({ a: 'formula = "a"\nextends = ["b"]', b: 'formula = "b"\nextends = ["a"]' }),
      /circular extends detected: a -> b -> a/,
    );
    refused(
      () => cooked({ a: 'formula = "a"\nextends = ["nowhere"]' }),
      /a extends nowhere: formula "nowhere" not found/,
    );
    refused(
      () => cooked({ a: 'formula = "a"\nextends = ["b"]\n', b: 'formula = [' }),
      /a extends b: \/p\/b\.formula\.toml: formula validation failed/,
    );
  });
});

describe('composition', () => {
  it('puts an expansion in the place of a step', () => {
    const f = workflow(
      'f',
      ['a', 'b < a', 'c < b'],
      '[compose]\nexpand = [{target = "b", with = "e", vars = {how = "slowly"}}]',
    );
    const proto = cooked({
      f,
      e: expansion(
        'e',
        ['one', 'two'],
        '[vars]\nhow = "fast"\n[[template]]\nid = "{target}.side"\ntitle = "{how} {{how}} {other}"',
      ),
    });
    assert.deepEqual(shape(proto), ['a', 'b.one < a', 'b.two < b.one', 'b.side < a', 'c < b.two b.side']);
    assert.deepEqual(
      proto.steps.map((step) => step.title),
      ['Do a', 'one Do b', 'two Do b', 'slowly slowly {other}', 'Do c'],
    );
  });

  it('does so for every step that a pattern selects, and for a step that says it itself', () => {
    const f = workflow('f', ['x-a', 'x-b < x-a', 'y < x-b'], '[compose]\nmap = [{select = "x-*", with = "e"}]');
    assert.deepEqual(shape(cooked({ f, e: expansion('e', ['1', '2']) })), [
      'x-a.1',
      'x-a.2 < x-a.1',
      'x-b.1 < x-a.2',
      'x-b.2 < x-b.1',
      'y < x-b.2',
    ]);
    const g =
      'formula = "g"\n[[steps]]\nid = "a"\nexpand = "e"\n[[steps]]\nid = "b"\nexpand = "e"\nneeds = ["a"]\n[[steps]]\nid = "c"\ntitle = "C"\nneeds = ["b"]';
    assert.deepEqual(shape(cooked({ g, e: expansion('e', ['1', '2']) })), [
      'a.1',
      'a.2 < a.1',
      'b.1 < a.2',
      'b.2 < b.1',
      'c < b.2',
    ]);
    const same =
      'formula = "e"\ntype = "expansion"\n[[template]]\nid = "{target}.prep"\ntitle = "P"\n[[template]]\nid = "{target}"\ntitle = "T"\nneeds = ["{target}.prep"]\n[[template]]\nid = "{target}.check"\ntitle = "C"\nneeds = ["{target}"]';
    assert.deepEqual(
      shape(cooked({ f: workflow('f', ['a', 'b < a'], '[compose]\nexpand = [{target = "a", with = "e"}]'), e: same })),
      ['a.prep', 'a < a.prep', 'a.check < a', 'b < a.check'],
    );
  });

  it('weaves advice around steps, also from aspects', () => {
    const f = workflow(
      'f',
      ['a', 'b < a', 'c < b'],
      '[[advice]]\ntarget = "b"\nafter = [{id = "{step.id}-post", title = "After {step.title}"}]\n[advice.around]\nbefore = [{id = "{step.id}-1", title = "1"}, {id = "{step.id}-2", title = "2"}]\n[compose]\naspects = ["s"]',
    );
    const proto = cooked({
      f,
      s: 'formula = "s"\ntype = "aspect"\n[[advice]]\ntarget = "b"\n[advice.around]\nafter = [{id = "scan", title = "Scan"}]',
    });
    assert.deepEqual(shape(proto), [
      'a',
      'b-1 < a',
      'b-2 < b-1',
      'b < a b-2',
      'scan < b',
      'b-post < scan',
      'c < b-post',
    ]);
    assert.equal(proto.steps[5]!.title, 'After Do b');
  });

  it('forks and joins, and labels what a gate is about', () => {
    const f = workflow(
      'f',
      ['a', 'b', 'c', 'd'],
      '[compose]\nbranch = [{from = "a", steps = ["b", "c"], join = "d"}]\ngate = [{before = "d", condition = "steps.complete >= 2"}]',
    );
    const proto = cooked({ f });
    assert.deepEqual(shape(proto), ['a', 'b < a', 'c < a', 'd < b c']);
    assert.deepEqual(proto.steps[3]!.labels, ['gate:{"condition":"steps.complete >= 2"}']);
  });

  it('writes loops out', () => {
    const loop = (text: string, more = ''): string =>
      `formula = "f"\n[vars]\nn = "3"\n[[steps]]\nid = "a"\ntitle = "A"\n[[steps]]\nid = "l"\ntitle = "L"\nneeds = ["a"]\n[steps.loop]\n${text}\n[[steps.loop.body]]\nid = "x"\ntitle = "X {i} {{n}}"\n[[steps.loop.body]]\nid = "y"\ntitle = "Y"\nneeds = ["x"]\n[[steps]]\nid = "z"\ntitle = "Z"\nneeds = ["l"]\n${more}`;
    const proto = cooked({ f: loop('range = "2..{n}"\nvar = "i"') });
    assert.deepEqual(shape(proto), [
      'a',
      'l.iter1.x < a',
      'l.iter1.y < l.iter1.x',
      'l.iter2.x < l.iter1.y',
      'l.iter2.y < l.iter2.x',
      'z < l.iter2.y',
    ]);
    assert.deepEqual(
      proto.steps.map((step) => step.title).filter((title) => title.startsWith('X')),
      ['X 2 3', 'X 3 3'],
    );
    assert.equal(cooked({ f: loop('count = 5') }).steps.length, 12);
    const until = cooked({ f: loop('until = "x.status == \'complete\'"\nmax = 4') });
    assert.deepEqual(until.steps[1]!.labels, ['loop:{"max":4,"until":"x.status == \'complete\'"}']);
    assert.deepEqual(shape(until).at(-1), 'z < l.iter1.y');
    refused(() => cooked({ f: loop('range = "3..2"') }), /range end \(2\) is less than start \(3\)/);
    refused(() => cooked({ f: loop('range = "1..9999"') }), /more than 1,000 rounds/);
    refused(() => cooked({ f: loop('range = "1..{m}"') }), /invalid range "\{m\}"/);
  });

  it('keeps children below their step, and waits for what others spawn', () => {
    const f =
      'formula = "f"\n[[steps]]\nid = "p"\ntitle = "P"\n[[steps.children]]\nid = "c"\ntitle = "C"\n[[steps]]\nid = "w"\ntitle = "W"\nneeds = ["p"]\nwaits_for = "any-children"\n[[steps]]\nid = "v"\ntitle = "V"\nwaits_for = "children-of(p)"\ntype = "odd"';
    const proto = cooked({ f });
    assert.deepEqual(
      proto.steps.map(({ id, type, parent, waitsFor, labels }) => [
        id,
        type,
        parent,
        waitsFor?.gate,
        waitsFor?.spawner,
        labels[0],
      ]),
      [
        ['p', 'epic', undefined, undefined, undefined, undefined],
        ['c', 'task', 'p', undefined, undefined, undefined],
        ['w', 'task', undefined, 'any-children', 'p', 'gate:any-children'],
        ['v', 'task', undefined, 'all-children', 'p', 'gate:all-children'],
      ],
    );
  });

  it('says what does not fit', () => {
    const f = (compose: string): Record<string, string> => ({
      f: workflow('f', ['a', 'b < a'], `[compose]\n${compose}`),
      e: expansion('e', ['1']),
      w: workflow('w', ['q']),
      bad: 'formula = "bad"\ntype = "expansion"\n[[template]]\nid = "same"\ntitle = "S"',
      deep: 'formula = "deep"\ntype = "expansion"\n[[template]]\nid = "{target}.d"\nexpand = "deep"',
      lost: 'formula = "lost"\ntype = "expansion"\n[[template]]\nid = "{target}.l"\ntitle = "L"\nneeds = ["elsewhere"]',
    });
    refused(
      () => cooked(f('expand = [{target = "z", with = "e"}]')),
      /f: compose\.expand\[0\]: target step "z" not found/,
      /The steps are: a, b/,
    );
    refused(
      () => cooked(f('expand = [{target = "a", with = "w"}]')),
      /compose\.expand\[0\]: w is not an expansion formula \(type=workflow\)/,
    );
    refused(
      () => cooked(f('map = [{select = "*", with = "bad"}]')),
      /duplicate step IDs after expansion: same/,
      /Use \{target\}/,
    );
    refused(
      () =>
        cooked(
          f('expand = [{target = "a", with = "deep"}]').f
            ? { g: 'formula = "g"\n[[steps]]\nid = "a"\nexpand = "deep"', ...f('') }
            : {},
        ),
      /inline expansion depth limit exceeded: max 5 levels/,
    );
    refused(
      () => cooked(f('expand = [{target = "a", with = "lost"}]')),
      /step a\.l needs "elsewhere", which is not there/,
    );
    refused(() => cooked(f('aspects = ["w"]')), /compose\.aspects\[0\]: w is not an aspect formula/);
    refused(
      () => cooked(f('branch = [{from = "z", steps = ["a"], join = "b"}]')),
      /compose\.branch\[0\]: from step "z" not found/,
    );
    refused(() => cooked(f('branch = [{from = "b", steps = ["a"], join = "b"}]')), /cycle detected/);
    refused(
      () => cooked(f('gate = [{before = "z", condition = "steps.complete >= 2"}]')),
      /compose\.gate\[0\]: target step "z" not found/,
    );
    refused(
      () => cooked(f('gate = [{before = "a", condition = "maybe"}]')),
      /compose\.gate\[0\]: invalid condition "maybe"/,
    );
    refused(
      () => cooked({ a: 'formula = "a"\ntype = "aspect"\n[[advice]]\ntarget = "x"\nbefore = [{id = "y"}]' }),
      /a is an aspect and makes no steps by itself/,
    );
    refused(() => cooked({ c: 'formula = "c"\n[[legs]]\nid = "x"' }), /c is a convoy formula and is not poured/);
    refused(
      () => cooked({ f: workflow('f', ['a < b']) }),
      /\/p\/f\.formula\.toml: formula validation failed:\n {2}- steps\[0\] \(a\): needs references unknown step "b"/,
      /Fix this in the file/,
    );
  });

  it('lets an expansion stand alone', () => {
    assert.deepEqual(shape(cooked({ e: expansion('e', ['1', '2']) })), ['main.1', 'main.2 < main.1']);
  });

  it('cuts titles that no bead could bear', () => {
    const proto = cooked(
      { f: workflow('f', ['a'], '[vars]\nt = ""').replace('Do a', '{{t}}\\nrest') },
      { given: { t: '🧪'.repeat(300) } },
    );
    assert.ok(Buffer.byteLength(proto.steps[0]!.title) <= 400);
    assert.equal(cooked({ f: workflow('f', ['a'], '[vars]\nt = ""').replace('Do a', '{{t}}') }).steps[0]!.title, 'a');
  });
});

describe('small parts', () => {
  it('reckon ranges, durations and patterns', () => {
    assert.deepEqual(
      ['1+2*3', '(1+2)*3', '2^3^2', '-4/3', '{n}-1', '{{n}}*2'].map((text) => evaluate(text, { n: '5' })),
      [7, 9, 512, -1, 4, 10],
    );
    for (const text of ['', '1+', '(1', '1 2', 'x', '{m}', '9'.repeat(20), '1/0', '9^99', `${'('.repeat(500)}1`])
      assert.equal(evaluate(text, {}), undefined, text);
    assert.deepEqual(['30m', '1h30m', '250ms', '1.5s', 'soon', '', '5'].map(durationNs), [
      1800e9,
      5400e9,
      250e6,
      1.5e9,
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

describe('the registry', () => {
  it('looks in the project, then at the person and the town, then at what is built in', () => {
    const files = filesOf({
      '/p/one.formula.toml': workflow('one', ['p']),
      '/t/one.formula.toml': workflow('one', ['t']),
      '/t/two.formula.json': JSON.stringify({ formula: 'two', steps: [{ id: 'a', title: 'A' }] }),
      '/p/notes.txt': '',
      '/p/shiny.formula.toml': 'formula = [',
    });
    const registry = new FormulaRegistry(
      [
        { tier: 'project', directory: '/p' },
        { tier: 'town', directory: '/t' },
      ],
      { files },
    );
    assert.deepEqual(
      registry.list().map((entry) => [entry.name, entry.tier, entry.problems.length]),
      [
        ['mol-polecat-work', 'built-in', 0],
        ['one', 'project', 0],
        ['shiny', 'project', 1],
        ['two', 'town', 0],
      ],
    );
    assert.deepEqual(shape(registry.cook('one', {}).proto), ['p']);
    refused(() => registry.cook('shiny', {}), /\/p\/shiny\.formula\.toml: formula validation failed/);
    assert.deepEqual(registry.raw('two'), { formula: 'two', steps: [{ id: 'a', title: 'A' }] });
    refused(() => registry.raw('shiny'), /line 1/);
  });

  it('says what it does not find, and takes no path for a name', () => {
    refused(
      () => registryOf({}).cook('shinny', {}),
      /formula "shinny" not found/,
      /Did you mean shiny\?.*Looked in \/p and the built-in ones/,
    );
    for (const name of ['../x', 'a/b', '', '.hidden', '-x', 'a b'])
      refused(() => registryOf({}).cook(name, {}), /invalid formula name/);
    assert.match(
      registryOf({ a: workflow('b', ['x']) }).check('a').problems[0]!.message,
      /the file is named a, the formula b/,
    );
  });

  it('has built-in formulas without a fault', () => {
    const registry = new FormulaRegistry([]);
    for (const entry of registry.list()) assert.deepEqual(entry.problems, [], entry.name);
    assert.deepEqual(shape(registry.cook('shiny', {}).proto), [
      'design',
      'implement < design',
      'review < implement',
      'test < review',
      'submit < test',
    ]);
    const work = registry.cook('mol-polecat-work', { given: { issue: 'toy-1', setup_command: 'npm ci' } }).proto;
    assert.deepEqual(
      work.steps.map((step) => step.id),
      ['understand', 'prepare', 'setup', 'implement', 'self-review', 'check', 'submit'],
    );
    assert.match(work.steps[2]!.description ?? '', /npm ci/);
    assert.ok(!JSON.stringify(work).includes('{{'));
  });

  it('cooks the real formulas of other towns', function () {
    const folder = path.resolve('..', '..', 'shared', 'fixtures', 'formulas');
    const directory = [path.resolve('..', 'shared', 'fixtures', 'formulas'), folder].find((candidate) =>
      fs.existsSync(candidate),
    );
    if (!directory) {
      console.log('      (the real formulas are not there: nothing was checked)');
      this.skip();
    }
    const registry = new FormulaRegistry([{ tier: 'project', directory: directory }]);
    const entries = registry.list().filter((entry) => entry.tier === 'project');
    assert.equal(entries.length, 16);
    for (const entry of entries)
      assert.deepEqual(
        entry.problems.filter((problem) => problem.severity === 'error'),
        [],
        entry.name,
      );
    const count = (name: string): number => registry.cook(name, { keepVariables: true }).proto.steps.length;
    assert.deepEqual(
      [
        'towers-of-hanoi-10',
        'shiny-enterprise',
        'shiny-secure',
        'mol-polecat-work-monorepo-tdd',
        'mol-shutdown-dance',
      ].map(count),
      [1025, 9, 9, 14, 14],
    );
  });
});
