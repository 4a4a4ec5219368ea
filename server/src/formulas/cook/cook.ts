import { UserError } from '../../base/errors';
import { composeFormula } from '../compose/compose';
import type { ResolveFormula } from '../compose/expansion';
import { Budget, CompositionError } from '../limits';
import type { Formula, Step } from '../model';
import { filterByCondition } from './conditions';
import { protoOf, type Proto } from './proto';
import { resolvedFormula, type Resolved } from './resolved';
import { initialValues, namesOf, resolveValues, type Values, type ValueSources } from './variables';

export interface CookOptions extends Partial<ValueSources> {
  /** Whether placeholders and conditions stay as they are. */
  keepVariables?: boolean;
  /** Budget of the cooking; by default `limits`. */
  budget?: Budget;
}

/**
 * Formula → proto: composes it, fills in the variables, and drops the steps whose conditions are false. Pure: `resolve`
 * finds the other formulas that this one names.
 * @param formula merged with its parents, without errors
 * @throws UserError for missing or invalid values, if it cannot be composed, and if a limit is exceeded
 */
export function cook(formula: Formula, resolve: ResolveFormula, options: CookOptions = {}): Proto {
  return composed(formula, resolve, options, ({ formula: whole, steps, values, budget }) =>
    protoOf(whole, steps, values, budget),
  );
}

/**
 * Like `cook`, but returns the formula as a file would spell it. Unless placeholders stay, every variable needs a
 * value, also one that no step uses.
 * @param source the file of the formula
 */
export function resolveFormula(
  formula: Formula,
  resolve: ResolveFormula,
  options: CookOptions & { source: string },
): Resolved {
  return composed(formula, resolve, { ...options, complete: true }, ({ formula: whole, steps, values, budget }) =>
    resolvedFormula(whole, steps, { values, source: options.source, budget }),
  );
}

interface Composed {
  formula: Formula;
  steps: readonly Step[];
  values: Values;
  budget: Budget;
}

function composed<T>(
  formula: Formula,
  resolve: ResolveFormula,
  options: CookOptions,
  write: (composed: Composed) => T,
): T {
  if (formula.type === 'aspect')
    throw new UserError(`${formula.name} is an aspect and has no steps`, 'Name it in compose.aspects of a workflow.');
  if (formula.type === 'convoy')
    throw new UserError(
      `${formula.name} is a convoy formula and is not poured`,
      'Its legs are separate beads of a convoy; pour a workflow.',
    );
  try {
    return write(compose(formula, resolve, options));
  } catch (error) {
    if (!(error instanceof CompositionError)) throw error;
    throw error.of(formula.name);
  }
}

function compose(formula: Formula, resolve: ResolveFormula, options: CookOptions): Composed {
  const budget = options.budget ?? new Budget();
  const { given = {}, offered, complete } = options;
  const sources: ValueSources = { given, offered, complete };
  const { steps, vars } = composeFormula(formula, resolve, initialValues(formula, sources), budget);
  const whole = { ...formula, vars };
  if (options.keepVariables) return { formula: whole, steps, values: {}, budget };
  const kept = filterByCondition(steps, initialValues(whole, sources), budget);
  // Includes names in conditions, so that a misspelled name is found even if only they use it.
  const used = namesOf(formula, kept);
  const values = resolveValues(whole, used, {
    ...sources,
    given: withoutDroppedNames(sources.given, whole, namesOf(formula, steps), used),
  });
  if (kept.length === 0) throw new UserError(`${formula.name} has no steps left: all conditions are false`);
  return { formula: whole, steps: kept, values, budget };
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
