import { setFlagsFromString } from 'node:v8';
import { UserError, messageOf } from '../../base/errors';
import type { Lease } from '../../base/lease';
import { lockLedger } from '../../ledgerServer/lockLedger';
import { OpenLedger } from '../../ledgerServer/openLedger';
import type { CallContext } from '../../protocol/dispatcher';
import type { ServerPlace } from '../../protocol/transport/serverPlace';
import type { Caller, Params, RequestSpec, Result } from '../../protocol/request';

/** Target of requests: a server, or the ledger itself. Must be closed. */
export interface Backend extends Caller {
  /** Place of the server; undefined if the command works on the ledger itself. */
  readonly place?: ServerPlace;
  close(): Promise<void>;
}

/** How long a command waits for another one. */
const LOCK_MS = 30_000;

export interface LocalOptions {
  actor: string;
  warn: (text: string) => void;
  cwd: string;
  /** The user's home folder. */
  home: string | undefined;
  /** The town whose formulas are available, too. */
  town: string | undefined;
  /** Folder of the stored index. */
  state: string | undefined;
}

/** Opens one ledger in this process: the same handlers as in a server, under the ledger's lock. */
export async function openLocalBackend(directory: string, options: LocalOptions): Promise<Backend> {
  // A command ends before optimising SQLite pays off: without the optimiser it needs half the CPU time.
  setFlagsFromString('--liftoff-only');
  // By default V8 lets the heap grow to twice its live size.
  setFlagsFromString('--heap-growing-percent=40');
  const { cwd, home, town, state, warn } = options;
  // Undefined if the folder is not writable: then it can only be read, and needs no lock.
  const lease = await lockLedger(directory, LOCK_MS);
  try {
    const places = { cwd, ...(home === undefined ? {} : { home }), ...(town === undefined ? {} : { town }) };
    const ledger = await OpenLedger.open({
      directory,
      lease,
      state,
      places: () => places,
      projects: async () =>
        (await import('../../town/knownProjects')).knownProjects(({ message }) => warn(`Warning: ${message}\n`)),
      onError: (error) => warn(`Warning: ${messageOf(error)}\n`),
    });
    for (const warning of ledger.warnings()) warn(`Warning: ${warning}\n`);
    return new LocalBackend(ledger, lease, options.actor, warn);
  } catch (error) {
    lease?.release();
    throw error;
  }
}

class LocalBackend implements Backend {
  private wrote = false;

  constructor(
    private readonly ledger: OpenLedger,
    private readonly lease: Lease | undefined,
    private readonly actor: string,
    private readonly warn: (text: string) => void,
  ) {}

  async call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>> {
    const entry = this.ledger.dispatcher.get(spec.method);
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
    await this.ledger.store.externals.refreshIfDue();
    const context: CallContext = { actor: this.actor, kind: 'person' }; // never repeated, so it needs no operation id
    const result = await entry.run(parsed, context);
    this.wrote ||= spec.access !== 'read';
    return result as Result<S>;
  }

  async close(): Promise<void> {
    try {
      if (this.wrote) await this.ledger.store.checkpoint();
    } catch (error) {
      // The change itself is safe in the journal and is written into the file next time.
      this.warn(`Warning: issues.jsonl was not updated: ${messageOf(error)}\n`);
    } finally {
      await this.ledger
        .keepIndex()
        .catch((error: unknown) => this.warn(`Warning: no index is kept: ${messageOf(error)}\n`));
      await this.ledger.close();
      this.lease?.release();
    }
  }
}
