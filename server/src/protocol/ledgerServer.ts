import { request, type NoParams } from './request';

/** Requests to the server of a ledger outside of every town, besides those about beads and formulas. */

export namespace LedgerWarnings {
  /** What a person should know about the files of the ledger: one text for each problem. */
  export const spec = request<NoParams, string[]>('gastown/ledger/warnings', 'read');
}
