import type { FindFormula, FoundFormula } from '../../formulas/compose/parents';

/** The other formulas that a text may name. */
export interface FormulaLookup {
  names(): readonly string[];
  /** One of them as it stands in its file; undefined where it cannot be read. */
  tryFind(name: string): FoundFormula | undefined;
  /** The same for those who must know why not. Throws a UserError. */
  find: FindFormula;
  /** The name that the file of a document gives it; another one within would confuse. */
  fileNameOf?(uri: string): string | undefined;
}
