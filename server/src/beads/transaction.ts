import { UserError } from '../base/errors';
import type { Bead, Dependency } from '../protocol/bead';
import { BeadLinks } from './beadLinks';
import { autoCloseRoot, checkClose } from './model/closing';
import { changeEvents, type NewEvent } from './model/changeEvents';
import type { Stored } from './storage/codec';
import { attachedMolecules, MOLECULE, openSteps } from './model/molecule';
import { beadFrom, type NewBead } from './model/newBead';
import { plain, sameValue } from './model/plain';
import { withReplacedId, withReplacedIds } from './model/references';
import { timeAfter } from './model/time';
import { checkFields } from './model/validate';

/** The view of a batch: reads see its own changes, which are visible outside only when they are durable. */
export class Transaction extends BeadLinks {
  create(ledger: string, options: NewBead): Bead {
    const rules = this.view.rulesOf(ledger);
    const bead = beadFrom(options, this.context);
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
   * Changes fields; an undefined value clears one. `closed_at` follows the status. The checks of closing are made by
   * `close`, not here.
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

  /** Closes a bead after the checks of `bd close`; a closed bead stays as it is. */
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

  /** Closes the molecules attached to a bead whose work is over. */
  private closeAttached(id: string, reason: string): void {
    for (const molecule of attachedMolecules(this.view, id)) this.close(molecule.id, reason, { force: true });
  }

  /** Reopens a closed, deferred, blocked or failed bead; a deferral and a reason for closing are cleared. */
  reopen(id: string, reason?: string): Bead {
    const bead = this.require(id);
    if (bead.status === 'open' && bead.defer_until === undefined) return bead;
    if (!['open', 'closed', 'deferred', 'blocked', 'failed'].includes(bead.status)) {
      throw new UserError(`cannot reopen ${id}: it is not closed (status ${bead.status})`);
    }
    const { ledger } = this.locate(id);
    // The bead is no longer replaced by another one.
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

  /** Deletes a bead: a wisp is removed, any other bead leaves a tombstone. Dependencies on it are removed. */
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
   * Gives a bead another id. Dependencies on it follow, and so do the texts of the mentioned beads.
   * @param mentions ids of beads whose texts may contain the old id
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

  /** Changes the ids of beads, all at once and with any prefix; the old ids remain as tombstones. */
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

  /** Replaces an id in the texts of a bead. @returns whether it occurred */
  replaceIdIn(bead: string, id: string, replacement: string): boolean {
    const patch = withReplacedId(this.require(bead), id, replacement);
    if (Object.keys(patch).length === 0) return false;
    this.update(bead, patch);
    return true;
  }

  /** Stores a bead from another ledger or a merge unchanged, including unknown fields and times. */
  replace(ledger: string, stored: Stored): void {
    const { bead } = stored;
    const known = this.view.get(bead.id);
    this.view.setStored(ledger, stored);
    this.record({ type: known ? 'imported' : 'created', bead: bead.id, new: bead.status, message: bead.title });
  }

  /** Adds an entry to the audit trail; ordinary changes are recorded automatically. */
  event(event: NewEvent): void {
    this.record(event);
  }

  /** The patch with the fields that follow from a change of status. */
  private withState(bead: Bead, patch: Partial<Bead>): Partial<Bead> {
    if (patch.status === undefined || patch.status === bead.status) return patch;
    if (patch.status === 'closed') return { closed_at: timeAfter(this.context.now, undefined), ...patch };
    return { ...patch, closed_at: undefined, close_reason: undefined, closed_by_session: undefined };
  }
}
