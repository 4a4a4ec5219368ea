import assert from 'node:assert/strict';
import { parseFormula } from '../../../server/src/formulas/load/parse';
import { formulaOf, problemsOf, workflow } from './samples';

const errors = (text: string, format: 'toml' | 'json' = 'toml'): string[] =>
  problemsOf(text, format)
    .filter((problem) => problem.severity === 'error')
    .map((problem) => problem.message);
const warnings = (text: string): string[] =>
  problemsOf(text)
    .filter((problem) => problem.severity === 'warning')
    .map((problem) => problem.message);
/** Errors of a workflow with one step `a` and this. */
const wrong = (more: string): string[] => errors(`formula = "f"\n[[steps]]\nid = "a"\ntitle = "A"\n${more}`);

describe('parsing a formula', () => {
  it('normalizes TOML and JSON to the same formula', () => {
    const formula = formulaOf(
      '\uFEFFformula = "f"\nversion = 3\n[vars]\nshort = "x"\n[vars.long]\nrequired = true\nenum = ["a"]\n[[steps]]\nid = "a"\ntitle = "A"\n[[steps]]\nid = "b"\ntitle = "B"\ndepends_on = ["a"]\nneeds = ["a"]\n[steps.gate]\ntype = "gh:run"\nid = "7"\n',
    );
    assert.deepEqual([formula.name, formula.version, formula.type], ['f', 3, 'workflow']);
    assert.deepEqual(formula.vars, {
      short: { description: '', default: 'x', required: false },
      long: { description: '', required: true, enum: ['a'] },
    });
    assert.deepEqual(formula.steps[1]!.needs, ['a']);
    assert.deepEqual(formula.steps[1]!.gate, { type: 'gh:run', awaitId: '7', timeout: '' });
    assert.equal(
      parseFormula(JSON.stringify({ formula: 'j', steps: [{ id: 'a', title: 'A' }] }), 'json').formula?.steps[0]?.title,
      'A',
    );
  });

  it('infers the type from the content', () => {
    const type = (text: string): string => formulaOf(`formula = "f"\n${text}`).type;
    assert.deepEqual(
      [
        'extends = ["x"]',
        '[[legs]]\nid = "a"',
        '[[template]]\nid = "a"',
        '[[aspects]]\nid = "a"',
        '[[advice]]\ntarget = "*"',
        'type = "expansion"',
      ].map(type),
      ['workflow', 'convoy', 'expansion', 'aspect', 'aspect', 'expansion'],
    );
    assert.deepEqual(errors('formula = "f"\ntype = "recipe"\n[[steps]]\nid = "a"\ntitle = "A"'), [
      'type: invalid value "recipe" (must be workflow, expansion, aspect or convoy)',
    ]);
  });

  it('reports the place of a syntax error', () => {
    assert.match(errors('formula = "f"\nsteps = [\n')[0]!, /^line \d+, column \d+: /);
    assert.match(errors('{', 'json')[0]!, /JSON/);
    assert.deepEqual(errors('[1]', 'json'), ['a formula must be a table of keys and values']);
    assert.match(errors('x'.repeat(4_000_001))[0]!, /too large/);
    assert.deepEqual(parseFormula('a = 9007199254740993\nb = 2020-01-01T00:00:00Z', 'toml').raw, {
      a: '9007199254740993',
      b: '2020-01-01T00:00:00.000Z',
    });
  });

  it('accepts Windows line ends', () => {
    const formula = formulaOf(
      '# a comment\r\nformula = "f" # another\r\n[[steps]]\r\nid = "a"\r\ntitle = "A"\r\ndescription = """\r\none\r\ntwo"""\r\n',
    );
    assert.equal(formula.steps[0]!.description, 'one\ntwo');
  });

  it('never writes to inherited properties', () => {
    for (const text of [
      'constructor.keys = 1',
      '[constructor]\nkeys = 1',
      'x = { constructor.keys = 1 }',
      '[x]\n"\\u0063onstructor".keys = 1',
      '[vars.constructor]\nkeys = "x"',
    ]) {
      assert.match(
        errors(`formula = "f"\n${text}`)[0]!,
        /^line \d+, column \d+: a table cannot have the name "constructor"/,
        text,
      );
    }
    assert.deepEqual(Object.keys({ a: 1 }), ['a']);
    assert.deepEqual(
      errors('formula = "f"\n[[steps]]\nid = "constructor"\ntitle = "A"\ndescription = "a constructor.keys"'),
      [],
    );
  });

  it('reports all values of the wrong type at once', () => {
    const found = errors(
      'formula = 7\nextends = "shiny"\n[vars]\nx = 3\n[[steps]]\nid = 1\ntitle = "A"\nneeds = "b"\npriority = "high"',
    );
    assert.equal(found.length, 6);
    for (const message of [
      'formula: must be a string',
      'extends: must be an array',
      'steps[0].id: must be a string',
      'steps[0].needs: must be an array',
      'steps[0].priority: must be a number',
      'vars.x: must be a string or a table',
    ])
      assert.ok(found.includes(message), `${message} in ${found.join('\n')}`);
  });

  it('warns of unknown keys, with suggestions', () => {
    const found = warnings(
      'formula = "f"\ntitel = "x"\n[[steps]]\nid = "a"\ntitle = "A"\nneed = ["b"]\ndescripton = "x"\n[steps.gate]\ntype = "human"\nwhom = "me"\n[vars.v]\ndefalt = "x"\n[compose]\nasp = []\n[[advice]]\ntarget = "a"\nwhen = 1\n[advice.around]\nmiddle = []',
    );
    for (const part of [
      'unknown key "titel"',
      'steps[0]: unknown key "need" is ignored; did you mean "needs"?',
      'steps[0]: unknown key "descripton" is ignored; did you mean "description"?',
      'steps[0].gate: unknown key "whom"',
      'vars.v: unknown key "defalt" is ignored; did you mean "default"?',
      'compose: unknown key "asp"',
      'advice[0]: unknown key "when"',
      'advice[0].around: unknown key "middle"',
    ]) {
      assert.ok(
        found.some((message) => message.includes(part)),
        `${part} in ${found.join('\n')}`,
      );
    }
    assert.deepEqual(errors('formula = "f"\nsquash = {trigger = "x"}\n[[steps]]\nid = "a"\ntitle = "A"\nzzz = 1'), []);
  });
});

describe('validating a formula', () => {
  it('reports nothing for a valid one', () => {
    assert.deepEqual(problemsOf(workflow('f', ['a', 'b < a', 'c < a b'])), []);
  });

  it('checks name, version, and the content for its type', () => {
    assert.deepEqual(errors('version = -1\n[[steps]]\nid = "a"\ntitle = "A"'), [
      'formula: name is required',
      'version: must be a whole number of 1 or more',
    ]);
    assert.match(errors('formula = "a b"\n[[steps]]\nid = "a"\ntitle = "A"')[0]!, /the name may contain/);
    assert.deepEqual(errors('formula = "f"'), ['steps: a workflow formula requires at least one step']);
    assert.deepEqual(errors('formula = "f"\ntype = "expansion"'), [
      'template: an expansion formula requires at least one template',
    ]);
    assert.deepEqual(errors('formula = "f"\ntype = "aspect"'), [
      'advice: an aspect formula requires at least one advice or aspect',
    ]);
    assert.deepEqual(errors('formula = "f"\ntype = "convoy"'), ['legs: a convoy formula requires at least one leg']);
    assert.deepEqual(
      errors(
        'formula = "f"\n[[legs]]\ntitle = "x"\n[[legs]]\nid = "a"\n[[legs]]\nid = "a"\n[synthesis]\ndepends_on = ["a", "z"]',
      ),
      ['legs[0]: id is required', 'legs[2]: duplicate leg id "a"', 'synthesis: depends_on references unknown leg "z"'],
    );
    assert.deepEqual(
      errors('formula = "f"\ntype = "aspect"\n[[advice]]\n[[advice]]\ntarget = "a"\nbefore = {title = "x"}'),
      [
        'advice[0]: target is required',
        'advice[0]: before, after or around is required',
        'advice[1]: each of its steps needs an id',
      ],
    );
  });

  it('checks variables', () => {
    assert.deepEqual(
      errors(
        'formula = "f"\n[vars."a b"]\n[vars.t]\ntype = "float"\n[vars.p]\npattern = "("\n[vars.e]\nenum = ["x"]\ndefault = "y"\n[vars.i]\ntype = "int"\ndefault = "z"\n[[steps]]\nid = "a"\ntitle = "A"',
      ).map((message) => message.replace(/: \/.*/, '')),
      [
        'vars.a b: a name consists of letters, digits and _; others cannot be used in {{…}}',
        'vars.t: type must be string, int or bool, not "float"',
        'vars.p: invalid pattern "(": missing closing ): `(`',
        'vars.e: the default is not valid: variable e: "y" is not one of x',
        'vars.i: the default is not valid: variable i: "z" is not a whole number',
      ],
    );
    assert.deepEqual(errors('formula = "f"\n[vars.""]\n[[steps]]\nid = "a"\ntitle = "A"'), [
      'vars: variable name cannot be empty',
    ]);
    const both = problemsOf(
      'formula = "f"\n[vars.v]\nrequired = true\ndefault = "x"\n[vars.n]\ndefault = 3\n[[steps]]\nid = "a"\ntitle = "A {{v}} {{w}} {{else}} {{issues/day}}"',
    );
    assert.ok(
      both.every((problem) => problem.severity === 'warning'),
      'real files do this',
    );
    assert.deepEqual(
      both.map((problem) => problem.message.split(':')[0]),
      ['vars.n', 'vars.v', 'steps[0] (a)'],
    );
    assert.match(both[2]!.message, /: \{\{w\}\} is not declared/);
  });

  it('checks steps', () => {
    assert.deepEqual(
      errors(
        'formula = "f"\n[[steps]]\ntitle = "A"\n[[steps]]\nid = "b c"\n[[steps]]\nid = "d"\ntitle = "D"\npriority = 9\nneeds = ["x"]\n[[steps]]\nid = "d"\ntitle = "D"\n[[steps.children]]\nid = "e"',
      ),
      [
        'steps[0]: id is required',
        'steps[1]: the id "b c" may contain letters, digits, dots, hyphens and underscores',
        'steps[3]: duplicate id "d" (first defined at steps[2])',
        'steps[1] (b c): title is required (unless using expand)',
        'steps[2] (d): priority must be 0-4',
        'steps[2] (d): needs references unknown step "x"',
        'steps[3].children[0] (e): title is required (unless using expand)',
      ],
    );
    assert.deepEqual(wrong('waits_for = "some"'), [
      'steps[0] (a): waits_for has invalid value "some" (must be all-children, any-children, or children-of(step-id))',
    ]);
    assert.deepEqual(wrong('waits_for = "children-of()"'), [
      'steps[0] (a): waits_for children-of() requires a step ID',
    ]);
    assert.deepEqual(wrong('waits_for = "children-of(z)"'), [
      'steps[0] (a): waits_for references unknown step "z" in children-of()',
    ]);
    assert.match(
      warnings('formula = "f"\n[[steps]]\nid = "a"\ntitle = "A"\nwaits_for = "all-children"')[0]!,
      /has no effect without needs/,
    );
    assert.match(wrong('condition = "a < b"')[0]!, /invalid step condition format/);
    assert.deepEqual(wrong('gate = {}'), ['steps[0] (a): gate.type is required']);
    assert.match(
      warnings('formula = "f"\n[[steps]]\nid = "a"\ntitle = "A"\ngate = {type = "weather"}')[0]!,
      /a gate of type "weather" never opens automatically/,
    );
    assert.deepEqual(wrong('on_complete = {for_each = "x"}'), [
      'steps[0] (a).on_complete: bond is required when for_each is set',
      'steps[0] (a).on_complete: for_each must start with \'output.\' (got "x")',
    ]);
    assert.deepEqual(wrong('on_complete = {bond = "f", parallel = true, sequential = true}'), [
      'steps[0] (a).on_complete: for_each is required when bond is set',
      'steps[0] (a).on_complete: cannot set both parallel and sequential',
    ]);
  });

  it('warns of metadata that is reserved for the engine', () => {
    const text =
      'formula = "f"\n[[steps]]\nid = "a"\ntitle = "A"\n[steps.metadata]\nmine = 1\ngastown = {}\nmerge = {}';
    assert.deepEqual(
      warnings(text),
      ['gastown', 'merge'].map((key) => `steps[0] (a): metadata.${key} is reserved for the engine and ignored`),
    );
  });

  it('checks loops', () => {
    const loop = (text: string): string[] =>
      wrong(`loop = {${text}}`).map((message) => message.replace('steps[0] (a): loop: ', ''));
    const body = 'body = [{id = "x", title = "X"}]';
    assert.deepEqual(loop(''), ['body is required', 'one of count, until, or range is required']);
    assert.deepEqual(loop(`count = 2, range = "1..2", ${body}`), [
      'only one of count, until, or range can be specified',
    ]);
    assert.deepEqual(loop(`count = 0, ${body}`), ['count must be positive']);
    assert.deepEqual(loop(`count = 5000, ${body}`), ['count must be at most 1,000']);
    assert.deepEqual(loop(`until = "step.status == 'complete'", ${body}`), ['max is required when until is set']);
    assert.deepEqual(loop(`until = "whenever", max = 0, ${body}`), [
      'max must be positive',
      'invalid until condition "whenever"',
    ]);
    assert.deepEqual(loop(`range = "5", ${body}`), ['invalid range "5" (write 1..5)']);
    assert.deepEqual(
      loop(`until = "load-context.status == 'complete'", max = 3, ${body}`),
      [],
      'ids with hyphens are the norm',
    );
  });

  it('finds cycles, also through containers', () => {
    assert.deepEqual(errors(workflow('f', ['a < c', 'b < a', 'c < b'])), [
      'steps: cycle detected involving: a → c → b → a',
    ]);
    assert.deepEqual(errors(workflow('f', ['a < a'])), ['steps: cycle detected involving: a → a']);
    assert.match(
      errors(
        'formula = "f"\n[[steps]]\nid = "p"\ntitle = "P"\n[[steps.children]]\nid = "c"\ntitle = "C"\nneeds = ["p"]',
      )[0]!,
      /cycle detected involving: p → c → p/,
    );
    const long = workflow(
      'f',
      Array.from({ length: 3000 }, (_, index) => (index === 0 ? 's0' : `s${index} < s${index - 1}`)),
    );
    assert.deepEqual(errors(long), []);
  });

  it('checks compose entries', () => {
    assert.deepEqual(
      wrong(
        '[compose]\nbond_points = [{}, {id = "b", after_step = "z", before_step = "a"}]\nhooks = [{}]\nexpand = [{target = "a"}]\nmap = [{}]\nbranch = [{from = "a"}]\ngate = [{}]',
      ),
      [
        'compose.bond_points[0]: id is required',
        'compose.bond_points[1] (b): cannot have both after_step and before_step',
        'compose.bond_points[1] (b): after_step references unknown step "z"',
        'compose.hooks[0]: trigger is required',
        'compose.hooks[0]: attach is required',
        'compose.expand[0]: with is required',
        'compose.map[0]: select is required',
        'compose.map[0]: with is required',
        'compose.branch[0]: steps is required',
        'compose.branch[0]: join is required',
        'compose.gate[0]: before is required',
        'compose.gate[0]: condition is required',
      ],
    );
  });

  it('limits the number of steps', () => {
    assert.match(
      errors(
        JSON.stringify({
          formula: 'f',
          steps: Array.from({ length: 5001 }, (_, index) => ({ id: `s${index}`, title: 'x' })),
        }),
        'json',
      )[0]!,
      /5,001 steps are too many/,
    );
  });
});
