import { UserError } from '../../base/errors';
import type { ResolveFormula } from '../compose/expansion';
import { cook } from '../cook/cook';
import { Budget, CompositionError } from '../limits';
import { error, pathWithin, type FindFormula, type Formula, type FormulaType, type Path, type Problem } from '../model';
import { allSteps } from '../steps';
import { targetProblems } from './composeEntries';
import { Suggestions } from './suggestions';

/** Editors check a formula after every keystroke, so trial cooking must be cheap. */
const TRY_WORK = 500_000;
const TRY_MS = 1_000;

export interface OtherFormulas {
  find: FindFormula;
  /** Another formula with its parents. @throws UserError with its problems */
  resolve: ResolveFormula;
}

/**
 * Problems between a formula and those that it refers to, and problems that only composition reveals.
 * @param isSound whether the formula on its own has no errors: only then it is composed
 */
export function compositionProblems(formula: Formula, others: OtherFormulas, isSound: boolean): Problem[] {
  if (formula.type !== 'workflow' && formula.type !== 'expansion') return [];
  const problems = [...targetProblems(formula, new Suggestions()), ...namedProblems(formula, others)];
  return problems.length > 0 || !isSound ? problems : cookingProblems(formula, others.resolve);
}

// ---------------------------------------------------------------- formulas that a formula names

interface NamedFormula {
  name: string;
  wanted: FormulaType;
  where: string;
  path: Path;
}

function namedProblems(formula: Formula, others: OtherFormulas): Problem[] {
  const { compose } = formula;
  const steps = allSteps(formula.type === 'expansion' ? formula.template : formula.steps, { bodies: true });
  const names: NamedFormula[] = [
    ...steps.flatMap((step): NamedFormula[] =>
      step.expand
        ? [
            {
              name: step.expand.with,
              wanted: 'expansion',
              where: `expand of step ${step.id}`,
              path: pathWithin(step, 'expand'),
            },
          ]
        : [],
    ),
    ...(['expand', 'map'] as const).flatMap((key) =>
      compose[key].map(
        (entry, index): NamedFormula => ({
          name: entry.with,
          wanted: 'expansion',
          where: `compose.${key}[${index}]`,
          path: pathWithin(entry, 'with'),
        }),
      ),
    ),
    ...compose.aspects.map(
      (name, index): NamedFormula => ({
        name,
        wanted: 'aspect',
        where: 'compose.aspects',
        path: ['compose', 'aspects', index],
      }),
    ),
  ];
  return names.filter(({ name }) => name !== '').flatMap((name) => nameProblem(name, others));
}

function nameProblem({ name, wanted, where, path }: NamedFormula, { find, resolve }: OtherFormulas): Problem[] {
  try {
    find(name);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    if (thrown.code === 'not-found') return [error('unknown-formula', where, thrown.message, path)];
  }
  try {
    const found = resolve(name);
    if (found.type !== wanted)
      return [error('other-formula', where, `${name} is not an ${wanted} formula (type=${found.type})`, path)];
    return wanted === 'expansion' && found.template.length === 0
      ? [error('other-formula', where, `${name} has no template steps`, path)]
      : [];
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return [error('other-formula', where, oneLine(thrown.message), path)];
  }
}

// ---------------------------------------------------------------- composition on trial

/** The error that cooking would throw; none if cooking takes long, or depends on values that are not known yet. */
function cookingProblems(formula: Formula, resolve: ResolveFormula): Problem[] {
  const steps = allSteps(formula.type === 'expansion' ? formula.template : formula.steps, { bodies: true });
  if (steps.some((step) => step.loop?.range?.includes('{'))) return [];
  try {
    cook(formula, resolve, { keepVariables: true, budget: new Budget({ work: TRY_WORK, ms: TRY_MS }) });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    if (!(thrown instanceof CompositionError)) return [error('composition', '', oneLine(thrown.message), ['formula'])];
    if (thrown.isBudget) return [];
    const { where, path } = thrown.place;
    return [
      error('composition', where.replace(/^[^:]*:? ?/, ''), thrown.text, path.length > 0 ? path : wholePath(formula)),
    ];
  }
}

/** Location for a problem of the composition as a whole. */
function wholePath({ compose }: Formula): Path {
  return Object.values(compose).some((list: readonly unknown[]) => list.length > 0) ? ['compose'] : ['formula'];
}

function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .join(' ');
}
