import { UserError } from '../base/errors';
import type { Bead, Dependency } from '../protocol/bead';
import type { Overlay } from './index/overlay';
import type { NewEvent } from './model/changeEvents';
import { checkGivenId, newHashId, nextChildId } from './model/ids';
import type { NewBead } from './model/newBead';
import { defined, plain } from './model/plain';
import { timeAfter } from './model/time';
import type { JournalEvent } from './storage/journalRecord';

export interface TransactionContext {
  actor: string;
  /** Session recorded with closed beads, if the caller names none. */
  session?: string;
  now: Date;
  random(): number;
  /** Ledger for events without a bead. */
  homeLedger: string;
}

/** The beads as seen by a batch, including its own changes, and the events that it records. */
export abstract class BeadEdits {
  readonly events: JournalEvent[] = [];

  constructor(
    readonly view: Overlay,
    protected readonly context: TransactionContext,
  ) {}

  /** The time of all changes of the batch. */
  get now(): Date {
    return this.context.now;
  }

  /** Author of the changes. */
  get actor(): string {
    return this.context.actor;
  }

  get(id: string): Bead | undefined {
    return this.view.get(id);
  }

  /** @throws UserError `not-found` if the bead does not exist */
  require(id: string): Bead {
    const bead = this.view.get(id);
    if (!bead || bead.status === 'tombstone') throw new UserError(`issue ${id} not found`, undefined, 'not-found');
    return bead;
  }

  protected locate(id: string): { bead: Bead; ledger: string } {
    const located = this.view.locate(id);
    if (!located || located.bead.status === 'tombstone')
      throw new UserError(`issue ${id} not found`, undefined, 'not-found');
    return located;
  }

  protected newId(ledger: string, prefix: string, options: NewBead, bead: Bead): string {
    if (options.id !== undefined) return this.givenId(ledger, prefix, options.id);
    if (options.parent !== undefined) {
      const parent = this.require(options.parent);
      const located = this.locate(parent.id);
      if (located.ledger === ledger && !options.infix && !options.ephemeral)
        return nextChildId(parent.id, this.view.idsUnder(parent.id));
    }
    return newHashId(
      prefix,
      {
        title: bead.title,
        description: bead.description ?? '',
        creator: this.context.actor,
        created: BigInt(this.context.now.getTime()) * 1_000_000n,
      },
      {
        count: this.view.countOf(prefix),
        taken: (id) => this.view.locate(id) !== undefined,
        random: () => this.context.random(),
        ...((options.infix ?? options.ephemeral) ? { infix: options.infix ?? 'wisp' } : {}),
      },
    );
  }

  protected givenId(ledger: string, prefix: string, id: string): string {
    checkGivenId(id);
    if (this.view.ledgerOf(id) !== ledger) {
      throw new UserError(`prefix mismatch: database uses '${prefix}-' but ID '${id}' doesn't match`);
    }
    if (this.view.locate(id)) throw new UserError(`issue ${id} already exists`, undefined, 'conflict');
    return id;
  }

  protected put(ledger: string, old: Bead, patch: Partial<Bead>): Bead {
    const next: Record<string, unknown> = { ...old, updated_at: timeAfter(this.context.now, old.updated_at) };
    if (this.context.actor === old.created_by) delete next.updated_by;
    else next.updated_by = this.context.actor;
    for (const [key, value] of Object.entries(patch)) {
      if (value === undefined) delete next[key];
      else next[key] = plain(value);
    }
    return this.view.set(ledger, next as Bead);
  }

  protected dropEdges(id: string, matches: (edge: Dependency) => boolean): void {
    const { bead, ledger } = this.locate(id);
    const dropped = (bead.dependencies ?? []).filter(matches);
    if (dropped.length === 0) return;
    const kept = (bead.dependencies ?? []).filter((edge) => !dropped.includes(edge));
    this.put(ledger, bead, { dependencies: kept.length > 0 ? kept : undefined });
    for (const edge of dropped)
      this.record({ type: 'dependency_removed', bead: id, old: edge.depends_on_id, message: edge.type });
  }

  protected record(event: NewEvent): void {
    const ledger =
      (event.bead === undefined
        ? undefined
        : (this.view.locate(event.bead)?.ledger ?? this.view.ledgerOf(event.bead))) ?? this.context.homeLedger;
    const ts = timeAfter(this.context.now, undefined);
    this.events.push({ ledger, event: { ts, type: event.type, actor: this.context.actor, ...defined({ ...event }) } });
  }
}
