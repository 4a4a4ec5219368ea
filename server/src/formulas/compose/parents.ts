import { UserError } from '../../base/errors';
import type { Compose, Formula, HasLocation, Problem, Step } from '../model';
import { validate } from '../check/validate';
import { compositionProblems } from '../check/composition';

/** A formula as it was found, with what is wrong with its text. */
export interface FoundFormula {
  formula: Formula;
  problems: Problem[];
  /** For people: the file, or that it is built in. */
  source: string;
}

/** Finds a formula by name. Throws a UserError where there is none or its text is none. */
export type FindFormula = (name: string) => FoundFormula;

/** Takes in what a formula extends. Throws where a parent cannot be used. */
export function resolveExtends(formula: Formula, find: FindFormula, path: readonly string[] = [formula.name]): Formula {
  if (formula.extends.length === 0) return formula;
  const parents = formula.extends.map((name) => {
    if (path.includes(name))
      throw new UserError(
        `circular extends detected: ${[...path, name].join(' -> ')}`,
        'Take one of them out of "extends".',
      );
    return resolveExtends(findParent(formula, name, find), find, [...path, name]);
  });
  return mergeParents(formula, parents);
}

function findParent(formula: Formula, name: string, find: FindFormula): Formula {
  try {
    return find(name).formula;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${formula.name} extends ${name}: ${error.message}`, error.hint, error.code);
  }
}

/** The first parent that says something wins among the parents; what the child says itself wins over all. */
function mergeParents(child: Formula, parents: readonly Formula[]): Formula {
  const all = [...parents.map(withoutLocations), child];
  const list = <T>(pick: (formula: Formula) => readonly T[]): T[] => all.flatMap((formula) => [...pick(formula)]);
  const merged: Compose = {
    bondPoints: [...new Map(list((formula) => formula.compose.bondPoints).map((point) => [point.id, point])).values()],
    hooks: list((formula) => formula.compose.hooks),
    expand: list((formula) => formula.compose.expand),
    map: list((formula) => formula.compose.map),
    branch: list((formula) => formula.compose.branch),
    gate: list((formula) => formula.compose.gate),
    aspects: [...new Set(list((formula) => formula.compose.aspects))],
  };
  return {
    ...child,
    description: child.description || (parents.find((parent) => parent.description !== '')?.description ?? ''),
    vars: Object.assign({}, ...[...parents].reverse().map((parent) => parent.vars), child.vars) as Formula['vars'],
    steps: all.reduce<Step[]>((steps, formula) => overrideSteps(steps, formula.steps), []),
    template: all.reduce<Step[]>((steps, formula) => overrideSteps(steps, formula.template), []),
    compose: merged,
    advice: list((formula) => formula.advice),
    analyses: list((formula) => formula.analyses),
    legs: child.legs.length > 0 ? child.legs : list((formula) => formula.legs),
    synthesis: child.synthesis ?? parents.find((parent) => parent.synthesis)?.synthesis,
    phase: child.phase || (parents.find((parent) => parent.phase !== '')?.phase ?? ''),
  };
}

/** A parent's parts, which stand in another file. */
function withoutLocations(parent: Formula): Formula {
  const lost = <T extends HasLocation>(items: readonly T[]): T[] => items.map((item) => ({ ...item, at: undefined }));
  const steps = (list: readonly Step[]): Step[] =>
    lost(list).map((step) => ({
      ...step,
      children: steps(step.children),
      ...(step.loop ? { loop: { ...step.loop, body: steps(step.loop.body) } } : {}),
    }));
  const { compose } = parent;
  return {
    ...parent,
    steps: steps(parent.steps),
    template: steps(parent.template),
    advice: lost(parent.advice),
    legs: lost(parent.legs),
    compose: {
      bondPoints: lost(compose.bondPoints),
      hooks: lost(compose.hooks),
      expand: lost(compose.expand),
      map: lost(compose.map),
      branch: lost(compose.branch),
      gate: lost(compose.gate),
      aspects: compose.aspects,
    },
  };
}

/** A step with a known id takes that one's place; others come behind. */
function overrideSteps(steps: readonly Step[], more: readonly Step[]): Step[] {
  const known = new Set(steps.map((step) => step.id));
  const replaced = steps.map((step) => more.find((other) => other.id === step.id && step.id !== '') ?? step);
  return [...replaced, ...more.filter((step) => step.id === '' || !known.has(step.id))];
}

/** The formula with its parents, and everything that is wrong with it, also with those that it names. */
export function checkFormula(found: FoundFormula, find: FindFormula): { formula: Formula; problems: Problem[] } {
  const { formula, problems } = checkWithoutReferences(found, find);
  const loaded = new Map<string, Formula>();
  const load = (name: string): Formula => {
    const known = loaded.get(name) ?? requireValid(find(name), find);
    loaded.set(name, known);
    return known;
  };
  return {
    formula,
    problems: unique([
      ...problems,
      ...compositionProblems(formula, { find, load }, !problems.some((one) => one.severity === 'error')),
    ]),
  };
}

/** Without those that it names: cooking finds them itself. */
function checkWithoutReferences(found: FoundFormula, find: FindFormula): { formula: Formula; problems: Problem[] } {
  const formula = resolveExtends(found.formula, find);
  return { formula, problems: unique([...found.problems, ...validate(formula)]) };
}

function requireValid(found: FoundFormula, find: FindFormula): Formula {
  const { formula, problems } = checkWithoutReferences(found, find);
  throwIfInvalid(found.source, problems);
  return formula;
}

/** The formula with its parents. @throws UserError with all errors */
export function resolve(found: FoundFormula, find: FindFormula): { formula: Formula; warnings: string[] } {
  const { formula, problems } = checkWithoutReferences(found, find);
  throwIfInvalid(found.source, problems);
  return { formula, warnings: problems.map((problem) => problem.message) };
}

export function throwIfInvalid(source: string, problems: readonly Problem[]): void {
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (errors.length === 0) return;
  throw new UserError(
    `${source}: formula validation failed:\n${errors.map((problem) => `  - ${problem.message}`).join('\n')}`,
    `Mend ${errors.length === 1 ? 'this' : 'these'} in the file and try again.`,
  );
}

function unique(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
}
