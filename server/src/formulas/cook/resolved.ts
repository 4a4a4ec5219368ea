import type { CookedFormula, CookResult, FormulaStep } from '../../protocol/formula';
import type { Budget } from '../limits';
import { formatPath, pathWithin, type Formula, type Step, type Variable } from '../model';
import { allSteps } from '../steps';
import { namesOf, substitute, substituteDeep, type Values } from './variables';

/** A composed formula as a file would spell it, for `bd cook` and `bd formula show`. */

export type Resolved = Omit<CookResult, 'warnings'>;

/**
 * Converts a formula. @param values of variables; without values the placeholders stay
 * @throws CompositionError if the strings get too long
 */
export function resolvedFormula(
  formula: Formula,
  steps: readonly Step[],
  { values, source, budget }: { values: Values; source: string; budget: Budget },
): Resolved {
  const fill = textFiller(values, budget);
  const vars = Object.entries(formula.vars);
  const cooked: CookedFormula = {
    formula: formula.name,
    ...present({ description: fill(formula.description, 'description', ['description']) }),
    version: formula.version,
    type: formula.type,
    ...(formula.phase === '' ? {} : { phase: formula.phase }),
    ...(vars.length > 0 ? { vars: Object.fromEntries(vars.map(([name, one]) => [name, variableData(one)])) } : {}),
    steps: steps.map((step) => stepData(step, values, budget)),
    source,
  };
  const all = allSteps(steps);
  const places = all.flatMap((step): [string, string][] => (step.at ? [[step.id, formatPath(step.at)]] : []));
  return { cooked, values: { ...values }, used: [...namesOf(formula, steps)], places: Object.fromEntries(places) };
}

function textFiller(values: Values, budget: Budget) {
  return (text: string, where: string, path: readonly (string | number)[]): string => {
    const place = { where, path };
    const filled = substitute(text, values, budget, place);
    budget.addText(filled.length, place);
    return filled;
  };
}

function variableData({ description, default: fallback, required, enum: values, pattern, type }: Variable) {
  return {
    ...present({ description, pattern, type }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(required ? { required } : {}),
    ...(values ? { enum: values } : {}),
  };
}

/** Converts a step. @throws CompositionError if the strings get too long */
export function stepData(step: Step, values: Values, budget: Budget): FormulaStep {
  const fillText = textFiller(values, budget);
  const fill = (text: string): string => fillText(text, `step ${step.id}`, pathWithin(step));
  const place = { where: `step ${step.id}`, path: pathWithin(step) };
  const { gate, metadata, priority } = step;
  return {
    id: step.id,
    title: fill(step.title),
    ...present({
      description: fill(step.description),
      notes: fill(step.notes),
      acceptance: fill(step.acceptance),
      type: step.type,
      waits_for: step.waitsFor,
      assignee: fill(step.assignee).trim(),
      // With values the condition has been evaluated: the step is included or not.
      condition: Object.keys(values).length > 0 ? '' : step.condition,
    }),
    ...(priority === undefined ? {} : { priority }),
    ...list(
      'labels',
      step.labels.map(fill).filter((label) => label.trim() !== ''),
    ),
    ...(metadata ? { metadata: substituteDeep(metadata, values, budget, place) as Record<string, unknown> } : {}),
    ...list('needs', step.needs),
    ...(gate
      ? { gate: { type: fill(gate.type), ...present({ id: fill(gate.awaitId), timeout: fill(gate.timeout) }) } }
      : {}),
    ...list(
      'children',
      step.children.map((child) => stepData(child, values, budget)),
    ),
  };
}

/** The texts that are not empty. */
function present<K extends string>(texts: Record<K, string | undefined>): Partial<Record<K, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text)) as Partial<Record<K, string>>;
}

function list<K extends string, T>(key: K, items: readonly T[]): Partial<Record<K, T[]>> {
  return (items.length > 0 ? { [key]: [...items] } : {}) as Partial<Record<K, T[]>>;
}
