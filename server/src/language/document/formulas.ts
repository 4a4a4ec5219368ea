import type { Find, Found } from '../../formulas/compose/parents';

/** The other formulas that a text may name. */
export interface Formulas {
  names(): readonly string[];
  /** One of them as it stands in its file; undefined where it cannot be read. */
  about(name: string): Found | undefined;
  /** The same for those who must know why not. Throws a UserError. */
  find: Find;
  /** The name that the file of a document gives it; another one within would confuse. */
  nameOf?(uri: string): string | undefined;
}
