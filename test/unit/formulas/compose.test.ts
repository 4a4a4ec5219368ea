import assert from 'node:assert/strict';
import { cooked, expansion, refused, shape, workflow } from './samples';

describe('extends', () => {
  it('inherits steps, variables and compose entries; the child overrides', () => {
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

  it('takes once what several parents inherit from the same formula', () => {
    const advice = '[[advice]]\ntarget = "a"\n[[advice.after]]\nid = "{step.id}-check"\ntitle = "Check"\n';
    const parent = (name: string): string =>
      `formula = "${name}"\nextends = ["base"]\n[[steps]]\nid = "${name}"\ntitle = "T"\n`;
    const proto = cooked({
      child:
        'formula = "child"\nextends = ["left", "right", "left"]\n[[steps]]\nid = "end"\ntitle = "E"\nneeds = ["a"]\n',
      left: parent('left'),
      right: parent('right'),
      base: workflow('base', ['a'], advice),
    });
    assert.deepEqual(shape(proto), ['a', 'a-check < a', 'left', 'right', 'end < a-check']);
  });

  it('rejects cycles and missing parents', () => {
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
  it('replaces a step by the template of an expansion', () => {
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

  it('replaces all steps that a pattern selects, and steps with an inline expansion', () => {
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

  it('adds steps of advice, also from aspects', () => {
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

  it('applies branches, and labels steps with gates', () => {
    const f = workflow(
      'f',
      ['a', 'b', 'c', 'd'],
      '[compose]\nbranch = [{from = "a", steps = ["b", "c"], join = "d"}]\ngate = [{before = "d", condition = "steps.complete >= 2"}]',
    );
    const proto = cooked({ f });
    assert.deepEqual(shape(proto), ['a', 'b < a', 'c < a', 'd < b c']);
    assert.deepEqual(proto.steps[3]!.labels, ['gate:{"condition":"steps.complete >= 2"}']);
  });

  it('unrolls loops', () => {
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

  it('keeps children below their parent, and waits for spawned beads', () => {
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

  it('reports what cannot be composed', () => {
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
      /step a\.l needs "elsewhere", which does not exist/,
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
      /a is an aspect and has no steps/,
    );
    refused(() => cooked({ c: 'formula = "c"\n[[legs]]\nid = "x"' }), /c is a convoy formula and is not poured/);
    refused(
      () => cooked({ f: workflow('f', ['a < b']) }),
      /\/p\/f\.formula\.toml: formula validation failed:\n {2}- steps\[0\] \(a\): needs references unknown step "b"/,
      /Fix this in the file/,
    );
  });

  it('cooks an expansion by itself', () => {
    assert.deepEqual(shape(cooked({ e: expansion('e', ['1', '2']) })), ['main.1', 'main.2 < main.1']);
  });

  it('cuts titles that are too long for a bead', () => {
    const proto = cooked(
      { f: workflow('f', ['a'], '[vars]\nt = ""').replace('Do a', '{{t}}\\nrest') },
      { given: { t: '🧪'.repeat(300) } },
    );
    assert.ok(Buffer.byteLength(proto.steps[0]!.title) <= 400);
    assert.equal(cooked({ f: workflow('f', ['a'], '[vars]\nt = ""').replace('Do a', '{{t}}') }).steps[0]!.title, 'a');
  });
});
