import path from 'node:path';
import { bundledFile } from '../base/bundledFile';
import { UserError } from '../base/errors';
import { JobWorker } from '../base/jobs/jobWorker';
import type { Lease } from '../base/lease';
import { makePrivateFolder } from '../base/safeFolders';
import { statOf } from '../base/safePaths';
import { registerBeadHandlers } from '../beads/handlers';
import { IndexCache } from '../beads/index/indexCache';
import { nameLedger } from './ledgerFolders';
import { tableIn } from '../beads/queries/tableReader';
import { BeadStore, type StoreOptions } from '../beads/store';
import { registerFormulaHandlers } from '../formulas/pour/handlers';
import type { FormulaPlaces } from '../formulas/registry/files';
import { FormulaService } from '../formulas/service/formulaService';
import { Dispatcher, type CallContext } from '../protocol/dispatcher';
import { LedgerWarnings } from '../protocol/ledgerServer';
import { ledgerServerSchemas } from '../protocol/schemas/ledgerServer';
import { BUILD } from '../protocol/transport/version';

/** Name of the ledger outside of a town, for the store. */
const LEDGER = 'local';
/** Clients that lost an answer repeat the request long before this time. */
const OPERATION_LIFETIME_MS = 2 * 60_000;
/** Minimum size of a file with a stored index: smaller ones are read as quickly without. */
const INDEX_FROM_BYTES = 256 * 1024;

export interface OpenLedgerOptions extends Pick<StoreOptions, 'checkpoints' | 'onError' | 'projects'> {
  /** The `.beads` folder, without links. */
  directory: string;
  /** The lock on the ledger; undefined if it can only be read. */
  lease: Lease | undefined;
  /** Folder for the stored index; undefined without one. */
  state: string | undefined;
  places: (context: CallContext) => Omit<FormulaPlaces, 'ledger'>;
}

/**
 * A ledger outside of every town with the handlers of all requests about it; used by the ledger's server, and by
 * commands that open the ledger themselves. The caller keeps the lock and releases it after `close`.
 */
export class OpenLedger {
  readonly dispatcher = new Dispatcher(ledgerServerSchemas);
  /** Formulas are untrusted: they are read in a worker thread, which starts with the first one. */
  private readonly formulaJobs = new JobWorker({ script: bundledFile('formulaWorker.js') });

  private constructor(
    readonly directory: string,
    readonly store: BeadStore,
    private readonly state: string | undefined,
    places: OpenLedgerOptions['places'],
  ) {
    const ledgerFor = (_context: CallContext, named?: string): string => this.ledgerFor(named);
    registerBeadHandlers(this.dispatcher, store, { ledgerFor });
    registerFormulaHandlers(this.dispatcher, store, {
      ledgerFor,
      placesFor: (context) => ({ ...places(context), ledger: directory }),
      formulas: new FormulaService(this.formulaJobs),
    });
    this.dispatcher.on(LedgerWarnings.spec, async () => this.warnings());
  }

  static async open({ directory, lease, state, places, ...options }: OpenLedgerOptions): Promise<OpenLedger> {
    const store = await BeadStore.open({
      ...options,
      operationLifetimeMs: OPERATION_LIFETIME_MS,
      fence: lease && { name: 'ledger', epoch: lease.epoch, isCurrent: () => lease.isCurrent() },
      ...(state === undefined ? {} : { indexCache: new IndexCache(path.join(state, 'index'), String(BUILD)) }),
    });
    try {
      await store.addLedger({ name: LEDGER, directory, tolerant: true });
    } catch (error) {
      await store.close();
      throw error;
    }
    return new OpenLedger(directory, store, state, places);
  }

  /** Path of the file of beads. */
  get issuesFile(): string {
    return this.store.fileOf(LEDGER);
  }

  /** Problems of the files, for the user. */
  warnings(): string[] {
    const damages = this.store.damages().map(({ problem }) => {
      const hint = problem.hint ? `\nHint: ${problem.hint}` : '';
      return `the ledger can only be read: ${problem.message}${hint}`;
    });
    const lines = this.store
      .problems(LEDGER)
      .map(
        ({ line, reason }) =>
          `line ${line} of ${path.join(this.directory, 'issues.jsonl')} is kept as it is but not used: ${reason}`,
      );
    return [...damages, ...lines];
  }

  /**
   * Stores the index for the next time that the ledger is opened, if it is large enough, and the table for commands
   * that only show beads.
   */
  async keepIndex(): Promise<void> {
    const size = statOf(this.issuesFile)?.size ?? 0;
    if (this.state === undefined || size === 0) return;
    makePrivateFolder(this.state);
    nameLedger(this.state, this.directory);
    if (size >= INDEX_FROM_BYTES) await this.store.keepIndex();
    await this.store.keepTable(LEDGER, tableIn(this.state));
  }

  async close(): Promise<void> {
    await this.formulaJobs.dispose();
    await this.store.close();
  }

  private ledgerFor(named: string | undefined): string {
    if (named === undefined) return LEDGER;
    const found = this.store.ledgerNamed(named);
    if (found === undefined)
      throw new UserError(`no ledger ${named}`, 'Outside a town there is only the ledger of this folder.', 'not-found');
    return found;
  }
}
