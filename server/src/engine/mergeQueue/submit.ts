import { UserError } from '../../base/errors';
import { cutBytes } from '../../base/text';
import { graphOf } from '../../formulas/pour/molecule';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import { fullAddress, parseAddress } from '../../town/layout';
import { targetOf } from '../convoys/feature';
import { requireRig, type EngineContext } from '../loop/context';
import { finishLastStep } from '../molecules/molecules';
import { refuseOpenSteps } from '../molecules/openSteps';
import { basesOf, MERGE_REQUEST, withWork, workOf, type MergeRequest } from '../state/work';
import { requestsIn } from './requestIndex';

/** Work of a polecat to merge. */
export interface Submission {
  bead: Bead;
  /** Address of the polecat. */
  agent: string;
  /** Message for the reviewer. */
  message?: string | undefined;
  /** Priority; by default that of the bead. */
  priority?: number | undefined;
  /** Its author states that nothing has to change. */
  noChange?: boolean;
}

/** Statuses of a bead whose work can be submitted: the last status by a person only. */
const SUBMITTABLE: readonly string[] = ['hooked', 'in_progress', 'failed'];

/**
 * Checks the work and adds it to the merge queue.
 * @returns the id of the merge request
 * @throws UserError if something is not committed, or there is nothing to merge
 */
export async function submitWork(context: EngineContext, caller: CallContext, submission: Submission): Promise<string> {
  const { bead, agent, message, noChange = false } = submission;
  const { rig, name } = parseAddress(agent)!;
  const work = workOf(bead);
  refuseOpenSteps(graphOf(context.store), bead);
  const { commit } = await requireRig(context, rig).submittable(name, {
    branch: work.branch!,
    bases: basesOf(work),
    authors: [agent, ...(work.formerWorkers ?? []), ...(caller.kind === 'person' ? [caller.actor] : [])],
    isUnchanged: noChange,
    isMerge: work.mergesTarget !== undefined,
  });
  return context.store.batch(caller, (tx) => {
    const current = tx.get(bead.id);
    if (current?.assignee !== agent || !SUBMITTABLE.includes(current.status) || workOf(current).branch !== work.branch)
      throw new UserError(`${bead.id} is no longer on the hook of ${agent}`, undefined, 'conflict');
    refuseOpenSteps(tx.view, current);
    const merge: MergeRequest = {
      source: bead.id,
      rig,
      branch: work.branch!,
      commit,
      worker: agent,
      target: targetOf(context.store, bead.id),
      retries: 0,
      note: message,
      ...(noChange ? { noChange } : {}),
    };
    const request = tx.create(rig, {
      title: cutBytes(`${noChange ? 'No change' : 'Merge'}: ${bead.title}`, 400),
      type: MERGE_REQUEST,
      priority: submission.priority ?? bead.priority,
      metadata: { merge },
    });
    tx.update(bead.id, {
      status: 'in_review',
      metadata: withWork(current, {
        deaths: 0,
        notBefore: undefined,
        paused: undefined,
        held: undefined,
        problem: undefined,
      }),
    });
    finishLastStep(tx, current);
    tx.event({ type: 'done', bead: bead.id, agent, rig, new: commit });
    return request.id;
  });
}

/** Identifies the work that a person submits, by one of these. */
export interface NamedWork {
  bead?: string | undefined;
  branch?: string | undefined;
  agent?: string | undefined;
}

/**
 * Submits, for a person, the work of an agent whose session has ended.
 * @throws UserError if there is none, or it is in other hands
 */
export function workToSubmit(context: EngineContext, named: NamedWork): { bead: Bead; agent: string } {
  const bead = beadOf(context, named);
  const agent = bead.assignee ?? '';
  if (bead.status === 'in_review')
    throw new UserError(
      `${bead.id} is in the merge queue already (${requestsIn(context.store).openOf(bead.id).at(-1)?.id ?? 'see "gt mq list"'})`,
      `to merge it before others: "gt mq reorder ${bead.id} --first"`,
      'conflict',
    );
  if (!SUBMITTABLE.includes(bead.status) || parseAddress(agent)?.role !== 'polecats' || !workOf(bead).branch)
    throw new UserError(
      `there is no work of an agent on ${bead.id} to submit: it is ${bead.status}`,
      `sling it first: "gt sling ${bead.id} <rig>"`,
      'conflict',
    );
  if (named.agent !== undefined && fullAddress(named.agent) !== agent)
    throw new UserError(`${bead.id} is the work of ${agent}, not of ${named.agent}`, undefined, 'conflict');
  if (named.branch !== undefined && workOf(bead).branch !== named.branch)
    throw new UserError(
      `the work on ${bead.id} is on ${workOf(bead).branch}, not on ${named.branch}`,
      undefined,
      'conflict',
    );
  if (hasSession(context, agent))
    throw new UserError(
      `${agent} is working on ${bead.id} and will submit it`,
      `to submit its work so far, stop its session first: "gt stop ${agent}"`,
      'conflict',
    );
  return { bead, agent };
}

/** Whether a session of the agent is live. */
export function hasSession(context: EngineContext, agent: string): boolean {
  return context.sessions.all().some((session) => session.agent === agent && !session.exit);
}

function beadOf({ store }: EngineContext, { bead, branch, agent }: NamedWork): Bead {
  if (bead !== undefined) return store.get(store.resolve(bead))!;
  const mine = store
    .list({ status: [...SUBMITTABLE, 'in_review'], limit: 0 })
    .filter((candidate) => parseAddress(candidate.assignee ?? '')?.role === 'polecats');
  if (branch !== undefined) {
    const found = mine.find((candidate) => workOf(candidate).branch === branch);
    if (found) return found;
    throw new UserError(
      `${branch} is not a branch that an agent works on`,
      'see "gt polecat list"; name the bead: "gt mq submit --issue <bead>"',
      'not-found',
    );
  }
  if (agent !== undefined) return workOfAgent(mine, fullAddress(agent));
  throw new UserError(
    'name the work to submit',
    'name the bead or its branch: "gt mq submit --issue <bead>", or --branch <branch>',
    'invalid',
  );
}

/** The bead of an agent; a failed one only if there is no other. */
function workOfAgent(beads: readonly Bead[], agent: string): Bead {
  const own = beads.filter((candidate) => candidate.assignee === agent && workOf(candidate).branch !== undefined);
  const bead = own.find((candidate) => candidate.status !== 'failed') ?? own.at(-1);
  if (bead) return bead;
  throw new UserError(`${agent} has no work`, 'see "gt polecat list"', 'not-found');
}

/** The work of a polecat, in any state. @throws UserError if it has none */
export function workOfPolecat({ store }: EngineContext, agent: string): Bead {
  return workOfAgent(store.list({ assignee: agent, status: [...SUBMITTABLE, 'in_review'], limit: 0 }), agent);
}
