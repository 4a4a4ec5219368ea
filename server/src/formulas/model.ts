/** A formula in its normal form: every field present, in one spelling. Never changed in place. */

export const formulaTypes = ['workflow', 'expansion', 'aspect', 'convoy'] as const;
export type FormulaType = (typeof formulaTypes)[number];

/** Priority of a step that states none. */
export const DEFAULT_PRIORITY = 2;

/** A place in the data of a formula: names of keys and indexes of items. */
export type Path = readonly (string | number)[];

/** Location of a part in its file; missing for parts that are inherited from another file. */
export interface HasLocation {
  at?: Path;
}

export interface Variable {
  description: string;
  /** An empty text is a default too. */
  default?: string;
  required: boolean;
  enum?: string[];
  pattern?: string;
  type?: string;
}

/** Something outside the molecule that a step waits for. */
export interface Gate {
  type: string;
  awaitId: string;
  /** Timeout, such as `30m` or `2h`. */
  timeout: string;
}

export interface Loop {
  count?: number;
  /** Condition that is evaluated while the molecule runs, for at most `max` iterations. */
  until?: string;
  max?: number;
  /** `1..5`, also with variables and arithmetic. */
  range?: string;
  var?: string;
  body: Step[];
}

export interface OnComplete {
  forEach: string;
  bond: string;
  parallel: boolean;
  sequential: boolean;
}

export interface Step extends HasLocation {
  id: string;
  title: string;
  description: string;
  notes: string;
  acceptance: string;
  type: string;
  priority?: number;
  labels: string[];
  metadata?: Record<string, unknown>;
  /** Ids of the steps that must be done first: `needs` and `depends_on`. */
  needs: string[];
  waitsFor: string;
  assignee: string;
  condition: string;
  expand?: { with: string; vars: Record<string, string> };
  gate?: Gate;
  loop?: Loop;
  onComplete?: OnComplete;
  children: Step[];
}

export interface Advice extends HasLocation {
  target: string;
  before: Step[];
  after: Step[];
}

export interface Compose {
  bondPoints: (HasLocation & { id: string; description: string; afterStep: string; beforeStep: string })[];
  hooks: (HasLocation & { trigger: string; attach: string })[];
  expand: (HasLocation & { target: string; with: string; vars: Record<string, string> })[];
  map: (HasLocation & { select: string; with: string; vars: Record<string, string> })[];
  branch: (HasLocation & { from: string; steps: string[]; join: string })[];
  gate: (HasLocation & { before: string; condition: string })[];
  aspects: string[];
}

export interface Leg extends HasLocation {
  id: string;
  title: string;
}

export interface Formula {
  name: string;
  description: string;
  version: number;
  type: FormulaType;
  extends: string[];
  vars: Record<string, Variable>;
  steps: Step[];
  template: Step[];
  compose: Compose;
  advice: Advice[];
  /** Parallel analyses of an aspect of the Gas Town dialect. */
  analyses: string[];
  legs: Leg[];
  synthesis?: { needs: string[] };
  phase: '' | 'liquid' | 'vapor';
}

/** Location of a problem in a formula. */
export interface ProblemLocation {
  path: Path;
  /** One of the ids in `needs` and `depends_on` of the step at `path`. */
  need?: string;
}

/** A problem of a formula. A formula with an error cannot be used. */
export interface Problem extends ProblemLocation {
  severity: 'error' | 'warning';
  /** Stable name of the kind of problem. */
  code: string;
  /** Message with the place: `steps[2] (test): …`. */
  message: string;
  /** Message without the place, for editors, which show it themselves. */
  text: string;
  related?: readonly (ProblemLocation & { text: string })[];
}

type More = Pick<Problem, 'need' | 'related'> & { hint?: string };

const problem =
  (severity: Problem['severity']) =>
  (code: string, where: string, text: string, path: Path, { hint, ...more }: More = {}): Problem => ({
    severity,
    code,
    message: where === '' ? text : `${where}: ${text}`,
    text: hint ? `${text}; ${hint}` : text,
    path,
    ...more,
  });
export const error = problem('error');
export const warning = problem('warning');

/** The path of a value within a part; `extends` for a part that is inherited. */
export function pathWithin({ at }: HasLocation, ...keys: Path): Path {
  return at ? [...at, ...keys] : ['extends'];
}

const MAX_SHOWN = 100;

/** A name in quotes for a message; only its first characters if it is very long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name);
}

/** A path as text: `steps[2].gate`. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${part}`))
    .join('');
}

/** The first problems, errors before warnings, each message once; the last one states how many are not shown. */
export function firstProblems(problems: readonly Problem[], most: number): Problem[] {
  const unique = [...new Map(problems.map((one) => [one.message, one])).values()];
  if (unique.length <= most) return unique;
  const sorted = [...unique.filter(isError), ...unique.filter((one) => !isError(one))];
  const left = sorted.slice(most);
  const make = left.some(isError) ? error : warning;
  return [...sorted.slice(0, most), make('more-problems', '', `${left.length} more problems are not shown`, [])];
}

export function isError({ severity }: Problem): boolean {
  return severity === 'error';
}

/** A formula as written in its text, without its parents. */
export interface FoundFormula {
  formula: Formula;
  /** Problems of the text itself. */
  problems: Problem[];
  /** For display: the file, or a note that it is built in. */
  source: string;
}

/** Finds a formula by name. @throws UserError if there is none, or its text is not a formula */
export type FindFormula = (name: string) => FoundFormula;
