import { UserError } from '../base/errors';
import type { Bead, Comment, Dependency, DependencyType } from '../protocol/bead';
import { isFinished, parentOf, parentsOf } from './index/blocking';
import { autoCloseRoot, checkClose } from './model/closing';
import { changeEvents, type NewEvent } from './model/changeEvents';
import type { Stored } from './storage/codec';
import { checkNewDependency } from './model/dependencies';
import { typeFromInput } from './model/fields';
import { checkGivenId, newHashId, nextChildId } from './model/ids';
import type { JournalEvent } from './storage/journalRecord';
import { attachedMolecules, MOLECULE, openSteps } from './model/molecule';
import type { NewBead } from './model/newBead';
import { defined, plain, sameValue } from './model/plain';
import { withReplacedId, withReplacedIds } from './model/references';
import { timeAfter } from './model/time';
import { checkCommentText, checkFields, checkLabel } from './model/validate';
import type { Overlay } from './index/overlay';

export interface TransactionContext {
  actor: string;
  /** Kept with what is closed, where the caller names no session. */
  session?: string;
  now: Date;
  random(): number;
  /** Where events that name no bead are kept. */
  homeLedger: string;
}

/** What a batch works with: reads see its own changes, nothing is visible outside before it is durable. */
export class Transaction {
  readonly events: JournalEvent[] = [];

  constructor(
    readonly view: Overlay,
    private readonly context: TransactionContext,
  ) {}

  /** The time of everything that the batch does. */
  get now(): Date {
    return this.context.now;
  }

  /** Who acts. */
  get actor(): string {
    return this.context.actor;
  }

  get(id: string): Bead | undefined {
    return this.view.get(id);
  }

  /** The bead, or the error that a person is told. */
  require(id: string): Bead {
    const bead = this.view.get(id);
    if (!bead || bead.status === 'tombstone') throw new UserError(`issue ${id} not found`, undefined, 'not-found');
    return bead;
  }

  create(ledger: string, options: NewBead): Bead {
    const rules = this.view.rulesOf(ledger);
    const now = timeAfter(new Date(this.context.now.getTime() + (options.createdAfterMs ?? 0)), undefined);
    const type = typeFromInput(options.type ?? 'task');
    const bead: Bead = {
      ...plain(options.extra ?? {}),
      id: '',
      title: options.title,
      status: options.status ?? 'open',
      priority: options.priority ?? 2,
      issue_type: type,
      created_at: now,
      created_by: this.context.actor,
      updated_at: now,
      ...defined({
        description: options.description,
        design: options.design,
        acceptance_criteria: options.acceptance_criteria,
        notes: options.notes,
        assignee: options.assignee,
        owner: options.owner,
        external_ref: options.external_ref,
        defer_until: options.defer_until,
        due_at: options.due_at,
        estimated_minutes: options.estimated_minutes,
        spec_id: options.spec_id,
        metadata: options.metadata && plain(options.metadata),
        ephemeral: options.ephemeral === true ? true : undefined,
        labels: options.labels?.length ? [...new Set(options.labels)].sort() : undefined,
        closed_at: options.status === 'closed' ? now : undefined,
      }),
    };
    checkFields(bead, rules);
    if (bead.status === 'tombstone')
      throw new UserError('invalid status: tombstone', 'A new bead cannot be a deleted one.');
    bead.id = this.newId(ledger, rules.prefix, options, bead);
    this.view.set(ledger, bead);
    this.record({ type: 'created', bead: bead.id, new: bead.status, message: bead.title });
    if (options.parent !== undefined) this.addDependency(bead.id, options.parent, 'parent-child');
    return this.require(bead.id);
  }

  /**
   * Changes fields; an undefined value clears one. `closed_at` follows the status. The guards of closing are
   * those of `close` and do not apply here.
   */
  update(id: string, patch: Partial<Bead>): Bead {
    const { bead, ledger } = this.locate(id);
    const changes = Object.entries(patch).filter(([key, value]) => !sameValue(bead[key], value));
    if (changes.length === 0) return bead;
    for (const key of ['id', 'created_at', 'dependencies', 'comments']) {
      if (changes.some(([changed]) => changed === key)) throw new Error(`update cannot change ${key}`);
    }
    checkFields(patch, this.view.rulesOf(ledger));
    if (patch.status === 'tombstone') throw new UserError('invalid status: tombstone', 'Use bd delete.');
    const next = this.put(ledger, bead, this.withState(bead, { ...patch }));
    for (const event of changeEvents(
      bead,
      next,
      changes.map(([key]) => key),
    ))
      this.record(event);
    return next;
  }

  /** Closes after the guards of `bd close`; a closed bead stays as it is. */
  close(id: string, reason: string, options: { force?: boolean; session?: string } = {}): Bead {
    const bead = this.require(id);
    if (bead.status === 'closed') return bead;
    checkClose(this.view, bead, options.force ?? false, this.context.now);
    const { ledger } = this.locate(id);
    const closed = this.putClosed(ledger, bead, reason || 'Closed', options.session ?? this.context.session);
    if (bead.issue_type === MOLECULE)
      for (const step of openSteps(this.view, bead))
        this.putClosed(this.locate(step.id).ledger, step, `not done: ${reason}`);
    const root = autoCloseRoot(this.view, closed);
    if (root) this.close(root.id, 'all steps complete', { force: true });
    this.closeAttached(id, `${id} was closed: ${reason || 'Closed'}`);
    return closed;
  }

  private putClosed(ledger: string, bead: Bead, reason: string, session?: string): Bead {
    const closed = this.put(ledger, bead, {
      status: 'closed',
      closed_at: timeAfter(this.context.now, undefined),
      close_reason: reason,
      ...(session === undefined ? {} : { closed_by_session: session }),
    });
    this.record({ type: 'closed', bead: bead.id, old: bead.status, new: 'closed', message: reason });
    return closed;
  }

  /** Nobody walks the steps of a molecule whose bead is over. */
  private closeAttached(id: string, reason: string): void {
    for (const molecule of attachedMolecules(this.view, id)) this.close(molecule.id, reason, { force: true });
  }

  /** Opens a closed, deferred, blocked or failed bead again; what put it aside is taken away. */
  reopen(id: string, reason?: string): Bead {
    const bead = this.require(id);
    if (bead.status === 'open' && bead.defer_until === undefined) return bead;
    if (!['open', 'closed', 'deferred', 'blocked', 'failed'].includes(bead.status)) {
      throw new UserError(`cannot reopen ${id}: it is not closed (status ${bead.status})`);
    }
    const { ledger } = this.locate(id);
    // It is no longer replaced by another bead.
    const dependencies = bead.dependencies?.filter((edge) => edge.type !== 'supersedes' && edge.type !== 'duplicates');
    const next = this.put(ledger, bead, {
      status: 'open',
      defer_until: undefined,
      closed_at: undefined,
      close_reason: undefined,
      closed_by_session: undefined,
      dependencies: dependencies?.length ? dependencies : undefined,
    });
    this.record({ type: 'reopened', bead: id, old: bead.status, new: 'open', ...(reason ? { message: reason } : {}) });
    if (reason) this.comment(id, reason);
    return this.get(id) ?? next;
  }

  /** A wisp is gone; any other bead leaves a tombstone. Dependencies on it are removed. */
  delete(id: string, reason = 'deleted'): void {
    const bead = this.require(id);
    const { ledger } = this.locate(id);
    this.closeAttached(id, `${id} was deleted`);
    for (const { bead: dependent, edge } of this.view.dependents(id))
      this.dropEdges(dependent.id, (other) => other === edge);
    if (bead.ephemeral) {
      this.view.remove(ledger, id);
    } else {
      this.put(ledger, bead, {
        status: 'tombstone',
        closed_at: undefined,
        close_reason: undefined,
        dependencies: undefined,
        deleted_at: timeAfter(this.context.now, undefined),
        deleted_by: this.context.actor,
        delete_reason: reason,
        original_type: bead.issue_type,
      });
    }
    this.record({ type: 'deleted', bead: id, old: bead.status, message: reason });
  }

  /**
   * Gives a bead another id. Dependencies on it follow, and so do the texts of the beads that are named.
   * @param mentions ids of beads whose texts may name it
   * @returns the number of beads whose texts changed
   */
  rename(id: string, newId: string, mentions: readonly string[]): number {
    const { bead, ledger } = this.locate(id);
    this.givenId(ledger, this.view.rulesOf(ledger).prefix, newId);
    const dependents = this.view.dependents(id);
    const own = (edge: Dependency): Dependency => ({ ...edge, issue_id: newId });
    const comments = bead.comments?.map((comment) => ({ ...comment, issue_id: newId }));
    const renamed = {
      ...bead,
      id: newId,
      updated_at: timeAfter(this.context.now, bead.updated_at),
      ...(bead.dependencies ? { dependencies: bead.dependencies.map(own) } : {}),
      ...(comments ? { comments } : {}),
    };
    this.view.set(ledger, plain(renamed));
    this.record({ type: 'created', bead: newId, new: bead.status, message: `renamed from ${id}` });
    for (const { bead: dependent } of dependents) {
      const current = this.locate(dependent.id);
      const moved = (edge: Dependency): Dependency =>
        edge.depends_on_id === id ? { ...edge, depends_on_id: newId } : edge;
      this.put(current.ledger, current.bead, { dependencies: current.bead.dependencies?.map(moved) });
    }
    const changed = mentions.filter((mention) => this.replaceIdIn(mention === id ? newId : mention, id, newId));
    this.delete(id, `renamed to ${newId}`);
    return changed.length;
  }

  /** Gives beads other ids, all at once, whatever their prefix; the old ids stay as tombstones. */
  renameAll(ids: ReadonlyMap<string, string>): void {
    const idOf = (id: string): string => ids.get(id) ?? id;
    for (const id of ids.keys()) {
      const { bead, ledger } = this.locate(id);
      const renamed = {
        ...bead,
        ...withReplacedIds(bead, ids),
        id: idOf(id),
        updated_at: timeAfter(this.context.now, bead.updated_at),
        dependencies: bead.dependencies?.map((edge) => ({
          ...edge,
          issue_id: idOf(edge.issue_id),
          depends_on_id: idOf(edge.depends_on_id),
        })),
        comments: bead.comments?.map((comment) => ({ ...comment, issue_id: idOf(id) })),
      };
      this.view.set(ledger, plain(renamed));
      this.record({ type: 'created', bead: renamed.id, new: bead.status, message: `renamed from ${id}` });
    }
    for (const id of ids.keys()) {
      const { bead, ledger } = this.locate(id);
      this.put(ledger, bead, { dependencies: undefined });
      this.delete(id, `renamed to ${idOf(id)}`);
    }
  }

  /** @returns whether a text of the bead named the id */
  replaceIdIn(bead: string, id: string, replacement: string): boolean {
    const patch = withReplacedId(this.require(bead), id, replacement);
    if (Object.keys(patch).length === 0) return false;
    this.update(bead, patch);
    return true;
  }

  /** `from` depends on `to`. Adding what is there already changes nothing. */
  addDependency(from: string, to: string, type: DependencyType, metadata?: string): Dependency {
    const bead = this.require(from);
    const existing = checkNewDependency(this.view, bead, to, type);
    if (existing) return existing;
    if (type === 'parent-child' && this.get(to)?.status === 'closed' && !isFinished(bead)) {
      throw new UserError(`cannot add ${from} to ${to}: the parent is closed`, `Reopen it first: bd reopen ${to}`);
    }
    const { ledger } = this.locate(from);
    const edge: Dependency = {
      issue_id: from,
      depends_on_id: to,
      type,
      created_at: timeAfter(this.context.now, undefined),
      created_by: this.context.actor,
      ...(metadata === undefined ? {} : { metadata }),
    };
    this.put(ledger, bead, { dependencies: [...(bead.dependencies ?? []), edge] });
    this.record({ type: 'dependency_added', bead: from, new: to, message: type });
    return edge;
  }

  /** Removes the dependency of this type, or those of all types. @returns the first of them */
  removeDependency(from: string, to: string, type?: string): Dependency {
    const bead = this.require(from);
    const isMeant = (other: Dependency): boolean =>
      other.depends_on_id === to && (type === undefined || other.type === type);
    const edge = bead.dependencies?.find(isMeant);
    if (!edge) throw new UserError(`dependency from ${from} to ${to} does not exist`, undefined, 'not-found');
    this.dropEdges(from, isMeant);
    return edge;
  }

  /** Moves a bead under another parent, or out of its parent where `parent` is undefined. */
  setParent(id: string, parent: string | undefined): Bead {
    const bead = this.require(id);
    if (parent !== undefined && parentOf(bead) === parent && parentsOf(bead).length === 1) return bead;
    if (parent !== undefined) this.require(parent);
    this.dropEdges(id, (edge) => edge.type === 'parent-child');
    if (parent !== undefined) this.addDependency(id, parent, 'parent-child');
    return this.require(id);
  }

  /** @returns false if it was there already */
  addLabel(id: string, label: string): boolean {
    const bead = this.require(id);
    checkLabel(label);
    if (bead.labels?.includes(label)) return false;
    this.put(this.locate(id).ledger, bead, { labels: [...(bead.labels ?? []), label].sort() });
    this.record({ type: 'label_added', bead: id, new: label });
    return true;
  }

  /** @returns false if it was not there */
  removeLabel(id: string, label: string): boolean {
    const bead = this.require(id);
    if (!bead.labels?.includes(label)) return false;
    const labels = bead.labels.filter((other) => other !== label);
    this.put(this.locate(id).ledger, bead, { labels: labels.length > 0 ? labels : undefined });
    this.record({ type: 'label_removed', bead: id, old: label });
    return true;
  }

  comment(id: string, text: string, author = this.context.actor): Comment {
    const bead = this.require(id);
    checkCommentText(text);
    const comment: Comment = {
      // Random, not counted: two clones that comment at once must not get the same number.
      id: Math.floor(this.context.random() * Number.MAX_SAFE_INTEGER),
      issue_id: id,
      author,
      text,
      created_at: timeAfter(this.context.now, bead.comments?.at(-1)?.created_at),
    };
    this.put(this.locate(id).ledger, bead, { comments: [...(bead.comments ?? []), comment] });
    this.record({ type: 'commented', bead: id });
    return comment;
  }

  /** Puts in a bead as another ledger or a merge has it, unknown fields and times included. */
  replace(ledger: string, stored: Stored): void {
    const { bead } = stored;
    const known = this.view.get(bead.id);
    this.view.setStored(ledger, stored);
    this.record({ type: known ? 'imported' : 'created', bead: bead.id, new: bead.status, message: bead.title });
  }

  /** A further entry of the audit trail; ordinary changes are recorded by themselves. */
  event(event: NewEvent): void {
    this.record(event);
  }

  private locate(id: string): { bead: Bead; ledger: string } {
    const located = this.view.locate(id);
    if (!located || located.bead.status === 'tombstone')
      throw new UserError(`issue ${id} not found`, undefined, 'not-found');
    return located;
  }

  private newId(ledger: string, prefix: string, options: NewBead, bead: Bead): string {
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

  private givenId(ledger: string, prefix: string, id: string): string {
    checkGivenId(id);
    if (this.view.ledgerOf(id) !== ledger) {
      throw new UserError(`prefix mismatch: database uses '${prefix}-' but ID '${id}' doesn't match`);
    }
    if (this.view.locate(id)) throw new UserError(`issue ${id} already exists`, undefined, 'conflict');
    return id;
  }

  /** The patch with what must follow from a change of status. */
  private withState(bead: Bead, patch: Partial<Bead>): Partial<Bead> {
    if (patch.status === undefined || patch.status === bead.status) return patch;
    if (patch.status === 'closed') return { closed_at: timeAfter(this.context.now, undefined), ...patch };
    return { ...patch, closed_at: undefined, close_reason: undefined, closed_by_session: undefined };
  }

  private put(ledger: string, old: Bead, patch: Partial<Bead>): Bead {
    const next: Record<string, unknown> = { ...old, updated_at: timeAfter(this.context.now, old.updated_at) };
    for (const [key, value] of Object.entries(patch)) {
      if (value === undefined) delete next[key];
      else next[key] = plain(value);
    }
    return this.view.set(ledger, next as Bead);
  }

  private dropEdges(id: string, matches: (edge: Dependency) => boolean): void {
    const { bead, ledger } = this.locate(id);
    const dropped = (bead.dependencies ?? []).filter(matches);
    if (dropped.length === 0) return;
    const kept = (bead.dependencies ?? []).filter((edge) => !dropped.includes(edge));
    this.put(ledger, bead, { dependencies: kept.length > 0 ? kept : undefined });
    for (const edge of dropped)
      this.record({ type: 'dependency_removed', bead: id, old: edge.depends_on_id, message: edge.type });
  }

  private record(event: NewEvent): void {
    const ledger =
      (event.bead === undefined
        ? undefined
        : (this.view.locate(event.bead)?.ledger ?? this.view.ledgerOf(event.bead))) ?? this.context.homeLedger;
    const ts = timeAfter(this.context.now, undefined);
    this.events.push({ ledger, event: { ts, type: event.type, actor: this.context.actor, ...defined({ ...event }) } });
  }
}
