import type { FindFormula, FoundFormula } from '../../formulas/model';

/**
 * The other formulas that a document may name. The language features stay pure: the caller decides whether formulas
 * come from the disk or from memory.
 */
export interface FormulaLookup {
  names(): readonly string[];
  /** A formula as written in its text. @throws UserError with the reason if there is none, or its text is invalid */
  find: FindFormula;
  /** Like `find`, but undefined instead of an error. */
  tryFind(name: string): FoundFormula | undefined;
  /** The name of a document's file, which must be the name of its formula. */
  fileNameOf?(uri: string): string | undefined;
}
