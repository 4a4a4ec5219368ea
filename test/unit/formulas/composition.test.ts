import assert from 'node:assert/strict';
import fc from 'fast-check';
import { seeded } from '../language/seeded';
import { expansion, registryOf, workflow } from './samples';

const others = {
  exp: expansion('exp', ['x', 'y']),
  base: workflow('base', ['s1']),
  broken: 'formula = "broken"\ntype = "expansion"\n',
  asp: 'formula = "asp"\ntype = "aspect"\n[[advice]]\ntarget = "a"\n[[advice.after]]\nid = "{step.id}-z"\ntitle = "Z"\n',
  clash: expansion('clash', ['x']).replaceAll('{target}.x', 'a'),
};
const registry = (more: string): ReturnType<typeof registryOf> =>
  registryOf({
    ...others,
    f: `formula = "f"\n[[steps]]\nid = "a"\ntitle = "A"\n[[steps]]\nid = "b"\ntitle = "B"\n${more}`,
  });
/** Errors with their places. */
const errors = (more: string): string[] =>
  registry(more)
    .check('f')
    .problems.filter((one) => one.severity === 'error')
    .map((one) => `${one.path.join('.')}: ${one.text}`);
const loop = (range: string): string =>
  `[steps.loop]\nrange = "${range}"\n[[steps.loop.body]]\nid = "q"\ntitle = "Q"\n`;

describe('checking the composition of a formula', () => {
  const cases: [what: string, more: string, expected: string][] = [
    [
      'a condition that nobody understands',
      '[[compose.gate]]\nbefore = "a"\ncondition = "nonsense"\n',
      'compose.gate.0.condition: invalid condition "nonsense" (expected something such as step.status == \'complete\')',
    ],
    [
      'a gate before an unknown step',
      '[[compose.gate]]\nbefore = "aa"\ncondition = "a.status == \'complete\'"\n',
      'compose.gate.0.before: before references unknown step "aa"',
    ],
    [
      'a branch of an unknown step',
      '[[compose.branch]]\nfrom = "zz"\nsteps = ["a"]\njoin = "b"\n',
      'compose.branch.0.from: from references unknown step "zz"',
    ],
    [
      'an expansion of an unknown step',
      '[[compose.expand]]\ntarget = "zz"\nwith = "exp"\n',
      'compose.expand.0.target: target references unknown step "zz"',
    ],
    [
      'an expansion that is none',
      '[[compose.map]]\nselect = "a"\nwith = "base"\n',
      'compose.map.0.with: base is not an expansion formula (type=workflow)',
    ],
    [
      'an expansion that is broken',
      '[[compose.expand]]\ntarget = "a"\nwith = "broken"\n',
      'compose.expand.0.with: /p/broken.formula.toml: formula validation failed: - template: an expansion formula requires at least one template',
    ],
    [
      'a step that expands to none',
      'expand = "base"\n',
      'steps.1.expand: base is not an expansion formula (type=workflow)',
    ],
    ['a step that expands to nothing', 'expand = "nope"\n', 'steps.1.expand: formula "nope" not found'],
    [
      'an aspect that is none',
      '[compose]\naspects = ["exp"]\n',
      'compose.aspects.0: exp is not an aspect formula (type=expansion)',
    ],
    ['a range that is none', loop('5..x'), 'steps.1.loop.range: loop: invalid range "x"'],
    [
      'a range that never ends',
      loop('1..9999999'),
      'steps.1.loop.range: loop: the range 1..9999999 has more than 1,000 rounds',
    ],
    [
      'loops within loops',
      `[steps.loop]\ncount = 100\n[[steps.loop.body]]\nid = "l"\ntitle = "L"\nloop = { count = 100, body = [{ id = "q", title = "Q" }] }\n`,
      'steps: with all rounds of the loops there are more than 5,000 steps',
    ],
    [
      'what shows only when all is put together',
      '[[compose.map]]\nselect = "*"\nwith = "clash"\n',
      'compose.map.0: duplicate step IDs after expansion: a',
    ],
    [
      'a step that a loop took away',
      `${loop('1..2')}[[compose.gate]]\nbefore = "b"\ncondition = "a.status == \'complete\'"\n`,
      'compose.gate.0: target step "b" not found',
    ],
  ];
  for (const [what, more, expected] of cases) {
    it(`reports ${what}`, () => {
      const got = errors(more);
      assert.ok(
        got.some((one) => one.startsWith(expected)),
        got.join('\n'),
      );
      assert.throws(() => registry(more).cook('f', { keepVariables: true }));
    });
  }

  it('accepts steps that expansions, loops and aspects add', () => {
    for (const more of [
      'expand = "exp"\n[[compose.expand]]\ntarget = "b.x"\nwith = "exp"\n',
      `${loop('1..2')}[[compose.gate]]\nbefore = "b.iter1.q"\ncondition = "a.status == 'complete'"\n`,
      '[compose]\naspects = ["asp"]\n',
      loop('1..{n}'),
      `${loop('1..{n}')}[vars.n]\ndefault = "3"\n`,
    ]) {
      assert.deepEqual(errors(more), [], more);
    }
    const warned = registry(`${loop('1..{n}')}[vars.n]\ndefault = "0"\n`).check('f').problems;
    assert.deepEqual(
      warned.map((one) => [one.severity, one.code]),
      [['warning', 'loop']],
      'another value may do',
    );
  });

  it('reports every error that cooking would throw (property)', () => {
    const piece = fc.constantFrom(
      'needs = ["a"]',
      'needs = ["c"]',
      'expand = "exp"',
      'expand = "base"',
      'expand = "clash"',
      loop('1..3'),
      loop('3..1'),
      loop('1..2').replace('"q"', '"b"'),
      ...['a', 'b', 'c', 'b.x', 'b.iter1.q', 'z'].flatMap((id) => [
        `[[compose.expand]]\ntarget = "${id}"\nwith = "exp"`,
        `[[compose.branch]]\nfrom = "a"\nsteps = ["${id}"]\njoin = "b"`,
        `[[compose.gate]]\nbefore = "${id}"\ncondition = "a.status == 'complete'"`,
      ]),
      '[[compose.map]]\nselect = "a*"\nwith = "exp"',
      '[[compose.map]]\nselect = "*"\nwith = "clash"',
      '[[advice]]\ntarget = "*"\n[[advice.before]]\nid = "{step.id}-p"\ntitle = "P"',
      '[[advice]]\ntarget = "b"\n[[advice.before]]\nid = "a"\ntitle = "P"',
      '[[steps]]\nid = "c"\ntitle = "C"\nneeds = ["b"]',
      '[compose]\naspects = ["asp"]',
      '[vars.v]\nrequired = true',
      '[[template]]\nid = "{target}.t"\ntitle = "T"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        const made = registry(pieces.join('\n'));
        if (made.check('f').problems.some((one) => one.severity === 'error')) return;
        made.cook('f', { keepVariables: true });
      }),
      seeded({ numRuns: 800 }),
    );
  });
});
