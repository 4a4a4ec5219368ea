import { UserError } from '../../base/errors';
import { unique } from '../../base/objects';
import { count, limits } from '../limits';
import type { Compose, FindFormula, Formula, HasLocation, Step } from '../model';

/**
 * Merges formulas with those that they extend. Each formula is resolved once, however many extend it, and the parts of
 * a common ancestor of several parents are taken once: the cost of diamonds of `extends` is proportional to the number
 * of formulas.
 */
export class ParentResolver {
  /** By name, with their parents, without locations. */
  private readonly resolved = new Map<string, Formula>();
  private readonly path: string[] = [];

  constructor(private readonly find: FindFormula) {}

  /** @throws UserError if a parent cannot be used or extends itself, and if a limit is exceeded */
  resolve(formula: Formula): Formula {
    if (formula.extends.length === 0) return formula;
    this.path.push(formula.name);
    try {
      if (this.path.length > limits.extendsLevels)
        throw new UserError(
          `${formula.name}: "extends" goes over more than ${limits.extendsLevels} levels`,
          'Merge some of these formulas.',
        );
      return mergeParents(
        formula,
        unique(formula.extends).map((name) => this.parent(formula, name)),
      );
    } finally {
      this.path.pop();
    }
  }

  private parent(child: Formula, name: string): Formula {
    const known = this.resolved.get(name);
    if (known) return known;
    if (this.path.includes(name))
      throw new UserError(
        `circular extends detected: ${[...this.path, name].join(' -> ')}`,
        'Remove one of them from "extends".',
      );
    const parent = withoutLocations(this.resolve(this.findParent(child, name)));
    this.resolved.set(name, parent);
    return parent;
  }

  private findParent(child: Formula, name: string): Formula {
    try {
      return { ...this.find(name).formula, name };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`${child.name} extends ${name}: ${error.message}`, error.hint, error.code);
    }
  }
}

/** The child overrides its parents; among the parents the first one that has a value wins. */
function mergeParents(child: Formula, parents: readonly Formula[]): Formula {
  const all = [...parents, child];
  const list = <T>(what: string, pick: (formula: Formula) => readonly T[]): T[] => {
    const items = new Set<T>();
    for (const formula of all) {
      for (const item of pick(formula)) items.add(item);
      refuseTooMany(child, what, items.size);
    }
    return [...items];
  };
  const points = list('bond points', (formula) => formula.compose.bondPoints);
  const merged: Compose = {
    bondPoints: [...new Map(points.map((point) => [point.id, point])).values()],
    hooks: list('hooks', (formula) => formula.compose.hooks),
    expand: list('expansions', (formula) => formula.compose.expand),
    map: list('expansions', (formula) => formula.compose.map),
    branch: list('branches', (formula) => formula.compose.branch),
    gate: list('gates', (formula) => formula.compose.gate),
    aspects: list('aspects', (formula) => formula.compose.aspects),
  };
  const vars = Object.assign({}, ...[...parents].reverse().map((parent) => parent.vars), child.vars) as Formula['vars'];
  refuseTooMany(child, 'variables', Object.keys(vars).length);
  return {
    ...child,
    description: child.description || (parents.find((parent) => parent.description !== '')?.description ?? ''),
    vars,
    steps: all.reduce<Step[]>((steps, formula) => overrideSteps(child, steps, formula.steps), []),
    template: all.reduce<Step[]>((steps, formula) => overrideSteps(child, steps, formula.template), []),
    compose: merged,
    advice: list('advices', (formula) => formula.advice),
    analyses: list('aspects', (formula) => formula.analyses),
    legs: child.legs.length > 0 ? child.legs : list('legs', (formula) => formula.legs),
    synthesis: child.synthesis ?? parents.find((parent) => parent.synthesis)?.synthesis,
    phase: child.phase || (parents.find((parent) => parent.phase !== '')?.phase ?? ''),
  };
}

/** A step with a known id replaces that step; others are added at the end. */
function overrideSteps(child: Formula, steps: readonly Step[], more: readonly Step[]): Step[] {
  const known = new Set(steps.map((step) => step.id));
  const replacements = new Map([...more].reverse().map((step) => [step.id, step]));
  const replaced = steps.map((step) => (step.id === '' ? step : (replacements.get(step.id) ?? step)));
  const result = [...replaced, ...more.filter((step) => step.id === '' || !known.has(step.id))];
  refuseTooMany(child, 'steps', result.length);
  return result;
}

function refuseTooMany(child: Formula, what: string, size: number): void {
  if (size > limits.entries)
    throw new UserError(
      `${child.name}: together with its parents it has more than ${count(limits.entries)} ${what}`,
      'Extend fewer or smaller formulas.',
    );
}

/**
 * The parts of a parent are in another file: they lose their locations. Inherited parts have none already and stay the
 * same objects, so that duplicates are recognized.
 */
function withoutLocations(parent: Formula): Formula {
  const strip = <T extends HasLocation>(items: readonly T[]): T[] =>
    items.map((item) => (item.at ? { ...item, at: undefined } : item));
  const steps = (list: readonly Step[]): Step[] =>
    list.map((step) =>
      step.at
        ? {
            ...step,
            at: undefined,
            children: steps(step.children),
            ...(step.loop ? { loop: { ...step.loop, body: steps(step.loop.body) } } : {}),
          }
        : step,
    );
  const { compose } = parent;
  return {
    ...parent,
    steps: steps(parent.steps),
    template: steps(parent.template),
    advice: strip(parent.advice),
    legs: strip(parent.legs),
    compose: {
      bondPoints: strip(compose.bondPoints),
      hooks: strip(compose.hooks),
      expand: strip(compose.expand),
      map: strip(compose.map),
      branch: strip(compose.branch),
      gate: strip(compose.gate),
      aspects: compose.aspects,
    },
  };
}
