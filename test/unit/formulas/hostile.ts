import { workflow } from './samples';

/** Formulas that somebody wrote to stop us, and others that only look so. */
export interface Hostile {
  what: string;
  /** Files by the names of formulas; the first is the one that is asked for. */
  files: Record<string, string>;
  /** What cooking says; undefined where it is a formula like any other. */
  refused?: RegExp;
}

const head = 'formula = "f"\n';
const step = (id: string, more = ''): string => `[[steps]]\nid = "${id}"\ntitle = "T"\n${more}`;
const repeat = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join('');

/** Two formulas of a level extend both of the level above it. */
function diamonds(levels: number): Record<string, string> {
  const files: Record<string, string> = {};
  for (let level = levels; level >= 0; level--) {
    const parents = level === 0 ? '' : `extends = ["l${level - 1}a", "l${level - 1}b"]\n`;
    for (const side of ['a', 'b'])
      files[`l${level}${side}`] =
        `formula = "l${level}${side}"\ntype = "workflow"\n${parents}${step(`s${level}${side}`)}` +
        `[[advice]]\ntarget = "none"\n[[advice.before]]\nid = "x${level}${side}"\ntitle = "X"\n`;
  }
  return files;
}

const wide = workflow(
  'f',
  Array.from({ length: 200 }, (_, index) => `s${index}`),
);

export const hostile: Hostile[] = [
  {
    what: 'a pattern of stars against a long id',
    files: {
      f: `${head}${step('a'.repeat(60))}[[advice]]\ntarget = "${'*a'.repeat(10)}*b"\n[[advice.before]]\nid = "x"\ntitle = "X"\n`,
    },
  },
  {
    what: 'advice for all steps that doubles them time after time',
    files: {
      f: `${head}${step('a')}${repeat(20, (index) => `[[advice]]\ntarget = "*"\n[[advice.before]]\nid = "{step.id}-${index}"\ntitle = "X"\n`)}`,
    },
    refused: /^f: advice\[\d+\]: the steps need each other more than 20,000 times$/,
  },
  { what: 'extends over 20 levels of diamonds', files: diamonds(20) },
  {
    what: 'extends over too many levels',
    files: diamonds(60),
    refused: /"extends" goes over more than 50 levels/,
  },
  {
    what: 'a circle of extends',
    files: {
      f: `${head}extends = ["g"]\n${step('a')}`,
      g: 'formula = "g"\nextends = ["h"]\n',
      h: 'formula = "h"\nextends = ["g"]\n',
    },
    refused: /circular extends detected: f -> g -> h -> g/,
  },
  {
    what: 'a condition with 100,000 blanks',
    files: { f: `${head}${step('a', `condition = "{{a}}${' '.repeat(100_000)}x"\n`)}` },
    refused: /steps\[0\] \(a\): invalid step condition format/,
  },
  {
    what: 'a condition of blanks and a value',
    files: { f: `${head}[vars.a]\ndefault = "x"\n${step('a', `condition = "{{a}}${' '.repeat(500)}== x"\n`)}` },
  },
  {
    what: 'waits_for with 100,000 blanks',
    files: { f: `${head}${step('a', `waits_for = "children-of(${' '.repeat(100_000)}"\n`)}` },
    refused: /waits_for has invalid value/,
  },
  {
    what: 'an until condition with 100,000 blanks',
    files: {
      f: `${head}${step('a')}[steps.loop]\nuntil = "a==${' '.repeat(100_000)}\\nx"\nmax = 2\n[[steps.loop.body]]\nid = "b"\ntitle = "B"\n`,
    },
    refused: /invalid until condition/,
  },
  { what: '90,000 unknown keys', files: { f: `${head}${repeat(90_000, (index) => `k${index}=1\n`)}${step('a')}` } },
  {
    what: 'a text that doubles itself 20 times',
    files: {
      f: `${head}${step('a', 'description = "0123456789"\n')}[compose]\nexpand = [\n${repeat(30, () => '{target = "a", with = "double"},\n')}]\n`,
      double:
        'formula = "double"\ntype = "expansion"\n[[template]]\nid = "{target}"\ntitle = "T"\ndescription = "{target.description}{target.description}"\n',
    },
    refused: /^f: compose\.expand\[\d+\]: the strings have more than 4,000,000 characters in total$/,
  },
  {
    what: 'expansions within expansions, each with ten more',
    files: {
      f: `${head}[[steps]]\nid = "a"\nexpand = "e0"\n`,
      ...Object.fromEntries(
        Array.from({ length: 6 }, (_, level) => [
          `e${level}`,
          `formula = "e${level}"\ntype = "expansion"\n${repeat(10, (index) => `[[template]]\nid = "{target}.${index}"\n${level < 5 ? `expand = "e${level + 1}"\n` : 'title = "T"\n'}`)}`,
        ]),
      ),
    },
    refused: /^f: expand: more than 5,000 steps$/,
  },
  {
    what: 'an expansion of itself',
    files: {
      f: `${head}[[steps]]\nid = "a"\nexpand = "e"\n`,
      e: 'formula = "e"\ntype = "expansion"\n[[template]]\nid = "{target}.x"\nexpand = "e"\n',
    },
    refused: /inline expansion depth limit exceeded/,
  },
  {
    what: 'an expansion with many ends for steps that many wait for',
    files: {
      f: `${workflow('f', ['t', ...Array.from({ length: 400 }, (_, index) => `s${index} < t`)])}[compose]\nexpand = [{target = "t", with = "many"}]\n`,
      many: `formula = "many"\ntype = "expansion"\n${repeat(400, (index) => `[[template]]\nid = "{target}.${index}"\ntitle = "T"\n`)}`,
    },
    refused: /^f: compose\.expand\[0\]: the steps need each other more than 20,000 times$/,
  },
  {
    what: 'an expansion of every step, over and over',
    files: {
      f: `${wide}[compose]\nmap = [\n${repeat(2_000, (index) => `{select = "*", with = "same", vars = {n = "${index}"}},\n`)}]\n`,
      same: 'formula = "same"\ntype = "expansion"\n[[template]]\nid = "{target}"\ntitle = "{target.title}"\n',
    },
    refused: /^f: compose\.map\[\d+\]: composing this takes too much work$/,
  },
  {
    what: 'an aspect many times',
    files: {
      f: `${wide}[compose]\naspects = [${repeat(3_000, () => '"asp",')}]\n`,
      asp: 'formula = "asp"\ntype = "aspect"\n[[advice]]\ntarget = "s*"\n[[advice.after]]\nid = "s{step.id}"\ntitle = "X"\n',
    },
    refused: /^f: compose\.aspects\[\d+\]: more than 5,000 steps$/,
  },
  {
    what: 'loops within loops within loops',
    files: {
      f: `${head}[vars.n]\ndefault = "1000"\n${step('a')}[steps.loop]\nrange = "1..{n}"\n[[steps.loop.body]]\nid = "b"\ntitle = "B"\nloop = { range = "1..{n}", body = [{ id = "c", title = "C", loop = { range = "1..{n}", body = [{ id = "d", title = "D" }] } }] }\n`,
    },
    refused: /^f: loop of step b: more than 5,000 steps$/,
  },
  {
    what: 'a loop of 1,000,000,000 rounds',
    files: {
      f: `${head}${step('a')}[steps.loop]\nrange = "1..999999999"\n[[steps.loop.body]]\nid = "b"\ntitle = "B"\n`,
    },
    refused: /the range 1\.\.999999999 has more than 1,000 rounds/,
  },
  {
    what: 'a loop whose range has more brackets than the call stack',
    files: {
      f: `${head}${step('a')}[steps.loop]\nrange = "${'('.repeat(200_000)}1..2"\n[[steps.loop.body]]\nid = "b"\ntitle = "B"\n`,
    },
    refused: /loop: invalid range/,
  },
  {
    what: 'variables that name each other',
    files: {
      f: `${head}[vars]\na = "{{b}}{{b}}"\nb = "{{a}}{{a}}"\n${step('s', 'description = "{{a}}{{b}}"\n')}`,
    },
  },
  {
    what: 'a long value in many texts',
    files: {
      f: `${head}[vars]\na = "${'x'.repeat(50_000)}"\n${repeat(300, (index) => step(`s${index}`, 'description = "{{a}}"\n'))}`,
    },
    refused: /^f: step s\d+: the strings have more than 4,000,000 characters in total$/,
  },
  {
    what: 'a long value many times in one text',
    files: {
      f: `${head}[vars]\na = "${'x'.repeat(50_000)}"\n${step('s', `description = "${'{{a}}'.repeat(100_000)}"\n`)}`,
    },
    refused: /^f: step s: the strings have more than 4,000,000 characters in total$/,
  },
  {
    what: 'metadata that every copy of a step carries',
    files: {
      f: `${workflow(
        'f',
        Array.from({ length: 300 }, (_, index) => `s${index}`),
      )}[compose]\nmap = [{select = "*", with = "heavy"}]\n`,
      heavy: `formula = "heavy"\ntype = "expansion"\n[[template]]\nid = "{target}.x"\ntitle = "T"\n[template.metadata]\ntext = "${'x'.repeat(50_000)}"\n`,
    },
    refused: /^f: compose\.map\[0\]: the strings have more than 4,000,000 characters in total$/,
  },
  {
    what: 'steps that all need all before them',
    files: {
      f: workflow(
        'f',
        Array.from(
          { length: 500 },
          (_, index) => `s${index} < ${Array.from({ length: index }, (_unused, need) => `s${need}`).join(' ')}`,
        ),
      ),
    },
    refused: /steps: 124,750 needs are too many \(at most 20,000\)/,
  },
  {
    what: 'more steps than are allowed',
    files: { f: `${head}${repeat(20_000, (index) => step(`s${index}`))}` },
    refused: /steps: 20,000 steps are too many \(at most 5,000\)/,
  },
  {
    what: 'steps that conditions take out, in a ladder of diamonds',
    files: {
      f: workflow(
        'f',
        [
          's0a',
          's0b',
          ...Array.from({ length: 40 }, (_, level) =>
            ['a', 'b'].map((side) => `s${level + 1}${side} < s${level}a s${level}b`),
          ).flat(),
          'end < s40a s40b',
        ],
        '[vars]\nno = ""\n',
      ).replace(/(id = "s[1-9]\w*"\n)/g, '$1condition = "{{no}}"\n'),
    },
  },
  {
    what: 'a chain of 4,000 steps that conditions take out',
    files: {
      f: workflow(
        'f',
        Array.from({ length: 4_001 }, (_, index) => (index === 0 ? 's0' : `s${index} < s${index - 1}`)),
        '[vars]\nno = ""\n',
      ).replace(/(id = "s[1-9]\d*"\n)/g, '$1condition = "{{no}}"\n'),
    },
  },
  {
    what: 'a pattern that backtracking never finishes',
    files: {
      f: `${head}[vars.a]\npattern = "^(a+)+$"\ndefault = "${'a'.repeat(5_000)}!"\n${step('s')}`,
    },
    refused: /vars\.a: the default is not valid: variable a: "a+…" does not match the pattern \^\(a\+\)\+\$/,
  },
  {
    what: 'a pattern with counts of counts',
    files: { f: `${head}[vars.a]\npattern = "((a{100}){100}){100}"\n${step('s')}` },
    refused: /vars\.a: invalid pattern .*: invalid repeat count/,
  },
  {
    what: 'very many patterns',
    files: {
      f: `${head}${repeat(4_000, (index) => `[vars.v${index}]\npattern = "\\\\pL{1000}${index}"\n`)}${step('s')}`,
    },
    refused: /it is too costly to check; use a simpler or shorter pattern/,
  },
  {
    what: 'lists within each other',
    files: { f: `${head}x = ${'['.repeat(100_000)}${']'.repeat(100_000)}\n${step('s')}` },
    refused: /the data is nested (?:too deeply|more than 100 levels deep)/,
  },
  {
    what: 'tables within each other',
    files: { f: `${head}x = ${'{a='.repeat(20_000)}1${'}'.repeat(20_000)}\n${step('s')}` },
    refused: /the data is nested (?:too deeply|more than 100 levels deep)/,
  },
  {
    what: 'a key of 100,000 parts',
    files: { f: `${head}x${'.a'.repeat(100_000)} = 1\n${step('s')}` },
    refused: /the data is nested (?:too deeply|more than 100 levels deep)/,
  },
  {
    what: 'children within each other',
    files: {
      f: `${head}${Array.from({ length: 300 }, (_, level) => `[[steps${'.children'.repeat(level)}]]\nid = "s${level}"\ntitle = "T"\n`).join('')}`,
    },
    refused: /the data is nested more than 100 levels deep/,
  },
  {
    what: 'JSON within each other',
    files: { 'f.formula.json': `{"formula":"f","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}` },
    refused: /the data is nested (?:too deeply|more than 100 levels deep)/,
  },
  {
    what: 'a number of 900,000 digits',
    files: { f: `${head}x = ${'9'.repeat(900_000)}\n${step('s')}` },
  },
  { what: 'a comment of 900,000 characters', files: { f: `${head}# ${'x'.repeat(900_000)}\n${step('s')}` } },
  { what: '900,000 line ends', files: { f: `${head}${'\n'.repeat(900_000)}${step('s')}` } },
  {
    what: 'a file that is too large',
    files: { f: `${head}# ${'x'.repeat(1_000_000)}\n${step('s')}` },
    refused: /the file is too large: 1,000,\d{3} characters, at most 1,000,000 are read/,
  },
  {
    what: 'an id of 100,000 characters',
    files: { f: `${head}${step('a'.repeat(100_000))}` },
    refused: /the id "a+…" is longer than 150 characters/,
  },
  {
    what: 'ids that grow with every expansion',
    files: {
      f: `${head}${step('a')}[compose]\nmap = [${repeat(100, () => '{select = "*", with = "long"},')}]\n`,
      long: `formula = "long"\ntype = "expansion"\n[[template]]\nid = "{target}.${'x'.repeat(40)}"\ntitle = "T"\n`,
    },
    refused: /^f: compose\.map\[3\]: the id .* is longer than 150 characters$/,
  },
  {
    what: 'a duration of 100,000 digits',
    files: { f: `${head}${step('a')}[steps.gate]\ntype = "timer"\ntimeout = "${'1'.repeat(100_000)}"\n` },
  },
  {
    what: '5,000 branches of many steps',
    files: {
      f: `${wide}[compose]\nbranch = [\n${repeat(4_000, () => `{from = "s0", steps = [${repeat(10, (index) => `"s${index + 2}",`)}], join = "s1"},\n`)}]\n`,
    },
  },
  {
    what: 'names of formulas that nobody has, thousands of them',
    files: { f: `${head}${repeat(4_000, (index) => `[[steps]]\nid = "s${index}"\nexpand = "no-such-${index}"\n`)}` },
    refused: /formula "no-such-0" not found/,
  },
  {
    what: 'values of the wrong kind, thousands of them',
    files: { f: `${head}${repeat(4_500, (index) => `[[steps]]\nid = ${index}\ntitle = [1]\npriority = "x"\n`)}` },
    refused: /formula validation failed:\n {2}- steps\[0\]\.id: must be a string/,
  },
  {
    what: 'variables of the wrong kind, thousands of them',
    files: { f: `${head}${repeat(30_000, (index) => `[vars.v${index}]\ndefault = []\n`)}${step('s')}` },
    refused: /vars\.v0/,
  },
  {
    what: 'texts that begin again and again and never end',
    files: { f: `${head}${repeat(20_000, () => 'a = """\n[t]\n\\"""\n')}` },
    refused: /line \d+, column \d+/,
  },
  {
    what: 'a list that is never closed, with nothing in it',
    files: { f: `${head}x = [${'\n'.repeat(500_000)}` },
    refused: /line \d+, column \d+/,
  },
  {
    what: 'words that are not statements, a hundred thousand of them',
    files: { f: `${head}${'what is this\n\nx = 1 2\n'.repeat(30_000)}` },
    refused: /line \d+, column \d+/,
  },
  {
    what: 'the same table thousands of times',
    files: { f: `${head}${'[a]\nb = 1\n'.repeat(60_000)}` },
    refused: /line \d+, column \d+/,
  },
  {
    what: 'headers with many parts',
    files: { f: `${head}${repeat(4_000, (index) => `[${'a.'.repeat(95)}k${index}]\n`)}${step('s')}` },
  },
  {
    what: 'thousands of blocks of backquotes and braces',
    files: {
      f: `${head}${step('s', `description = """\n${'```sh\necho {{a}} `` ` {{#if x}} {b} \n'.repeat(20_000)}"""\n`)}`,
    },
  },
  {
    what: 'a template with very many empty labels',
    files: {
      f: `${workflow(
        'f',
        Array.from({ length: 300 }, (_, index) => `s${index}`),
      )}[compose]\nmap = [{select = "*", with = "labels"}]\n`,
      labels: `formula = "labels"\ntype = "expansion"\n[[template]]\nid = "{target}.x"\ntitle = "T"\nlabels = [${'"",'.repeat(300_000)}]\n`,
    },
    refused: /^f: compose\.map\[0\]: composing this takes too much work$/,
  },
  {
    what: 'a formula that extends 100,000 others, all of them the same',
    files: {
      f: `${head}extends = [${'"base",'.repeat(100_000)}]\n${step('a')}`,
      base: workflow(
        'base',
        Array.from({ length: 2_000 }, (_, index) => `b${index}`),
      ),
    },
    refused: /extends: 100,000 parents are too many \(at most 100\)/,
  },
  {
    what: 'a cycle of 4,000 steps',
    files: {
      f: workflow(
        'f',
        Array.from({ length: 4_000 }, (_, index) => `s${index} < s${(index + 1) % 4_000}`),
      ),
    },
    refused: /steps: cycle detected involving: s0 → s1 → .* → s18 → … → s0$/m,
  },
  {
    what: '165,000 headers of other tables',
    files: { f: `${head}${step('a')}${'[[a]]\n'.repeat(160_000)}` },
  },
  {
    what: '330,000 empty tables',
    files: { f: `${head}x = [${'{},'.repeat(320_000)}]\n${step('a')}` },
  },
  {
    what: '90,000 headers of steps',
    files: { f: `${head}${'[[steps]]\n'.repeat(90_000)}` },
    refused: /steps: 90,000 steps are too many/,
  },
  {
    what: '50,000 variables',
    files: { f: `${head}${repeat(50_000, (index) => `[vars.v${index}]\n`)}${step('s', 'notes = "{{v1}}"\n')}` },
    refused: /vars: 50,000 variables are too many \(at most 5,000\)/,
  },
  {
    what: 'a step that needs 100,000 others',
    files: { f: `${head}${step('s', `needs = [${repeat(100_000, (index) => `"n${index}",`)}]\n`)}` },
    refused: /steps: 100,000 needs are too many \(at most 20,000\)/,
  },
  {
    what: 'texts of one word, and of one brace after the other',
    files: {
      f: `${head}${step('s', `notes = "${'x'.repeat(300_000)},"\ndescription = "${'{'.repeat(200_000)}{{${' '.repeat(100_000)}"\n`)}`,
    },
  },
  {
    what: 'names that look like others',
    files: {
      f: `${head}${repeat(2_000, (index) => `[vars.${'v'.repeat(140)}${index}]\ndefault = "x"\n`)}${step('s', `notes = "${repeat(2_000, (index) => `{{${'v'.repeat(139)}x${index}}}`)}"\n`)}`,
    },
  },
  {
    what: 'emoji and combining marks',
    files: {
      f: `${head}${step('s', `description = "${'👩‍👩‍👧‍👦é\u0301'.repeat(30_000)}"\n`).replace('"T"', `"${'🧪'.repeat(50_000)}"`)}`,
    },
  },
];
