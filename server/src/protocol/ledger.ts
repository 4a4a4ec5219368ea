import type { BeadFilter, LedgerParam } from './beadFilter';
import type { ImportResult } from './beadRecord';
import { request } from './request';
import { LONG_LIMIT_MS } from './timeLimit';

export interface LedgerInfo {
  /** Name of the ledger: a rig's, `hq`, or `local` outside of a town. */
  ledger: string;
  directory: string;
  prefix: string;
  issues: number;
  settings: Record<string, string>;
}

export namespace LedgerInfoGet {
  export const spec = request<LedgerParam, LedgerInfo>('gastown/ledger/info', 'read');
}

export namespace LedgerSettingChange {
  export interface Params extends LedgerParam {
    key: string;
    /** Undefined removes it. */
    value?: string;
  }
  export const spec = request<Params, { key: string; value?: string }>('gastown/ledger/setting', 'write');
}

export namespace LedgerPrefixChange {
  export interface Params extends LedgerParam {
    prefix: string;
    /** Also beads whose ids have another prefix than the ledger's. */
    repair?: boolean;
    dryRun?: boolean;
  }
  /** Replaces the prefix of all ids; dependencies and texts follow. */
  export const spec = request<Params, { from: string; to: string; renamed: [from: string, to: string][] }>(
    'gastown/ledger/prefix',
    'person',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export namespace LedgerExport {
  export type Params = BeadFilter;
  /** The text of an `issues.jsonl`, with tombstones unless the filter chooses beads. */
  export const spec = request<Params, { text: string; count: number }>('gastown/ledger/export', 'read', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace LedgerFlush {
  export interface Params extends LedgerParam {
    /** Only read changes that other programs made in the file. */
    importOnly?: boolean;
  }
  /** Brings `issues.jsonl` and the ledger to the same state. */
  export const spec = request<Params, { file: string; issues: number }>('gastown/ledger/flush', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
    transient: true,
  });
}

export namespace LedgerDatabase {
  /**
   * Writes `beads.db` into the ledger's folder: an SQLite file with the beads of all open ledgers, for people to query.
   */
  export const spec = request<LedgerParam, { file: string }>('gastown/ledger/database', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
    transient: true,
  });
}

export namespace LedgerImportPart {
  export interface Params {
    /** Name that the client gave to this text. */
    upload: string;
    /** Number of the part, from 0. */
    part: number;
    /** Whole lines. */
    text: string;
  }
  /** A part of a large text, in order, before the import of the last one. Imports nothing itself. */
  export const spec = request<Params, null>('gastown/ledger/importPart', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
    transient: true,
  });
}

export namespace LedgerImport {
  export interface Params extends LedgerParam {
    text: string;
    /** Name of the text whose other parts were sent before. */
    upload?: string;
    dryRun?: boolean;
    /** Leaves existing beads as they are. */
    skipExisting?: boolean;
    /** Replaces other prefixes by that of the ledger; otherwise beads with them are refused. */
    ownPrefix?: boolean;
    /** Imports the beads even if some lines are none; by default these are an error. */
    skipBroken?: boolean;
    /** Refuses dependencies on beads that do not exist. */
    strict?: boolean;
    /** Beads below a parent that does not exist; they are imported by default. */
    orphans?: 'allow' | 'skip' | 'strict';
    /** Removes a reference to another system from all beads but the first with it. */
    clearDuplicateRefs?: boolean;
    /** Leaves out beads that are new here and have the title of an open bead. */
    dedup?: boolean;
  }
  export const spec = request<Params, ImportResult>('gastown/ledger/import', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace LedgerMerge {
  export interface Params extends LedgerParam {
    /** Lines of the common ancestor of both sides, for the beads in which `theirs` differs from it. */
    base: string;
    theirs: string;
    /** Names of the texts whose other parts were sent before. */
    uploads?: { base: string; theirs: string };
  }
  export interface Merged {
    changed: string[];
    /** Beads that one side deleted and the other one changed: they stay deleted. */
    overruled: string[];
  }
  /** Merges another version of the ledger into it. */
  export const spec = request<Params, Merged>('gastown/ledger/merge', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export interface LedgerSyncResult {
  file: string;
  issues: number;
  branch: string;
  committed: boolean;
  /** Number of changed beads that came from the file that the project itself tracks. */
  imported: number;
  remote?: string;
  merged: boolean;
  pushed: boolean;
}

export namespace LedgerSync {
  /**
   * In a town: commits the ledger of a rig to its own branch, and synchronises it with the rig's remote, if it has one.
   */
  export const spec = request<LedgerParam, LedgerSyncResult>('gastown/ledger/sync', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
    transient: true,
  });
}

export const ledgerRequests = [
  LedgerMerge.spec,
  LedgerInfoGet.spec,
  LedgerSettingChange.spec,
  LedgerPrefixChange.spec,
  LedgerExport.spec,
  LedgerFlush.spec,
  LedgerDatabase.spec,
  LedgerImportPart.spec,
  LedgerImport.spec,
] as const;
