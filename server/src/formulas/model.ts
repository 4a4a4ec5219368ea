/** A formula as the rest of the program sees it: every field there, every spelling made one. Never changed in place. */

export const formulaTypes = ['workflow', 'expansion', 'aspect', 'convoy'] as const;
export type FormulaType = (typeof formulaTypes)[number];

/** Where something stands in the data of a formula: names of keys and numbers of items. */
export type Path = readonly (string | number)[];

/** What stands in a file knows where; what came from a parent stands in another file and does not. */
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

/** Something outside that a step waits for. */
export interface Gate {
  type: string;
  awaitId: string;
  /** Such as `30m` or `2h`. */
  timeout: string;
}

export interface Loop {
  count?: number;
  /** Runtime condition; the body stands there once, with `max` as the bound. */
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
  priority: number;
  labels: string[];
  metadata?: Record<string, unknown>;
  /** Ids of steps that come first; `depends_on` is another spelling of it. */
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

/** A place in a formula. */
export interface ProblemLocation {
  path: Path;
  /** One of the ids in `needs` and `depends_on` of the step at `path`. */
  need?: string;
}

/** What is wrong with a formula. With an error it cannot be used. */
export interface Problem extends ProblemLocation {
  severity: 'error' | 'warning';
  /** Stable, for machines. */
  code: string;
  /** Begins with where: `steps[2] (test): …`. */
  message: string;
  /** The same for those who are shown the place. */
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

/** The path to something within what is placed; what a parent brought is found where that is named. */
export function pathWithin({ at }: HasLocation, ...keys: Path): Path {
  return at ? [...at, ...keys] : ['extends'];
}

/** Steps with their children, in the order of the file. */
export function allSteps(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => [step, ...allSteps(step.children)]);
}

/** Puts other steps into the place of each, from the leaves up. */
export function replaceSteps(steps: readonly Step[], replace: (step: Step) => Step[]): Step[] {
  return steps.flatMap((step) =>
    replace(step.children.length === 0 ? step : { ...step, children: replaceSteps(step.children, replace) }),
  );
}

export function mapSteps(steps: readonly Step[], change: (step: Step) => Step): Step[] {
  return replaceSteps(steps, (step) => [change(step)]);
}

const childrenOfStep = /^children-of\(\s*([^)]*?)\s*\)$/;

/** The step that `children-of(…)` names. */
export function spawnerOf(waitsFor: string): string | undefined {
  return childrenOfStep.exec(waitsFor)?.[1];
}

/** Whoever needed the step `from` needs all of `to` instead. */
export function redirectNeeds(steps: readonly Step[], from: string, to: readonly string[]): Step[] {
  return mapSteps(steps, (step) => {
    const last = to.at(-1);
    const waitsFor = spawnerOf(step.waitsFor) === from && last !== undefined ? `children-of(${last})` : step.waitsFor;
    if (!step.needs.includes(from)) return waitsFor === step.waitsFor ? step : { ...step, waitsFor };
    return { ...step, waitsFor, needs: unique(step.needs.flatMap((id) => (id === from ? to : [id]))) };
  });
}

export function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

/** Of a group of steps: those that need none of the others, and those that none of the others needs. */
export function boundarySteps(group: readonly Step[]): { first: string[]; last: string[] } {
  const inside = new Set(allSteps(group).map((step) => step.id));
  const needed = new Set(allSteps(group).flatMap((step) => step.needs));
  return {
    first: group.filter((step) => !step.needs.some((id) => inside.has(id))).map((step) => step.id),
    last: group.filter((step) => !needed.has(step.id)).map((step) => step.id),
  };
}
