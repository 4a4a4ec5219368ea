import { UserError } from '../../base/errors';
import { composeFormula } from '../compose/compose';
import type { ResolveFormula } from '../compose/expansion';
import { Budget, CompositionError } from '../limits';
import type { Formula } from '../model';
import { filterByCondition } from './conditions';
import { protoOf, type Proto } from './proto';
import { initialValues, namesOf, resolveValues, type Values, type ValueSources } from './variables';

export interface CookOptions extends Partial<ValueSources> {
  /** Placeholders and conditions stay as they are. */
  keepVariables?: boolean;
  /** What cooking may cost; default: `limits`. */
  budget?: Budget;
}

/**
 * Formula → proto: composes it, fills in the variables, and drops the steps whose conditions are false. Pure: `resolve`
 * finds the other formulas that this one names.
 * @param formula merged with its parents, without errors
 * @throws UserError for missing or invalid values, where it cannot be composed, and where a limit is exceeded
 */
export function cook(formula: Formula, resolve: ResolveFormula, options: CookOptions = {}): Proto {
  if (formula.type === 'aspect')
    throw new UserError(
      `${formula.name} is an aspect and has no steps of its own`,
      'Name it in compose.aspects of a workflow.',
    );
  if (formula.type === 'convoy')
    throw new UserError(
      `${formula.name} is a convoy formula and is not poured`,
      'Its legs are separate beads of a convoy; pour a workflow.',
    );
  try {
    return cookComposed(formula, resolve, options);
  } catch (error) {
    if (!(error instanceof CompositionError)) throw error;
    throw error.of(formula.name);
  }
}

function cookComposed(formula: Formula, resolve: ResolveFormula, options: CookOptions): Proto {
  const budget = options.budget ?? new Budget();
  const sources: ValueSources = { given: options.given ?? {}, offered: options.offered };
  const { steps, vars } = composeFormula(formula, resolve, initialValues(formula, sources), budget);
  const composed = { ...formula, vars };
  if (options.keepVariables) return protoOf(composed, steps, {}, budget);
  const kept = filterByCondition(steps, initialValues(composed, sources), budget);
  // Conditions were decided by these too, so a misspelled name is seen where only they use it.
  const used = namesOf(formula, kept);
  const values = resolveValues(composed, used, {
    ...sources,
    given: withoutDroppedNames(sources.given, composed, namesOf(formula, steps), used),
  });
  if (kept.length === 0) throw new UserError(`no step of ${formula.name} is left: all conditions are false`);
  return protoOf(composed, kept, values, budget);
}

/** Values of names that only dropped steps use are not reported as unknown. */
function withoutDroppedNames(
  given: Values,
  formula: Formula,
  anywhere: ReadonlySet<string>,
  used: ReadonlySet<string>,
): Values {
  return Object.fromEntries(
    Object.entries(given).filter(
      ([name]) => Object.hasOwn(formula.vars, name) || used.has(name) || !anywhere.has(name),
    ),
  );
}
