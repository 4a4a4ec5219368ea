import { formulaTypes, type Path } from './model';

/** Description of a key, for warnings, completion, hover and docs/formulas.md. */
export interface KeyInfo {
  kind: 'string' | 'strings' | 'number' | 'boolean' | 'table' | 'tables' | 'map' | 'any';
  /** Documentation in Markdown. */
  doc: string;
  required?: boolean;
  /** The keys of the table, of each of the tables, or of each value of the map. */
  table?: TableKind;
  values?: readonly string[];
  /** What the strings of the value refer to. */
  names?: 'step' | 'leg' | 'formula';
  /** Whether the value usually has several lines. */
  long?: boolean;
}

/** Names of the kinds of values, for messages. */
export const kindNames: Readonly<Record<KeyInfo['kind'], string>> = {
  string: 'string',
  strings: 'array of strings',
  number: 'number',
  boolean: 'true or false',
  table: 'table',
  tables: 'array of tables',
  map: 'table of names',
  any: 'any value',
};

export type TableKind =
  | 'formula'
  | 'variable'
  | 'step'
  | 'gate'
  | 'loop'
  | 'onComplete'
  | 'compose'
  | 'advice'
  | 'around'
  | 'bondPoint'
  | 'hook'
  | 'expand'
  | 'map'
  | 'branch'
  | 'composeGate'
  | 'leg'
  | 'synthesis'
  | 'aspect'
  | 'pointcut'
  | 'input'
  | 'output'
  | 'preset'
  | 'squash';

export const gateTypes: readonly string[] = ['human', 'timer', 'gh:run', 'gh:pr', 'mail', 'bead'];
export const stepTypes: readonly string[] = ['task', 'bug', 'feature', 'chore', 'epic'];
export const variableTypes: readonly string[] = ['string', 'int', 'bool'];

type More = Omit<KeyInfo, 'kind' | 'doc'>;
const make =
  (kind: KeyInfo['kind']) =>
  (doc: string, more: More = {}): KeyInfo => ({ kind, doc, ...more });
const [string, strings, number, flag, any] = [
  make('string'),
  make('strings'),
  make('number'),
  make('boolean'),
  make('any'),
];
const table = (kind: TableKind, doc: string): KeyInfo => ({ kind: 'table', doc, table: kind });
const tables = (kind: TableKind, doc: string, more: More = {}): KeyInfo => ({
  kind: 'tables',
  doc,
  table: kind,
  ...more,
});
const map = (doc: string, kind?: TableKind): KeyInfo => ({ kind: 'map', doc, ...(kind ? { table: kind } : {}) });
const required: More = { required: true };
const step: More = { names: 'step' };
const requiredStep: More = { required: true, names: 'step' };
const requiredFormula: More = { required: true, names: 'formula' };
const long: More = { long: true };

/** All keys of each kind of table, as bd and gt know them; those that only the Go programs read are here too. */
export const schema: Readonly<Record<TableKind, Readonly<Record<string, KeyInfo>>>> = {
  formula: {
    formula: string('The name of the formula. Must be the name of its file.', required),
    description: string(
      'What the formula is for. Becomes the description of the molecule; may contain `{{variables}}`.',
      long,
    ),
    version: number('The version of the content: a whole number of 1 or more.'),
    type: string(
      '`workflow`: steps in an order. `expansion`: a template that replaces a step. `aspect`: advice for the steps of other formulas. `convoy`: legs that run in parallel. Inferred from the content if not given.',
      { values: formulaTypes },
    ),
    extends: strings(
      'Formulas whose steps and variables are inherited. A step with the same id replaces the inherited one.',
      { names: 'formula' },
    ),
    vars: map(
      'Variables, used as `{{variable}}` in strings. A string instead of a table is the default value.',
      'variable',
    ),
    steps: tables('step', 'The steps of the workflow. Each becomes a bead; `needs` defines their order.'),
    template: tables(
      'step',
      'The steps of an expansion. `{target}`, `{target.title}` and `{target.description}` refer to the step that is replaced.',
    ),
    compose: table('compose', 'How other formulas are included in this one, and where others may be attached.'),
    advice: tables('advice', 'Steps to add before, after or around the steps that a pattern selects.'),
    pointcuts: tables('pointcut', 'The steps that an aspect applies to. Read by the Go programs only.'),
    phase: string(
      '`liquid`: poured as permanent beads. `vapor`: meant for wisps, which leave nothing in `issues.jsonl`.',
      {
        values: ['liquid', 'vapor'],
      },
    ),
    pour: flag('Whether the steps become beads of their own. Read by the Go programs only.'),
    squash: table('squash', 'How a digest of the finished work is created. Read by the Go programs only.'),
    review_only: flag('The legs only read and report; they change nothing.'),
    agent: string('The default runtime.'),
    inputs: map('The inputs that a convoy requests before it starts.', 'input'),
    prompts: map('Prompts for the legs.'),
    output: table('output', 'Where the legs of a convoy write their results.'),
    legs: tables('leg', 'The legs of a convoy: work that is done in parallel.'),
    synthesis: table('synthesis', 'How the results of the legs are combined at the end.'),
    presets: map('Named selections of legs.', 'preset'),
    aspects: tables('aspect', 'Parallel analyses of one thing (Gas Town dialect).'),
    source: string('The source of the formula.'),
  },
  variable: {
    description: string('What the variable is for. Shown when a value is requested.'),
    default: string('The value if none is given. An empty string is a default too.'),
    required: flag('A value must be given. Cannot be combined with `default`.'),
    enum: strings('The only values that are allowed.'),
    pattern: string('A regular expression (RE2 syntax) that a part of the value must match.'),
    type: string('`string`, `int` (a whole number) or `bool` (true or false).', { values: variableTypes }),
  },
  step: {
    id: string('The id of the step, unique in the formula: letters, digits, `-`, `_`, `.` and `:`.', required),
    title: string('What to do, in one line. May contain `{{variables}}`. Not needed with `expand`.', required),
    description: string('How to do it: Markdown, with `{{variables}}`.', long),
    notes: string('Notes for the bead.', long),
    acceptance: string('How to tell that the step is done.', long),
    type: string('The type of the bead: `task` by default, always `epic` with `children`.', { values: stepTypes }),
    priority: number('0 (most urgent) to 4; 2 by default.', { values: ['0', '1', '2', '3', '4'] }),
    labels: strings('Labels of the bead.'),
    metadata: map(
      'Metadata of the bead. `gastown`, `merge`, `convoy`, `escalation` and `mail` are reserved for the engine.',
    ),
    depends_on: strings('The same as `needs`.', step),
    needs: strings('Ids of the steps that must be done before this one starts.', step),
    waits_for: string(
      'Waits for beads that another step creates while it runs: `all-children`, `any-children` or `children-of(step)`.',
      { values: ['all-children', 'any-children'], names: 'step' },
    ),
    assignee: string('Who does it. May contain `{{variables}}`.'),
    expand: string('The expansion whose template replaces this step.', { names: 'formula' }),
    expand_vars: map('Values for the variables of the expansion.'),
    condition: string('The step is kept only if this is true: `{{var}}`, `!{{var}}` or `{{var}} == value`.'),
    children: tables('step', 'Steps within this one, which is done when they are.'),
    gate: table('gate', 'An outside condition that must be met before the step starts.'),
    loop: table('loop', 'Repeats a body of steps instead of this step.'),
    on_complete: table('onComplete', 'Starts a molecule for each item of the output when the step is done.'),
    parallel: flag('A hint that the children may run in parallel (Gas Town dialect).'),
    interactive: flag('A hint that a person takes part (Gas Town dialect).'),
    args: map('Values for the step of an advice.'),
    output: any('What the step passes to later ones.'),
  },
  gate: {
    type: string(
      'What opens the gate: `human` (a person), `timer`, `gh:run` (a run on GitHub), `gh:pr` (a merged pull request), `mail` or `bead`.',
      { required: true, values: gateTypes },
    ),
    await_id: string('The number of the run or pull request, or the id of the bead.'),
    id: string('The same as `await_id`.'),
    timeout: string('The longest wait, such as `30m` or `2h`; for a timer its duration.'),
    condition: string('A condition of the Gas Town dialect.'),
  },
  loop: {
    count: number('How many times the body is repeated.'),
    until: string("A condition that ends the loop, such as `step.status == 'complete'`. Needs `max`."),
    max: number('The maximum number of rounds, together with `until`.'),
    range: string('One round for each number, such as `1..5`. May contain `{variables}` and `+ - * / ^ ( )`.'),
    var: string('The name for the number of the round, used as `{name}`.'),
    body: tables('step', 'The steps of one round.', required),
  },
  onComplete: {
    for_each: string('An array in the output of the step: `output.…`.'),
    bond: string('The formula to start for each item.', { names: 'formula' }),
    vars: map('Values for its variables; `{item.…}` refers to parts of the item.'),
    parallel: flag('All at once. Cannot be combined with `sequential`.'),
    sequential: flag('One after the other. Cannot be combined with `parallel`.'),
  },
  compose: {
    bond_points: tables('bondPoint', 'Places where other formulas may be attached.'),
    hooks: tables('hook', 'Formulas that are attached when something happens. Read by the Go programs only.'),
    expand: tables('expand', 'Replaces one step by the template of an expansion.'),
    map: tables('map', 'Replaces every step that a pattern selects by the template of an expansion.'),
    branch: tables('branch', 'Steps that fork from one step and join in another.'),
    gate: tables('composeGate', 'A condition that is checked before a step starts.'),
    aspects: strings('Aspects whose advice is applied.', { names: 'formula' }),
  },
  bondPoint: {
    id: string('The name of the place.', required),
    description: string('What may be attached here.'),
    after_step: string('Attaches after this step. Cannot be combined with `before_step`.', step),
    before_step: string('Attaches before this step. Cannot be combined with `after_step`.', step),
    parallel: flag('Runs in parallel with what follows.'),
  },
  hook: {
    trigger: string('What must happen.', required),
    attach: string('The formula that is attached.', requiredFormula),
    at: string('The bond point where it is attached.'),
    vars: map('Values for its variables.'),
  },
  expand: {
    target: string('The id of the step to replace.', requiredStep),
    with: string('The name of the expansion.', requiredFormula),
    vars: map('Values for its variables.'),
  },
  map: {
    select: string('Which steps to replace: `*` matches any characters, `?` one.', required),
    with: string('The name of the expansion.', requiredFormula),
    vars: map('Values for its variables.'),
  },
  branch: {
    from: string('The step after which the others start.', requiredStep),
    steps: strings('The steps that run in parallel.', requiredStep),
    join: string('The step that waits for all of them.', requiredStep),
  },
  composeGate: {
    before: string('The step that waits.', requiredStep),
    condition: string("What must be true, such as `review.status == 'complete'`.", required),
  },
  advice: {
    target: string('Which steps: `*` matches any characters, `?` one.', required),
    before: tables('step', 'Steps to add before.'),
    after: tables('step', 'Steps to add after.'),
    around: table('around', 'Steps to add before and after.'),
  },
  around: { before: tables('step', 'Steps to add before.'), after: tables('step', 'Steps to add after.') },
  leg: {
    id: string('The id of the leg, unique in the formula.', required),
    title: string('What it does, in one line.'),
    focus: string('What it looks at.'),
    description: string('How to do it: Markdown.', long),
    agent: string('The runtime of the leg.'),
    review_only: flag('It only reads and reports; it changes nothing.'),
  },
  synthesis: {
    title: string('How the results are combined, in one line.'),
    description: string('How to do it: Markdown.', long),
    depends_on: strings('The legs whose results it needs.', { names: 'leg' }),
  },
  aspect: {
    id: string('The name of the analysis.', required),
    title: string('What it does, in one line.'),
    focus: string('What it looks at.'),
    description: string('How to do it: Markdown.', long),
  },
  pointcut: {
    glob: string('Which steps: `*` matches any characters.'),
    type: string('Steps of this type.'),
    label: string('Steps with this label.'),
  },
  input: {
    description: string('The requested input.'),
    type: string('The type of the value.'),
    required: flag('A value must be given.'),
    required_unless: strings('Not needed if one of these inputs is given.'),
    default: string('The value if none is given.'),
  },
  output: {
    directory: string('The folder for the results.'),
    leg_pattern: string('The name of the file of each leg.'),
    synthesis: string('The name of the file of the synthesis.'),
  },
  preset: { description: string('What the selection is for.'), legs: strings('The legs that run.', { names: 'leg' }) },
  squash: {
    trigger: string('When the digest is created.'),
    template_type: string('How it is written.'),
    include_metrics: flag('Whether it contains metrics.'),
  },
};

/** The kind of table at a path; undefined if any keys are allowed. */
export function tableKindAt(path: Path): TableKind | undefined {
  let kind: TableKind | undefined = 'formula';
  let isMap = false;
  for (const part of path) {
    if (typeof part === 'number') continue;
    if (isMap) {
      isMap = false;
      continue;
    }
    const info: KeyInfo | undefined = kind && keyOf(kind, part);
    kind = info?.table;
    isMap = info?.kind === 'map';
  }
  return isMap ? undefined : kind;
}

/** The description of the key at the end of a path. */
export function keyAt(path: Path): KeyInfo | undefined {
  const names = path.filter((part) => typeof part === 'string');
  const last = names.at(-1);
  const kind = tableKindAt(path.slice(0, path.lastIndexOf(last ?? '')));
  return last === undefined || !kind ? undefined : keyOf(kind, last);
}

export function keyOf(kind: TableKind, name: string): KeyInfo | undefined {
  return Object.hasOwn(schema[kind], name) ? schema[kind][name] : undefined;
}
