import type { LedgerParam } from './beadFilter';
import { request } from './request';
import { LONG_LIMIT_MS } from './timeLimit';

/** One change of a batch. Ids name beads that existed before the batch. */
export type BatchOperation =
  | { op: 'create'; title: string; type?: string; priority?: number }
  | { op: 'update'; id: string; fields: BatchFields }
  | { op: 'close'; id: string; reason?: string }
  | { op: 'dep-add'; from: string; to: string; type?: string }
  | { op: 'dep-remove'; from: string; to: string };

/** Fields that an operation of a batch may set. An empty assignee removes the assignee. */
export interface BatchFields {
  title?: string;
  status?: string;
  priority?: number;
  assignee?: string;
}

export namespace BeadBatch {
  export interface Params extends LedgerParam {
    operations: BatchOperation[];
    /** Address of the author of new beads. */
    owner?: string;
    dryRun?: boolean;
  }
  /** Applies all operations or none. Answers with the id that each one has changed, in the same order. */
  export const spec = request<Params, { ids: string[] }>('gastown/bead/batch', 'write', { timeLimitMs: LONG_LIMIT_MS });
}
