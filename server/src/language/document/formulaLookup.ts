import type { FindFormula, FoundFormula } from '../../formulas/model';

/**
 * The other formulas that a document may name: what the language features know of the world beyond the document. The
 * features stay pure; who runs them looks at the disk, or has texts in memory.
 */
export interface FormulaLookup {
  names(): readonly string[];
  /** A formula as its text says it. @throws UserError with the reason where there is none, or its text is none */
  find: FindFormula;
  /** The same for those who need no reason. */
  tryFind(name: string): FoundFormula | undefined;
  /** The name that the file of a document gives to its formula: another name inside would confuse. */
  fileNameOf?(uri: string): string | undefined;
}
