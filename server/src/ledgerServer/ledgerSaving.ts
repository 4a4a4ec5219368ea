import { bundledFile } from '../base/bundledFile';
import { Debouncer, paced } from '../base/debouncer';
import { messageOf } from '../base/errors';
import { JobWorker } from '../base/jobs/jobWorker';
import type { Log } from '../base/log';
import { statOf } from '../base/safePaths';
import {
  forThread,
  writeCheckpoint,
  type CheckpointJob,
  type CheckpointResult,
  type CheckpointWriter,
} from '../beads/storage/checkpointFile';
import { realFs } from '../beads/storage/ledgerFs';
import type { OpenLedger } from './openLedger';

/** Maximum size of a file that the serving thread writes itself: a worker thread would cost more. */
const SMALL_BYTES = 1024 * 1024;
/** A worker holds several copies of a ledger's text. */
const WORKER = { deadlineMs: 5 * 60_000, memoryMb: 2_048, idleMs: 10_000 };
/** Delay after the last change, and maximum delay after the first, before `issues.jsonl` is written. Milliseconds. */
const SAVE = { quietMs: 10, maxMs: 500 };
/** Maximum fraction of the time for writing the file while changes arrive. */
const SHARE = 0.25;
/** Delay after the last change, and maximum delay after the first, before the index is saved. Milliseconds. */
const KEEP_INDEX = { quietMs: 20_000, maxMs: 300_000 };

/** Writes small files on this thread, and large ones on a worker thread. */
export function ledgerWriter(log: (text: string) => void): CheckpointWriter & { dispose(): Promise<void> } {
  const worker = new JobWorker({ script: bundledFile('checkpointWorker.js'), ...WORKER, log });
  return {
    write: (job: CheckpointJob) =>
      (statOf(job.issuesFile)?.size ?? 0) <= SMALL_BYTES
        ? writeCheckpoint(realFs, job)
        : worker.run<CheckpointResult>(forThread(job)),
    dispose: () => worker.dispose(),
  };
}

/**
 * Keeps the files of an open ledger up to date with its journal. Not needed for durability, which the journal provides.
 */
export class LedgerSaving {
  private readonly saving: Debouncer;
  private readonly keeping: Debouncer;
  private ended = false;

  constructor(
    private readonly ledger: OpenLedger,
    private readonly writer: { dispose(): Promise<void> },
    private readonly log: Log,
  ) {
    this.saving = new Debouncer(SAVE.quietMs, SAVE.maxMs, () =>
      this.run('issues.jsonl', () => paced(this.saving, SHARE, () => this.save())),
    );
    this.keeping = new Debouncer(KEEP_INDEX.quietMs, KEEP_INDEX.maxMs, () =>
      this.run('index', () => ledger.keepIndex()),
    );
    this.keeping.changed();
    ledger.store.onDidChange(() => this.keeping.changed());
  }

  /** To be called after possible changes. */
  changed(): void {
    if (this.ledger.store.isUnsaved) this.saving.changed();
  }

  /** Writes the remaining changes. */
  async finish(): Promise<void> {
    this.ended = true;
    this.saving.dispose();
    this.keeping.dispose();
    await this.save();
    await this.ledger.keepIndex();
    await this.writer.dispose();
  }

  /** Does not write an unchanged ledger again: the file may be that of another branch by now. */
  private async save(): Promise<void> {
    if (this.ledger.store.isUnsaved) await this.ledger.store.checkpoint();
  }

  private run(what: string, task: () => Promise<void>): void {
    if (this.ended) return;
    task().catch((error: unknown) => this.log.error(`${what}: ${messageOf(error)}`));
  }
}
