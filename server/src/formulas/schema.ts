import { formulaTypes, type Path } from './model';

/** Which keys there are, where they stand and what they mean: for warnings, completion and hover alike. */
export interface KeyInfo {
  kind: 'text' | 'texts' | 'number' | 'boolean' | 'table' | 'tables' | 'map' | 'any';
  doc: string;
  required?: boolean;
  /** What stands in the table, in each of the tables, or in each value of the map. */
  table?: TableKind;
  values?: readonly string[];
  /** What its texts name. */
  names?: 'step' | 'leg' | 'formula';
  /** Usually several lines. */
  long?: boolean;
}

/** The kinds of values, for people. */
export const kindNames: Readonly<Record<KeyInfo['kind'], string>> = {
  text: 'text',
  texts: 'list of texts',
  number: 'number',
  boolean: 'true or false',
  table: 'table',
  tables: 'list of tables',
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
const [text, texts, number, flag, any] = [make('text'), make('texts'), make('number'), make('boolean'), make('any')];
const table = (place: TableKind, doc: string): KeyInfo => ({ kind: 'table', doc, table: place });
const tables = (place: TableKind, doc: string, more: More = {}): KeyInfo => ({
  kind: 'tables',
  doc,
  table: place,
  ...more,
});
const map = (doc: string, place?: TableKind): KeyInfo => ({ kind: 'map', doc, ...(place ? { table: place } : {}) });
const required: More = { required: true };
const step: More = { names: 'step' };

export const schema: Readonly<Record<TableKind, Readonly<Record<string, KeyInfo>>>> = {
  formula: {
    formula: text('The name of the formula, by which it is found: the same as that of its file.', required),
    description: text('What the formula is for. Becomes the description of the molecule; may hold `{{variables}}`.', {
      long: true,
    }),
    version: number('The version of its content: a whole number of 1 or more.'),
    type: text(
      'What the formula is: `workflow` (steps in an order), `expansion` (a template that takes the place of a step), `aspect` (advice around steps of others) or `convoy` (legs that run side by side). Seen from the content where it is left out.',
      { values: formulaTypes },
    ),
    extends: texts(
      "Names of formulas whose steps and variables are taken in. A step with the same id takes the parent's place.",
      { names: 'formula' },
    ),
    vars: map('Variables, which texts name as `{{variable}}`. A text is short for a default.', 'variable'),
    steps: tables('step', 'The steps of the workflow. Each becomes a bead; `needs` gives the order.'),
    template: tables(
      'step',
      'The steps of an expansion. `{target}`, `{target.title}` and `{target.description}` stand for the step that is replaced.',
    ),
    compose: table('compose', 'How other formulas are composed in, and where others may join.'),
    advice: tables('advice', 'Steps to be put before, after or around those that a pattern names.'),
    pointcuts: tables('pointcut', 'Which steps an aspect is about. Kept for the Go programs; nothing here reads it.'),
    phase: text('`liquid`: poured as beads that stay. `vapor`: meant for wisps, which leave nothing behind.', {
      values: ['liquid', 'vapor'],
    }),
    pour: flag('Whether the steps become beads of their own. A hint for the Go programs.'),
    squash: table('squash', 'How a digest is made of what was done. Kept for the Go programs.'),
    review_only: flag('The legs read and report; they change nothing.'),
    agent: text('The runtime that works on it, where no other is said.'),
    inputs: map('What a convoy asks for before it starts.', 'input'),
    prompts: map('Texts that the legs are given.'),
    output: table('output', 'Where the legs of a convoy write what they find.'),
    legs: tables('leg', 'The legs of a convoy: work that is done side by side.'),
    synthesis: table('synthesis', 'What is made of the results of the legs at the end.'),
    presets: map('Choices of legs under a name.', 'preset'),
    aspects: tables('aspect', 'Parallel analyses of one thing (Gas Town dialect).'),
    source: text('Where the formula came from.'),
  },
  variable: {
    description: text('What the variable is for. Shown when a value is asked for.'),
    default: text('The value where none is given. An empty text is a default too.'),
    required: flag('A value must be given. Not together with `default`.'),
    enum: texts('The only values that may be given.'),
    pattern: text('A regular expression that a part of the value must match.'),
    type: text('What the value must be: `string`, `int` (a whole number) or `bool` (true or false).', {
      values: variableTypes,
    }),
  },
  step: {
    id: text('The name of the step, unique in the formula: letters, digits, `-`, `_`, `.` and `:`.', required),
    title: text('What is to be done, in one line. May hold `{{variables}}`. Not needed with `expand`.', required),
    description: text('How it is done: Markdown, with `{{variables}}`.', { long: true }),
    notes: text('Notes for the bead.', { long: true }),
    acceptance: text('How one sees that the step is done.', { long: true }),
    type: text('The type of the bead: `task` where it is left out; with `children` always `epic`.', {
      values: stepTypes,
    }),
    priority: number('0 (at once) to 4 (some day); 2 where it is left out.', { values: ['0', '1', '2', '3', '4'] }),
    labels: texts('Labels of the bead.'),
    metadata: map(
      'Data that the bead carries. `gastown`, `merge`, `convoy`, `escalation` and `mail` belong to the engine.',
    ),
    depends_on: texts('Another spelling of `needs`.', step),
    needs: texts('Ids of the steps that must be done before this one begins.', step),
    waits_for: text(
      'Waits for beads that another step makes while it runs: `all-children`, `any-children` or `children-of(step)`.',
      { values: ['all-children', 'any-children'], names: 'step' },
    ),
    assignee: text('Who does it. May hold `{{variables}}`.'),
    expand: text('The name of an expansion whose template takes the place of this step.', { names: 'formula' }),
    expand_vars: map('Values for the variables of the expansion.'),
    condition: text('The step stays only where this holds: `{{var}}`, `!{{var}}` or `{{var}} == value`.'),
    children: tables('step', 'Steps within this one: it is done when they are.'),
    gate: table('gate', 'Something outside that must happen before the step begins.'),
    loop: table('loop', 'The body is done several times in the place of this step.'),
    on_complete: table('onComplete', 'What begins when the step is done: one molecule for each item of its output.'),
    parallel: flag('A hint that the children may run side by side (Gas Town dialect).'),
    interactive: flag('A hint that a person takes part (Gas Town dialect).'),
    args: map('Values for the step of an advice.'),
    output: any('What the step gives to those after it.'),
  },
  gate: {
    type: text(
      'What opens the gate: `human` (a person), `timer`, `gh:run` (a run on GitHub), `gh:pr` (a merged pull request), `mail` or `bead`.',
      { required: true, values: gateTypes },
    ),
    await_id: text('What is waited for: the number of the run or pull request, or the id of the bead.'),
    id: text('Another spelling of `await_id`.'),
    timeout: text('How long at most, such as `30m` or `2h`. For a timer: how long.'),
    condition: text('A condition of the Gas Town dialect.'),
  },
  loop: {
    count: number('How often the body is done.'),
    until: text("A condition that ends the loop, such as `step.status == 'complete'`; needs `max`."),
    max: number('At most so many rounds, together with `until`.'),
    range: text('One round for each number, such as `1..5`; `{variables}` and `+ - * / ^ ( )` may be used.'),
    var: text('The name that stands for the number of the round: `{name}`.'),
    body: tables('step', 'The steps of one round.', required),
  },
  onComplete: {
    for_each: text('A list in the output of the step: `output.…`.'),
    bond: text('The formula that is begun for each item.', { names: 'formula' }),
    vars: map('Values for its variables; `{item.…}` stands for parts of the item.'),
    parallel: flag('All at once. Not together with `sequential`.'),
    sequential: flag('One after the other. Not together with `parallel`.'),
  },
  compose: {
    bond_points: tables('bondPoint', 'Places where other formulas may join.'),
    hooks: tables('hook', 'Formulas that are attached when something happens. Kept for the Go programs.'),
    expand: tables('expand', 'Puts the template of an expansion in the place of one step.'),
    map: tables('map', 'Puts the template of an expansion in the place of every step that a pattern selects.'),
    branch: tables('branch', 'Steps that fork from one step and join in another.'),
    gate: tables('composeGate', 'A condition that is looked at before a step begins.'),
    aspects: texts('Names of aspects whose advice is composed in.', { names: 'formula' }),
  },
  bondPoint: {
    id: text('The name of the place.', required),
    description: text('What may join here.'),
    after_step: text('It joins after this step. Not together with `before_step`.', step),
    before_step: text('It joins before this step. Not together with `after_step`.', step),
    parallel: flag('It runs beside what follows.'),
  },
  hook: {
    trigger: text('What must happen.', required),
    attach: text('The formula that is attached.', { required: true, names: 'formula' }),
    at: text('The bond point where it joins.'),
    vars: map('Values for its variables.'),
  },
  expand: {
    target: text('The id of the step that is replaced.', { required: true, names: 'step' }),
    with: text('The name of the expansion.', { required: true, names: 'formula' }),
    vars: map('Values for its variables.'),
  },
  map: {
    select: text('Which steps: `*` stands for any characters, `?` for one.', required),
    with: text('The name of the expansion.', { required: true, names: 'formula' }),
    vars: map('Values for its variables.'),
  },
  branch: {
    from: text('The step after which it forks.', { required: true, names: 'step' }),
    steps: texts('The steps that run side by side.', { required: true, names: 'step' }),
    join: text('The step that waits for all of them.', { required: true, names: 'step' }),
  },
  composeGate: {
    before: text('The step that waits.', { required: true, names: 'step' }),
    condition: text("What must hold, such as `review.status == 'complete'`.", required),
  },
  advice: {
    target: text('Which steps: `*` stands for any characters, `?` for one.', required),
    before: tables('step', 'Steps that come before.'),
    after: tables('step', 'Steps that come after.'),
    around: table('around', 'Steps before and after.'),
  },
  around: { before: tables('step', 'Steps that come before.'), after: tables('step', 'Steps that come after.') },
  leg: {
    id: text('The name of the leg, unique in the formula.', required),
    title: text('What it does, in one line.'),
    focus: text('What it looks at.'),
    description: text('How it is done: Markdown.', { long: true }),
    agent: text('The runtime that works on it.'),
    review_only: flag('It reads and reports; it changes nothing.'),
  },
  synthesis: {
    title: text('What is made of the results, in one line.'),
    description: text('How it is done: Markdown.', { long: true }),
    depends_on: texts('The legs whose results it needs.', { names: 'leg' }),
  },
  aspect: {
    id: text('The name of the analysis.', required),
    title: text('What it does, in one line.'),
    focus: text('What it looks at.'),
    description: text('How it is done: Markdown.', { long: true }),
  },
  pointcut: {
    glob: text('Which steps: `*` stands for any characters.'),
    type: text('Steps of this type.'),
    label: text('Steps with this label.'),
  },
  input: {
    description: text('What is asked for.'),
    type: text('What the value must be.'),
    required: flag('A value must be given.'),
    required_unless: texts('Not needed where one of these inputs is given.'),
    default: text('The value where none is given.'),
  },
  output: {
    directory: text('The folder for the results.'),
    leg_pattern: text('The name of the file of each leg.'),
    synthesis: text('The name of the file of the synthesis.'),
  },
  preset: { description: text('What the choice is for.'), legs: texts('The legs that run.', { names: 'leg' }) },
  squash: {
    trigger: text('When the digest is made.'),
    template_type: text('How it is written.'),
    include_metrics: flag('Whether it holds figures.'),
  },
};

/** The table of keys for what stands at a path; undefined where any keys may stand. */
export function tableKindAt(path: Path): TableKind | undefined {
  let place: TableKind | undefined = 'formula';
  let isMap = false;
  for (const part of path) {
    if (typeof part === 'number') continue;
    if (isMap) {
      isMap = false;
      continue;
    }
    const info: KeyInfo | undefined = place && keyOf(place, part);
    place = info?.table;
    isMap = info?.kind === 'map';
  }
  return isMap ? undefined : place;
}

/** What is known of the key that ends a path. */
export function keyAt(path: Path): KeyInfo | undefined {
  const names = path.filter((part) => typeof part === 'string');
  const last = names.at(-1);
  const place = tableKindAt(path.slice(0, path.lastIndexOf(last ?? '')));
  return last === undefined || !place ? undefined : keyOf(place, last);
}

export function keyOf(place: TableKind, name: string): KeyInfo | undefined {
  return Object.hasOwn(schema[place], name) ? schema[place][name] : undefined;
}
