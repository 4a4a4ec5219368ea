import { findCycle, formatCycle } from '../cycles';
import { CompositionError, type Budget } from '../limits';
import { quoted, type Formula, type Step } from '../model';
import { allSteps } from '../steps';
import { applyAdvice, applyAspects } from './advice';
import { applyBranches, applyGates } from './branches';
import { expandComposed, expandInline, instantiate, type ComposedSteps, type ResolveFormula } from './expansion';
import { unrollLoops } from './loops';

/**
 * Composes the steps of a formula: applies loops, branches, gates, advice, expansions and aspects, in this order. Pure:
 * `resolve` finds the other formulas that this one names.
 * @param formula merged with its parents, without errors
 * @param values of variables, as far as they are known: ranges of loops may depend on them
 * @throws CompositionError with the place, also if a limit is exceeded
 */
export function composeFormula(
  formula: Formula,
  resolve: ResolveFormula,
  values: Readonly<Record<string, string>>,
  budget: Budget,
): ComposedSteps {
  let steps = formula.type === 'expansion' ? standaloneExpansion(formula, budget) : formula.steps;
  steps = unrollLoops(steps, values, budget);
  steps = applyBranches(steps, formula.compose, budget);
  steps = applyGates(steps, formula.compose, budget);
  steps = applyAdvice(steps, formula, budget);
  let composed: ComposedSteps = { steps, vars: formula.vars };
  composed = expandInline(composed, resolve, budget);
  composed = expandComposed(composed, formula, resolve, budget);
  composed = { ...composed, steps: applyAspects(composed.steps, formula, resolve, budget) };
  checkComposed(composed.steps, budget);
  return composed;
}

/** An expansion on its own is applied to a step `main`. */
function standaloneExpansion(formula: Formula, budget: Budget): Step[] {
  const main: Step = {
    id: 'main',
    title: formula.name,
    description: formula.description,
    notes: '',
    acceptance: '',
    type: '',
    labels: [],
    needs: [],
    waitsFor: '',
    assignee: '',
    condition: '',
    children: [],
  };
  return instantiate(formula, main, {}, budget, { where: 'template', path: ['template'] }).group;
}

/** Composition may have created duplicates, cycles, and needs of steps that were replaced. */
function checkComposed(steps: readonly Step[], budget: Budget): void {
  const whole = { where: '', path: [] };
  const list = allSteps(steps);
  budget.checkSteps(list.length, whole);
  budget.checkNeeds(
    list.reduce((sum, step) => sum + step.needs.length, 0),
    whole,
  );
  const ids = new Set<string>();
  for (const { id } of list) {
    if (ids.has(id)) throw new CompositionError(whole, `duplicate step ID ${quoted(id)} after composition`);
    ids.add(id);
  }
  for (const step of list) {
    const lost = step.needs.find((id) => !ids.has(id));
    if (lost !== undefined)
      throw new CompositionError(
        whole,
        `step ${step.id} needs ${quoted(lost)}, which does not exist after composition`,
      );
  }
  const cycle = findCycle(steps);
  if (cycle) throw new CompositionError(whole, `cycle detected involving: ${formatCycle(cycle)}`);
}
