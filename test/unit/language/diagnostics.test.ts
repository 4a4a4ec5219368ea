import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DiagnosticSeverity } from 'vscode-languageserver-types';
import { diagnostics, type FormulaDiagnostic } from '../../../server/src/language/features/diagnostics';
import { problemsOf } from '../formulas/samples';
import { formulas, placeIn, sample, textOf } from './marked';
import { formulaTexts } from './samples';
import { seeded } from './seeded';

const found = (text: string, others: Record<string, string> = {}): FormulaDiagnostic[] => {
  const { document, index } = placeIn(text);
  return diagnostics(document, index, formulas(others));
};
/** `what is underlined: message`, with `?` before a warning. */
const shown = (text: string, others: Record<string, string> = {}): string[] =>
  found(text, others).map(
    (one) =>
      `${one.severity === DiagnosticSeverity.Warning ? '?' : ''}${textOf(placeIn(text), one.range)}: ${one.message}`,
  );
const step = (id: string, more = ''): string => `[[steps]]\nid = "${id}"\ntitle = "T"\n${more}\n`;

describe('diagnostics of formulas', () => {
  it('are empty for valid formulas', () => {
    assert.deepEqual(shown(sample), []);
    for (const [name, text] of Object.entries(formulaTexts())) {
      assert.deepEqual(
        found(text)
          .filter((one) => one.severity === DiagnosticSeverity.Error && !['unknown-formula'].includes(String(one.code)))
          .map((one) => one.message),
        [],
        name,
      );
    }
  });

  const cases: [what: string, text: string, expected: string[]][] = [
    [
      'several slips of TOML at once',
      `formula = "f"\n${step('a', 'needs = ["b"')}${step('b', 'priority = high')}`,
      ['["b": This array is not closed; write ] at its end.', 'high: Write a string in quotes: "high".'],
    ],
    [
      'a key twice',
      `formula = "f"\nformula = "g"\n${step('a')}`,
      ['formula: formula is defined twice in this table; remove one of the two.'],
    ],
    [
      'what is missing',
      '[[steps]]\ndescription = "x"',
      [
        '[[steps]]: name is required',
        '[[steps]]: id is required',
        '[[steps]]: title is required (unless using expand)',
      ],
    ],
    ['no steps', 'formula = "f"', ['formula: a workflow formula requires at least one step']],
    ['an id twice', `formula = "f"\n${step('a')}${step('a')}`, ['"a": duplicate id "a" (first defined at steps[0])']],
    [
      'an unknown step',
      `formula = "f"\n${step('design')}${step('b', 'needs = ["desing"]\ndepends_on = ["zz"]')}`,
      [
        '"desing": needs references unknown step "desing"; did you mean "design"?',
        '"zz": needs references unknown step "zz"',
      ],
    ],
    [
      'a circle',
      `formula = "f"\n${step('a', 'needs = ["c"]')}${step('b', 'needs = ["a"]')}${step('c', 'needs = ["b"]')}`,
      ['"c": cycle detected involving: a → c → b → a'],
    ],
    [
      'unknown keys',
      `formula = "f"\n${step('a', 'need = ["b"]\ngate = { typ = "human", type = "human" }')}`,
      [
        '?need: unknown key "need" is ignored; did you mean "needs"?',
        '?typ: unknown key "typ" is ignored; did you mean "type"?',
      ],
    ],
    [
      'values of the wrong kind, beside other slips',
      `formula = "f"\n${step('a', 'priority = "high"\nneeds = "b"\nlabels = ["x", 1]')}${step('b', 'needs = ["zz", 2]\n[vars.v]\nrequired = "yes"')}`,
      [
        '"high": must be a number',
        '"b": must be an array',
        '1: must be a string',
        '2: must be a string',
        '"zz": needs references unknown step "zz"',
        '"yes": must be true or false',
      ],
    ],
    [
      'undeclared variables, each where it stands',
      `formula = "f"\n[vars.feature]\n${step('a', 'description = """\nBuild {{featur}} and\n{{other}}, {{other}}, {{feature}}\n"""\ngate = { type = "bead", id = "{{z}}" }')}`,
      [
        '?featur: {{featur}} is not declared in [vars] and stays as it is; did you mean {{feature}}?',
        '?other: {{other}} is not declared in [vars] and stays as it is',
        '?other: {{other}} is not declared in [vars] and stays as it is',
        '?z: {{z}} is not declared in [vars] and stays as it is',
      ],
    ],
    [
      'variables',
      `formula = "f"\n[vars]\nn = 3\n[vars."a b"]\n[vars.t]\ntype = "float"\n[vars.e]\nenum = ["x"]\ndefault = "y"\nrequired = true\n${step('a')}`,
      [
        '3: must be a string or a table',
        '"a b": a name consists of letters, digits and _; others cannot be used in {{…}}',
        '"float": type must be string, int or bool, not "float"',
        '"y": the default is not valid: variable e: "y" is not one of x',
        '?required: cannot have both required:true and default; the default is used (bd refuses this)',
      ],
    ],
    [
      'gates, loops and conditions',
      `formula = "f"\n${step('a', 'condition = "x"\nwaits_for = "children-of(zz)"\n[steps.gate]\ntype = "weather"\n[steps.loop]\ncount = 0')}`,
      [
        '"x": invalid step condition format: "x" (expected {{var}}, !{{var}} or {{var}} == value)',
        '"children-of(zz)": waits_for references unknown step "zz" in children-of()',
        '?"weather": a gate of type "weather" never opens automatically; a person must close it (known types: human, timer, gh:run, gh:pr, mail, bead)',
        '[steps.loop]: loop: body is required',
        '0: loop: count must be positive',
      ],
    ],
    [
      'what is composed',
      `formula = "f"\n${step('a')}[[compose.branch]]\nfrom = "a"\n[[compose.expand]]\ntarget = "a"\nwith = "shinny"`,
      [
        '[[compose.branch]]: steps is required',
        '[[compose.branch]]: join is required',
        '"shinny": unknown formula "shinny"; did you mean "shiny"?',
      ],
    ],
    [
      'legs',
      'formula = "f"\n[[legs]]\nid = "one"\n[[legs]]\nid = "one"\n[synthesis]\ndepends_on = ["on"]',
      ['"one": duplicate leg id "one"', '"on": depends_on references unknown leg "on"; did you mean "one"?'],
    ],
    [
      'another type',
      `formula = "f"\ntype = "workflw"\n${step('a')}`,
      ['"workflw": invalid value "workflw" (must be workflow, expansion, aspect or convoy)'],
    ],
    [
      'names that every object has',
      `formula = "f"\nconstructor.keys = 1\n${step('a')}`,
      ['?constructor: unknown key "constructor" is ignored'],
    ],
  ];
  for (const [what, text, expected] of cases) {
    it(`report ${what}`, () => {
      const got = shown(text).filter((line) => !line.includes('a table cannot have the name'));
      assert.deepEqual(got.sort(), [...expected].sort());
    });
  }

  it('name both places of a duplicate id, and each edge of a cycle', () => {
    const text = `formula = "f"\n${step('a', 'needs = ["c"]')}${step('b', 'depends_on = ["a"]')}${step('c', 'needs = ["b"]')}`;
    const twice = found(`formula = "f"\n${step('a')}${step('a')}`)[0];
    const cycle = found(text).find((one) => one.code === 'cycle');
    assert.deepEqual(
      twice?.relatedInformation?.map((one) => [one.message, one.location.range.start.line]),
      [['first defined here', 2]],
    );
    assert.deepEqual(
      cycle?.relatedInformation?.map((one) => [one.message, textOf(placeIn(text), one.location.range)]),
      [
        ['a needs c', '"c"'],
        ['c needs b', '"b"'],
        ['b needs a', '"a"'],
      ],
    );
    const nested = found(`formula = "f"\n${step('p')}[[steps.children]]\nid = "q"\ntitle = "Q"\nneeds = ["p"]`).find(
      (one) => one.code === 'cycle',
    );
    assert.deepEqual(
      nested?.relatedInformation?.map((one) => one.message),
      ['p ends after its child q', 'q needs p'],
    );
  });

  it('check inherited steps', () => {
    const base = `formula = "base"\n[vars.v]\ndefault = "x"\n${step('a')}`;
    const child = (needs: string, parent = 'base'): string =>
      `formula = "f"\nextends = ["${parent}"]\n${step('b', `needs = ["${needs}"]\ndescription = "{{v}}"`)}`;
    assert.deepEqual(shown(child('a'), { base }), []);
    assert.deepEqual(shown(child('z'), { base }), ['"z": needs references unknown step "z"']);
    assert.deepEqual(
      shown(child('z', 'bass'), { base }),
      ['"bass": formula "bass" not found; did you mean "base"?'],
      'nothing is said of what a parent may bring',
    );
    assert.deepEqual(
      shown(child('a'), { base: base.replace('title = "T"', 'needs = ["a"]') }).map((line) => line.replace(/: .*/, '')),
      ['["base"]', '["base"]'],
      'what is wrong in a parent stands there',
    );
    assert.match(shown(child('a', 'f'), { f: child('a', 'f') })[0]!, /circular extends/);
    assert.deepEqual(shown(`formula = "g"\n${step('a')}`, {}), [
      '?"g": the file is named f, the formula g; it is found by the file\'s name',
    ]);
  });

  it('do not report as missing what is only unreadable', () => {
    const texts = [
      `formula = "f"\n[[steps]]\nid = "a\ntitle = \n${step('b', 'needs = ["a"]')}`,
      `formula = "f"\n[[steps]\nid = "a"\ntitle = "T"\n${step('b', 'needs = ["a"]')}`,
      `formula = "f"\n${step('a', 'needs = ["')}`,
      `formula = "f"\n[vars.x\n${step('b', 'description = "{{x}}"')}`,
      `formula = \n${step('b')}`,
      `formula = "f"\n${step('a', 'description = "\nwords\n"""')}${step('b', 'needs = ["a"]')}`,
    ];
    for (const text of texts) {
      const codes = found(text).map((one) => String(one.code));
      assert.ok(codes.length > 0 && codes.every((code) => code.startsWith('toml-')), `${codes.join(' ')}\n${text}`);
    }
    assert.ok(
      found(`formula = "f"\nx = \n${step('a', 'needs = ["zz"]')}`).some((one) => one.code === 'unknown-step'),
      'what is certain is said all the same',
    );
  });

  it('are limited to 250 for one document', () => {
    const many = Array.from({ length: 1_000 }, (_, at) => step(`s${at}`, `description = "{{v${at}}}"`)).join('');
    assert.equal(found(`formula = "f"\n${many}`).length, 250);
  });

  it('list errors first where there are too many problems', () => {
    const text = `formula = "f"\n${Array.from({ length: 300 }, (_, at) => step(`s${at}`, 'nonsense = 1')).join('')}${step('z', 'needs = ["zz"]')}`;
    assert.ok(found(text).some((one) => one.code === 'unknown-step'));
  });

  it('give suggestions for the first unknown steps only', () => {
    const steps = Array.from({ length: 60 }, (_, at) => step(`step${at}`, `needs = ["stepp${at}"]`)).join('');
    assert.equal(found(`formula = "f"\n${steps}`).filter((one) => one.message.includes('did you mean')).length, 20);
  });

  it('report patterns that do not match, are invalid, or cost too much together', () => {
    const variable = (name: string, pattern: string, value: string): string =>
      `[vars.${name}]\npattern = '${pattern}'\ndefault = "${value}"\n`;
    const value = `${'a'.repeat(40)}!`;
    assert.deepEqual(
      shown(`formula = "f"\n${variable('x', '^(a+)+$', value)}${variable('y', '(?=a)', 'a')}${step('a')}`),
      [
        `"${value}": the default is not valid: variable x: "${value}" does not match the pattern ^(a+)+$`,
        '\'(?=a)\': invalid pattern "(?=a)": invalid or unsupported Perl syntax: `(?=`',
      ],
    );
    const many = Array.from({ length: 300 }, (_, at) => variable(`x${at}`, `[a-f]{1000}${at}`, '')).join('');
    const messages = found(`formula = "f"\n${many}${step('a')}`).map((one) => one.message);
    assert.ok(messages.length > 50, `${messages.length}`);
    assert.ok(
      messages.every((message) => /it is too costly to check; use a simpler or shorter pattern$/.test(message)),
    );
  });

  it('report what is nested too deeply, and check the rest', () => {
    const parts = (count: number): string => Array.from({ length: count }, () => 'a').join('.');
    for (const line of [
      `${parts(6_000)} = 1`,
      `[${parts(6_000)}]`,
      `[[${parts(6_000)}]]`,
      `x = ${`{ ${parts(100)} = `.repeat(100)}1${' }'.repeat(100)}`,
      `x = ${'['.repeat(6_000)}`,
    ]) {
      const got = found(`formula = "f"\n${step('a', 'needs = ["zz"]')}${line}\n`);
      assert.ok(
        got.some((one) => one.message === 'This is nested too deeply.'),
        line.slice(0, 20),
      );
      assert.ok(
        got.some((one) => one.code === 'unknown-step'),
        'the rest is looked at',
      );
      assert.match(
        problemsOf(`formula = "f"\n${line}\n`)[0]!.message,
        /nested more than 100 levels deep|Unterminated/,
        'bd refuses it too',
      );
    }
  });

  it('contain every problem that bd reports, with a place (property)', () => {
    const piece = fc.constantFrom(
      'id = "a"',
      'id = "b"',
      'title = "T"',
      'title = 3',
      'needs = ["a"]',
      'needs = ["b", "zz"]',
      'priority = 7',
      'gate = {}',
      'condition = "?"',
      'waits_for = "some"',
      'loop = {count = 0}',
      'nonsense = 1',
      '[[steps]]',
      '[[template]]',
      '[[steps.children]]',
      '[vars.v]',
      'required = true',
      'default = "x"',
      '[compose]',
      'bond_points = [{}]',
      '[[advice]]',
      '[[legs]]',
      'type = "convoy"',
      'version = -1',
      'description = "{{w}}"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = `formula = "f"\n${pieces.join('\n')}`;
        const said = problemsOf(text);
        const got = found(text);
        if (got.some((one) => String(one.code).startsWith('toml-'))) return;
        for (const problem of said)
          assert.ok(
            got.some((one) => one.code === problem.code),
            `${problem.message}\n${text}`,
          );
        for (const one of got)
          assert.ok(textOf(placeIn(text), one.range) !== '', `${one.message} has no place in\n${text}`);
      }),
      seeded({ numRuns: 500 }),
    );
  });

  it('never throw for any damaged text', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(sample, ...Object.values(formulaTexts()).filter((text) => text.length < 8_000)),
        fc.nat(),
        fc.nat({ max: 300 }),
        (text, where, length) => {
          const from = where % text.length;
          for (const one of found(text.slice(0, from) + text.slice(from + length))) {
            assert.equal(one.source, 'Gas Town');
            assert.ok(one.code && one.message);
          }
        },
      ),
      seeded({ numRuns: 300 }),
    );
  });
});
