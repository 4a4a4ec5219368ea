import { UserError } from '../../base/errors';
import type { ResolveFormula } from '../compose/expansion';
import { ParentResolver } from '../compose/parents';
import { limits } from '../limits';
import { Memo } from '../memo';
import { firstProblems, isError, type FindFormula, type Formula, type FoundFormula, type Problem } from '../model';
import { compositionProblems } from './composition';
import { validate } from './validate';

/** A formula merged with its parents, and its problems. */
export interface CheckedFormula {
  formula: Formula;
  problems: Problem[];
}

/** Checks formulas for one request. Each formula is read and checked once, however often it is referred to. */
export class FormulaChecker {
  private readonly parents: ParentResolver;
  private readonly resolved = new Memo<Formula>();

  constructor(private readonly find: FindFormula) {
    this.parents = new ParentResolver(find);
  }

  /**
   * All problems of a formula, including those with the formulas that it refers to.
   * @throws UserError if a parent cannot be used
   */
  check(found: FoundFormula): CheckedFormula {
    const { formula, problems } = this.checkAlone(found);
    const others = { find: this.find, resolve: this.resolve };
    const more = compositionProblems(formula, others, !problems.some(isError));
    return { formula, problems: firstProblems([...problems, ...more], limits.problems) };
  }

  /**
   * A formula with its parents, ready to be cooked, and its warnings.
   * @throws UserError with all errors
   */
  requireValid(found: FoundFormula): { formula: Formula; warnings: string[] } {
    const { formula, problems } = this.checkAlone(found);
    throwIfInvalid(found.source, problems);
    return { formula, warnings: problems.map((problem) => problem.message) };
  }

  /** Another formula by name, for composition. @throws UserError with all errors */
  readonly resolve: ResolveFormula = (name) =>
    this.resolved.get(name, () => this.requireValid(this.find(name)).formula);

  /** Checks a formula without those that it refers to. */
  private checkAlone(found: FoundFormula): CheckedFormula {
    const formula = this.parents.resolve(found.formula);
    return { formula, problems: firstProblems([...found.problems, ...validate(formula)], limits.problems) };
  }
}

/** @throws UserError that lists all errors */
export function throwIfInvalid(source: string, problems: readonly Problem[]): void {
  const errors = problems.filter(isError);
  if (errors.length === 0) return;
  throw new UserError(
    `${source}: formula validation failed:\n${errors.map((problem) => `  - ${problem.message}`).join('\n')}`,
    `Fix ${errors.length === 1 ? 'this' : 'these'} in the file and try again.`,
  );
}
