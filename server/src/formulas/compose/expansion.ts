import { CompositionError, count, limits, MADE, type Budget, type Place } from '../limits';
import { pathWithin, quoted, type Formula, type Step, type Variable } from '../model';
import { allSteps, boundarySteps, mapSteps, replaceSteps, textSize } from '../steps';
import { matchesGlob } from '../../base/glob';
import { fillText, type Placeholders } from './texts';

/** Finds a formula by name, merged with its parents. @throws UserError if there is none, or it is invalid */
export type ResolveFormula = (name: string) => Formula;

/** The result of composition: steps, and the variables of the formula and of all expansions. */
export interface ComposedSteps {
  steps: Step[];
  vars: Record<string, Variable>;
}

type Given = Readonly<Record<string, string>>;

const templateName = /(?<!\{)\{([a-zA-Z_][\w.]*)\}(?!\})/g;

/** Replaces steps that say `expand` by the template of that expansion, level by level. */
export function expandInline(start: ComposedSteps, resolve: ResolveFormula, budget: Budget): ComposedSteps {
  let composed = start;
  for (let level = 1; ; level++) {
    const target = allSteps(composed.steps).find((step) => step.expand);
    if (!target) return composed;
    if (level > limits.expansionLevels)
      throw new CompositionError(
        { where: `expand of step ${target.id}`, path: pathWithin(target, 'expand') },
        `inline expansion depth limit exceeded: max ${limits.expansionLevels} levels`,
      );
    const vars = new VariableCollector(composed.vars, budget);
    let last: Place = { where: 'expand', path: ['steps'] };
    const steps = replaceSteps(
      composed.steps,
      (step) => {
        if (!step.expand) return undefined;
        last = { where: `expand of step ${step.id}`, path: pathWithin(step, 'expand') };
        const expansion = requireExpansion(resolve, step.expand.with, last);
        vars.add(expansion, step.expand.vars, last);
        return instantiate(expansion, step, step.expand.vars, budget, last);
      },
      budget,
      { where: 'expand', path: pathWithin(target, 'expand') },
    );
    refuseDuplicates(steps, last);
    composed = { steps, vars: vars.all };
  }
}

/** `compose.expand` and `compose.map`: replaces steps by the templates of expansions. */
export function expandComposed(
  start: ComposedSteps,
  formula: Formula,
  resolve: ResolveFormula,
  budget: Budget,
): ComposedSteps {
  let composed = start;
  for (const [index, entry] of formula.compose.expand.entries()) {
    const place = { where: `compose.expand[${index}]`, path: pathWithin(entry) };
    if (!allSteps(composed.steps).some((step) => step.id === entry.target))
      throw new CompositionError(
        { ...place, path: pathWithin(entry, 'target') },
        `target step ${quoted(entry.target)} not found`,
        `The steps are: ${listIds(composed.steps)}`,
      );
    const expansion = requireExpansion(resolve, entry.with, { ...place, path: pathWithin(entry, 'with') });
    composed = expandAll(composed, (step) => step.id === entry.target, expansion, entry.vars, budget, place);
  }
  for (const [index, entry] of formula.compose.map.entries()) {
    const place = { where: `compose.map[${index}]`, path: pathWithin(entry) };
    const expansion = requireExpansion(resolve, entry.with, { ...place, path: pathWithin(entry, 'with') });
    const isSelected = globMatcher(entry.select, budget, place);
    composed = expandAll(composed, (step) => isSelected(step.id), expansion, entry.vars, budget, place);
  }
  return composed;
}

function expandAll(
  { steps, vars }: ComposedSteps,
  isTarget: (step: Step) => boolean,
  expansion: Formula,
  given: Given,
  budget: Budget,
  place: Place,
): ComposedSteps {
  const collector = new VariableCollector(vars, budget);
  const expanded = replaceSteps(
    steps,
    (step) => {
      if (!isTarget(step)) return undefined;
      collector.add(expansion, given, place);
      return instantiate(expansion, step, given, budget, place);
    },
    budget,
    place,
  );
  refuseDuplicates(expanded, place);
  return { steps: expanded, vars: collector.all };
}

function requireExpansion(resolve: ResolveFormula, name: string, place: Place): Formula {
  const formula = resolve(name);
  if (formula.type !== 'expansion')
    throw new CompositionError(place, `${name} is not an expansion formula (type=${formula.type})`);
  if (formula.template.length === 0) throw new CompositionError(place, `${name} has no template steps`);
  return formula;
}

/** Matches ids with a pattern, and counts the cost. */
export function globMatcher(pattern: string, budget: Budget, place: Place): (id: string) => boolean {
  if (pattern.length > limits.globChars)
    throw new CompositionError(place, `the pattern of step ids is longer than ${limits.globChars} characters`);
  return (id) => {
    budget.spend(1 + pattern.length, place);
    return matchesGlob(pattern, id);
  };
}

/**
 * The steps of a template for one target. The first of them get the target's needs, and all without a condition its
 * condition.
 */
export function instantiate(
  expansion: Formula,
  target: Step,
  given: Given,
  budget: Budget,
  place: Place,
): { group: Step[]; last: string[] } {
  const targets: Readonly<Record<string, string>> = {
    target: target.id,
    'target.id': target.id,
    'target.title': target.title,
    'target.description': target.description,
  };
  const placeholders: Placeholders = {
    pattern: templateName,
    value: (name) => own(targets, name) ?? own(given, name) ?? own(expansion.vars, name)?.default,
  };
  const fill = (text: string): string => fillText(text, placeholders, budget, place);
  const filled = mapSteps(expansion.template, (step) => {
    budget.spend(MADE + step.needs.length + step.labels.length + Object.keys(step.expand?.vars ?? {}).length, place);
    const made: Step = {
      ...step,
      id: fill(step.id),
      title: fill(step.title),
      description: fill(step.description),
      notes: fill(step.notes),
      acceptance: fill(step.acceptance),
      assignee: fill(step.assignee),
      labels: step.labels.map(fill),
      needs: step.needs.map(fill),
      waitsFor: fill(step.waitsFor),
      condition: step.condition === '' ? target.condition : fill(step.condition),
      ...(step.expand ? { expand: { with: step.expand.with, vars: fillValues(step.expand.vars, fill) } } : {}),
    };
    if (made.id.length > limits.idChars)
      throw new CompositionError(place, `the id ${quoted(made.id)} is longer than ${limits.idChars} characters`);
    budget.addText(textSize(made), place);
    return made;
  });
  const { first, last } = boundarySteps(filled);
  const group = filled.map((step) =>
    first.has(step.id) ? { ...step, needs: [...target.needs, ...step.needs], gate: step.gate ?? target.gate } : step,
  );
  return { group, last };
}

function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function fillValues(values: Given, fill: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value)]));
}

/** Adds the variables of expansions to those of the formula, because strings may use them. Existing ones are kept. */
class VariableCollector {
  readonly all: Record<string, Variable>;
  private readonly added = new Set<Formula>();

  constructor(
    vars: Readonly<Record<string, Variable>>,
    private readonly budget: Budget,
  ) {
    this.all = { ...vars };
  }

  add(expansion: Formula, given: Given, place: Place): void {
    if (this.added.has(expansion)) return;
    this.added.add(expansion);
    for (const [name, variable] of Object.entries(expansion.vars))
      if (!Object.hasOwn(this.all, name))
        this.all[name] = Object.hasOwn(given, name) ? { ...variable, default: given[name] } : variable;
    const size = Object.keys(this.all).length;
    this.budget.spend(size, place);
    if (size > limits.entries) throw new CompositionError(place, `more than ${count(limits.entries)} variables`);
  }
}

function refuseDuplicates(steps: readonly Step[], place: Place): void {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { id } of allSteps(steps)) {
    if (seen.has(id)) twice.add(id);
    seen.add(id);
  }
  if (twice.size > 0)
    throw new CompositionError(
      place,
      `duplicate step IDs after expansion: ${[...twice].slice(0, 20).join(', ')}`,
      'Use {target} in the ids of the template.',
    );
}

/** The first ids of a list, for messages. */
export function listIds(steps: readonly Step[]): string {
  const ids = allSteps(steps).map((step) => step.id);
  return ids.length > 20 ? `${ids.slice(0, 20).join(', ')} …` : ids.join(', ');
}
