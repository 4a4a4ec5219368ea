import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { writeFileAtomic } from '../../base/safeFiles';
import { isPresent } from '../../base/safePaths';
import { makePrivateFolder } from '../../base/safeFolders';
import { bundledFile } from '../../base/bundledFile';
import { JobWorker } from '../../base/jobs/jobWorker';
import { UserError, hasCode, messageOf } from '../../base/errors';
import { Lease } from '../../base/lease';
import { registerBeadHandlers } from '../../beads/handlers';
import { BeadStore } from '../../beads/store';
import { registerFormulaHandlers } from '../../formulas/pour/handlers';
import type { FormulaPlaces } from '../../formulas/registry/files';
import { FormulaService } from '../../formulas/service/formulaService';
import { Dispatcher, type CallContext } from '../../protocol/dispatcher';
import type { Caller, Params, RequestSpec, Result } from '../../protocol/request';
import { ledgerSchemas } from '../../protocol/schemas';

/** Where requests go: the town's server, or the ledger itself. Must be closed. */
export interface Backend extends Caller {
  close(): Promise<void>;
}

const lockTimeoutMs = 30_000;
const ledgerName = 'local';

/** Opens one ledger in this process: the same handlers as in the server, under the ledger's lock. */
export async function openLocalBackend(
  directory: string,
  actor: string,
  warn: (text: string) => void,
  places: Omit<FormulaPlaces, 'ledger'>,
): Promise<Backend> {
  // A command is over before optimised code of SQLite would pay: without the optimiser it needs half the processor time.
  setFlagsFromString('--liftoff-only');
  const lease = await lock(directory);
  try {
    const store = await BeadStore.open({
      fence: lease && { name: 'ledger', epoch: lease.epoch, isCurrent: () => lease.isCurrent() },
    });
    await store.addLedger({ name: ledgerName, directory, tolerant: true });
    for (const { problem } of store.damages())
      warn(
        `Warning: the ledger can only be read: ${problem.message}\n${problem.hint ? `Hint: ${problem.hint}\n` : ''}`,
      );
    for (const problem of store.problems(ledgerName)) {
      warn(
        `Warning: line ${problem.line} of ${path.join(directory, 'issues.jsonl')} is kept as it is but not used: ${problem.reason}\n`,
      );
    }
    return new LocalBackend(store, lease, actor, warn, { ...places, ledger: directory });
  } catch (error) {
    lease?.release();
    throw error;
  }
}

/** Undefined where the folder cannot be written: then it can only be read, and needs no lock. */
async function lock(directory: string): Promise<Lease | undefined> {
  const folder = path.join(directory, '.lock');
  try {
    makePrivateFolder(folder);
    // The folder of another tool may not ignore it.
    if (!isPresent(path.join(folder, '.gitignore'))) writeFileAtomic(path.join(folder, '.gitignore'), '*\n');
    const lease = await Lease.acquire(folder, lockTimeoutMs);
    if (lease) return lease;
  } catch (error) {
    if (hasCode(error, 'EACCES') || hasCode(error, 'EROFS') || hasCode(error, 'EPERM')) return undefined;
    throw error;
  }
  throw new UserError(
    `the ledger ${directory} is locked by process ${Lease.holder(folder)?.pid ?? 'unknown'}`,
    `Another bd has held it for ${lockTimeoutMs / 1000} seconds. Wait for it to end, or end it.`,
    'unavailable',
  );
}

class LocalBackend implements Backend {
  private readonly dispatcher = new Dispatcher(ledgerSchemas);
  /** Formulas may be anybody's: they are read in a thread of their own here too, which starts with the first. */
  private readonly formulaJobs = new JobWorker({ script: bundledFile('formulaWorker.js') });
  private wrote = false;

  constructor(
    private readonly store: BeadStore,
    private readonly lease: Lease | undefined,
    private readonly actor: string,
    private readonly warn: (text: string) => void,
    places: FormulaPlaces,
  ) {
    const ledgerFor = (_context: CallContext, named?: string): string => this.ledgerFor(named);
    registerBeadHandlers(this.dispatcher, store, { ledgerFor });
    const formulas = new FormulaService(this.formulaJobs);
    registerFormulaHandlers(this.dispatcher, store, { ledgerFor, placesFor: () => places, formulas });
  }

  async call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>> {
    const entry = this.dispatcher.get(spec.method);
    if (!entry)
      throw new UserError(
        `${spec.method} needs a town`,
        'Run it inside a town, or name one with GT_ROOT.',
        'unavailable',
      );
    const parsed = entry.parse(params);
    if (spec.access !== 'read' && !this.lease)
      throw new UserError(
        'the ledger cannot be written: permission denied',
        'Check the owner and the permissions of the folder.',
        'unavailable',
      );
    const context: CallContext = { actor: this.actor, kind: 'person' }; // nobody can repeat it, so it needs no operation id
    const result = await entry.run(parsed, context);
    this.wrote ||= spec.access !== 'read';
    return result as Result<S>;
  }

  async close(): Promise<void> {
    try {
      if (this.wrote) await this.store.checkpoint();
    } catch (error) {
      // The change itself is safe in the journal and goes into the file next time.
      this.warn(`Warning: issues.jsonl was not updated: ${messageOf(error)}\n`);
    } finally {
      await this.formulaJobs.dispose();
      await this.store.close();
      this.lease?.release();
    }
  }

  private ledgerFor(named: string | undefined): string {
    if (named === undefined) return ledgerName;
    const found = this.store.ledgerNamed(named);
    if (found === undefined)
      throw new UserError(`no ledger ${named}`, 'Outside a town there is only the ledger of this folder.', 'not-found');
    return found;
  }
}
