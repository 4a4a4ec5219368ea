import { UserError } from '../base/errors';
import type { Bead, Comment, Dependency, DependencyType } from '../protocol/bead';
import { BeadEdits } from './beadEdits';
import { isFinished, parentOf, parentsOf } from './index/blocking';
import { checkNewDependency } from './model/dependencies';
import { timeAfter } from './model/time';
import { checkCommentText, checkLabel } from './model/validate';

/** Edits what is attached to a bead: its dependencies, parent, labels and comments. */
export abstract class BeadLinks extends BeadEdits {
  /** Makes `from` depend on `to`. Adding an existing dependency changes nothing. */
  addDependency(from: string, to: string, type: DependencyType, metadata?: string): Dependency {
    const bead = this.require(from);
    const existing = checkNewDependency(this.view, bead, to, type);
    if (existing) return existing;
    // An event records what happened to its parent, which may be closed.
    const isWork = bead.issue_type !== 'event' && !isFinished(bead);
    if (type === 'parent-child' && this.get(to)?.status === 'closed' && isWork) {
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

  /** Removes the dependency of this type, or all of them without a type. @returns the first one */
  removeDependency(from: string, to: string, type?: string): Dependency {
    const bead = this.require(from);
    const isMeant = (other: Dependency): boolean =>
      other.depends_on_id === to && (type === undefined || other.type === type);
    const edge = bead.dependencies?.find(isMeant);
    if (!edge) throw new UserError(`dependency from ${from} to ${to} does not exist`, undefined, 'not-found');
    this.dropEdges(from, isMeant);
    return edge;
  }

  /** Moves a bead under another parent, or out of its parent if `parent` is undefined. */
  setParent(id: string, parent: string | undefined): Bead {
    const bead = this.require(id);
    if (parent !== undefined && parentOf(bead) === parent && parentsOf(bead).length === 1) return bead;
    if (parent !== undefined) this.require(parent);
    this.dropEdges(id, (edge) => edge.type === 'parent-child');
    if (parent !== undefined) this.addDependency(id, parent, 'parent-child');
    return this.require(id);
  }

  /** Adds a label. @returns false if the bead had it already */
  addLabel(id: string, label: string): boolean {
    const bead = this.require(id);
    checkLabel(label);
    if (bead.labels?.includes(label)) return false;
    this.put(this.locate(id).ledger, bead, { labels: [...(bead.labels ?? []), label].sort() });
    this.record({ type: 'label_added', bead: id, new: label });
    return true;
  }

  /** Removes a label. @returns false if the bead did not have it */
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
}
