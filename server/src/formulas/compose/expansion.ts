import { UserError } from '../../base/errors';
import {
  allSteps,
  boundarySteps,
  mapSteps,
  replaceSteps,
  redirectNeeds,
  type Formula,
  type Step,
  type Variable,
} from '../model';

const MAX_DEPTH = 5;
const MAX_STEPS = 5_000;

/** Finds another formula by name, its parents taken in. Throws where there is none. */
export type ResolveFormula = (name: string) => Formula;

/** A formula with steps put in, and the variables that came with them. */
export interface ComposedSteps {
  steps: Step[];
  vars: Record<string, Variable>;
}

/** The expansion formula of that name. */
export function loadExpansion(load: ResolveFormula, name: string, what: string): Formula {
  const formula = load(name);
  if (formula.type !== 'expansion')
    throw new UserError(`${what}: ${name} is not an expansion formula (type=${formula.type})`);
  if (formula.template.length === 0) throw new UserError(`${what}: ${name} has no template steps`);
  return formula;
}

/** The template's steps for one target. The first wait for what the target waited for, and share its condition. */
export function instantiate(
  expansion: Formula,
  target: Step,
  given: Readonly<Record<string, string>>,
): { group: Step[]; last: string[] } {
  const values = {
    ...Object.fromEntries(Object.entries(expansion.vars).map(([name, variable]) => [name, variable.default])),
    ...given,
  };
  const fill = (text: string): string =>
    text.replace(/(?<!\{)\{([a-zA-Z_][\w.]*)\}(?!\})/g, (whole, name: string) => {
      switch (name) {
        case 'target':
        case 'target.id':
          return target.id;
        case 'target.title':
          return target.title;
        case 'target.description':
          return target.description;
        default:
          return (Object.hasOwn(values, name) ? values[name] : undefined) ?? whole;
      }
    });
  const filled = mapSteps(expansion.template, (step) => ({
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
    ...(step.expand
      ? {
          expand: {
            with: step.expand.with,
            vars: Object.fromEntries(Object.entries(step.expand.vars).map(([name, value]) => [name, fill(value)])),
          },
        }
      : {}),
  }));
  const { first, last } = boundarySteps(filled);
  const group = filled.map((step) =>
    first.includes(step.id)
      ? { ...step, needs: [...target.needs, ...step.needs], gate: step.gate ?? target.gate }
      : step,
  );
  return { group, last };
}

/** The variables of an expansion become the formula's: its texts may use them. What the formula says itself counts. */
function withVariables(
  vars: Record<string, Variable>,
  expansion: Formula,
  given: Readonly<Record<string, string>>,
): Record<string, Variable> {
  const added = Object.entries(expansion.vars).map(([name, variable]): [string, Variable] => [
    name,
    Object.hasOwn(given, name) ? { ...variable, default: given[name] } : variable,
  ]);
  return { ...Object.fromEntries(added), ...vars };
}

/** Puts the template of an expansion in the place of one step. */
function replaceByTemplate(
  composed: ComposedSteps,
  target: Step,
  expansion: Formula,
  given: Readonly<Record<string, string>>,
): ComposedSteps {
  const { group, last } = instantiate(expansion, target, given);
  // First the others: a step of the template may itself bear the target's id.
  const steps = replaceSteps(redirectNeeds(composed.steps, target.id, last), (step) =>
    step.id === target.id ? group : [step],
  );
  const ids = allSteps(steps).map((step) => step.id);
  if (ids.length > MAX_STEPS) throw new UserError(`${ids.length} steps after expansion, more than ${MAX_STEPS}`);
  const seen = new Set<string>();
  const twice = ids.filter((id) => seen.size === seen.add(id).size);
  if (twice.length > 0)
    throw new UserError(
      `duplicate step IDs after expansion: ${[...new Set(twice)].join(', ')}`,
      `Use {target} in the ids of the template of ${expansion.name}.`,
    );
  return { steps, vars: withVariables(composed.vars, expansion, given) };
}

/** Steps that say `expand` give way to the template, to a limited depth. */
export function expandInline(start: ComposedSteps, load: ResolveFormula): ComposedSteps {
  let composed = start;
  for (let depth = 1; ; depth++) {
    const targets = allSteps(composed.steps)
      .filter((step) => step.expand)
      .map((step) => step.id);
    if (targets.length === 0) return composed;
    if (depth > MAX_DEPTH)
      throw new UserError(`inline expansion depth limit exceeded: max ${MAX_DEPTH} levels (step ${targets[0]})`);
    for (const id of targets) {
      const step = findStep(composed.steps, id);
      if (!step?.expand) continue;
      composed = replaceByTemplate(
        composed,
        step,
        loadExpansion(load, step.expand.with, `expand of step ${id}`),
        step.expand.vars,
      );
    }
  }
}

/** `compose.expand` and `compose.map`. */
export function expandComposed(start: ComposedSteps, formula: Formula, load: ResolveFormula): ComposedSteps {
  let composed = start;
  for (const entry of formula.compose.expand) {
    const target = findStep(composed.steps, entry.target);
    if (!target)
      throw new UserError(
        `compose.expand: target step ${JSON.stringify(entry.target)} not found`,
        `The steps are: ${listIds(composed.steps)}`,
      );
    composed = replaceByTemplate(composed, target, loadExpansion(load, entry.with, 'compose.expand'), entry.vars);
  }
  for (const entry of formula.compose.map) {
    const expansion = loadExpansion(load, entry.with, 'compose.map');
    const wanted = glob(entry.select);
    for (const id of allSteps(composed.steps)
      .map((step) => step.id)
      .filter(wanted)) {
      const target = findStep(composed.steps, id);
      if (target) composed = replaceByTemplate(composed, target, expansion, entry.vars);
    }
  }
  return composed;
}

/** As it is now: what came before may have changed what it needs. */
function findStep(steps: readonly Step[], id: string): Step | undefined {
  return allSteps(steps).find((step) => step.id === id);
}

export function listIds(steps: readonly Step[]): string {
  const ids = allSteps(steps).map((step) => step.id);
  return ids.length > 20 ? `${ids.slice(0, 20).join(', ')} …` : ids.join(', ');
}

/** `*` any characters, `?` one; everything else is itself. */
export function glob(pattern: string): (id: string) => boolean {
  const parts = pattern
    .split(/(\*|\?)/)
    .map((part) => (part === '*' ? '.*' : part === '?' ? '.' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  const expression = new RegExp(`^${parts.join('').replace(/(?:\.\*)+/g, '.*')}$`, 's');
  return (id) => expression.test(id);
}
