import type { Activity } from '../loop/activities';
import { mergeKey, type Action } from '../loop/action';
import { actors, assertRevision, requireRig, StaleAction, type EngineContext } from '../loop/context';
import type { RigPort } from '../loop/ports';
import { failuresOf, isClosed, mergeOf, withMerge, type MergeRequest } from '../state/work';
import { deferMerge } from './deferMerge';
import { finishMerges, type MergeEnding } from './finishMerge';
import type { Parts } from './lanes';
import { rejectWork, type Feedback } from './rejectWork';
import { takenIn } from './takenRequests';
import type { GateFailure } from './verdict';

export type MergeAction = Extract<Action, { type: 'merge' }>;

/** A merge request in a batch. */
export interface Member {
  id: string;
  request: MergeRequest;
}

/** A member with the commit that would land, on top of the ones before it. */
export interface Link extends Member {
  commit: string;
  /** Commit that it is based on. */
  onto: string;
  /** Further commits of the member that land with this one, oldest first. */
  before: readonly string[];
}

/**
 * Merge requests that are processed together. Each leaves the batch exactly once: finished, rejected, deferred or
 * released.
 */
export class Batch {
  private readonly open: Map<string, Member>;
  private readonly activity: Activity;

  private constructor(
    readonly rigName: string,
    readonly rig: RigPort,
    /** Feature branch of all members; undefined for the rig's own target. */
    readonly target: string | undefined,
    /** Its lane: the parts of the repository that it changes; undefined for all of it. */
    readonly parts: Parts,
    readonly context: EngineContext,
    private readonly maxAttempts: number,
    members: readonly Member[],
  ) {
    this.open = new Map(members.map((member) => [member.id, member]));
    this.activity = context.activity.begin(this.actor);
    takenIn(context.store).take(this.open.keys());
  }

  /** Takes the requests that have not changed since they were read. @throws StaleAction if there are none */
  static async begin(action: MergeAction, context: EngineContext): Promise<Batch> {
    const rig = requireRig(context, action.rig);
    const members = await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
      const taken: Member[] = [];
      let stale: StaleAction | undefined;
      for (const { mergeRequest, revision } of action.requests) {
        try {
          const bead = assertRevision(tx, mergeRequest, revision);
          const request = mergeOf(bead);
          if (!request || isClosed(bead.status) || request.target !== action.target)
            throw new StaleAction(`${bead.id} is not an open merge request`);
          if (rig.review !== 'off' && request.review?.state !== 'approved')
            throw new StaleAction(`${bead.id} is not approved`);
          if (bead.status !== 'in_progress') tx.update(bead.id, { status: 'in_progress' });
          tx.event({ type: 'merge_started', bead: request.source, agent: request.worker, rig: action.rig });
          taken.push({ id: bead.id, request });
        } catch (error) {
          if (!(error instanceof StaleAction)) throw error;
          stale ??= error; // the others go ahead without it
        }
      }
      if (taken.length === 0) throw stale ?? new StaleAction('there is nothing to merge');
      return taken;
    });
    return new Batch(action.rig, rig, action.target, action.parts, context, action.maxAttempts, members);
  }

  /** Members that are still in the batch, in queue order. */
  get members(): Member[] {
    return [...this.open.values()];
  }

  /** Key of the actions of its lane. */
  get queue(): string {
    return mergeKey(this.rigName, this.target, this.parts);
  }

  get actor(): string {
    return actors.refinery(this.rigName);
  }

  async finish(ended: readonly { member: Member; ending: MergeEnding }[]): Promise<void> {
    await finishMerges(
      { rig: this.rigName },
      ended.map(({ member, ending }) => ({ mergeRequest: member.id, request: member.request, ending })),
      this.context,
    );
    this.forget(ended.map(({ member }) => member));
  }

  /** Rejects work for its own problem: it goes back to its polecat. */
  async reject(member: Member, why: Feedback): Promise<void> {
    await this.context.store.batch({ actor: this.actor }, (tx) => {
      const bead = tx.get(member.id);
      if (!bead || isClosed(bead.status)) return;
      rejectWork(tx, bead.id, member.request, why, {
        now: this.context.clock.now(),
        retry: (work) => failuresOf(work) < this.maxAttempts,
      });
    });
    this.forget([member]);
  }

  /**
   * Marks a member as suspected of failing a gate, which is repeated for it alone while the others continue. @param
   * where the failing commit, the base of its chain, and a commit below it that passes
   */
  async suspect(
    link: Link,
    { gate, problem }: GateFailure,
    where: { commit: string; base: string; before: string | undefined },
  ): Promise<void> {
    const suspected = { gate, problem, ...where };
    await this.context.store.batch({ actor: this.actor }, (tx) => {
      const bead = tx.get(link.id);
      if (bead?.status === 'in_progress')
        tx.update(bead.id, { status: 'open', metadata: withMerge(bead, { suspected }) });
    });
    this.forget([link]);
  }

  /** Defers members because of a problem that they did not cause. */
  async defer(members: readonly Member[], error: unknown): Promise<void> {
    for (const member of members) await deferMerge({ mergeRequest: member.id, rig: this.rigName }, error, this.context);
    this.forget(members);
  }

  /** Returns members to their places in the queue, for a later batch. */
  async release(members: readonly Member[] = this.members): Promise<void> {
    if (members.length > 0)
      await this.context.store.batch({ actor: this.actor }, (tx) => {
        for (const { id } of members) if (tx.get(id)?.status === 'in_progress') tx.update(id, { status: 'open' });
      });
    this.forget(members);
  }

  /** Drops members that were handled elsewhere. */
  forget(members: readonly Member[]): void {
    const dropped = members.filter(({ id }) => this.open.delete(id));
    takenIn(this.context.store).release(dropped.map(({ id }) => id));
  }

  /** Ends the processing: members that are still in it may be taken by another batch. */
  end(): void {
    this.activity.end();
    this.context.onActivity();
    this.forget(this.members);
  }

  /** Shows the activity, such as `test: toy-1 + 3 more`. */
  show(activity: string, members: readonly Member[]): void {
    this.activity.show(`${activity} ${namesOf(members)}`);
    this.context.onActivity();
  }
}

/** `toy-1 + 3 more` */
function namesOf(members: readonly Member[]): string {
  const first = members[0]?.request.source ?? '';
  return members.length > 1 ? `${first} + ${members.length - 1} more` : first;
}
