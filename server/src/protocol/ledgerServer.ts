import { request, type NoParams } from './request';

/** Requests to the server of a ledger outside of every town, besides those about beads and formulas. */

export namespace LedgerWarnings {
  /** Problems with the files of the ledger that the user should know, one text for each. */
  export const spec = request<NoParams, string[]>('gastown/ledger/warnings', 'read');
}
