import { UserError } from '../../base/errors';
import { cutBytes } from '../../base/text';
import { parseAddress } from '../../town/layout';
import type { CallContext } from '../../protocol/dispatcher';
import { requireRig, type EngineContext } from '../loop/context';
import { finishLastStep } from '../molecules/molecules';
import { basesOf, mergeOf, MERGE_REQUEST, withWork, workOf, type MergeRequest } from '../state/work';

/** The bead on an agent's hook: what the engine gave it, not what it has claimed besides, such as the step that it is at. */
export function hookedBead(context: EngineContext, agent: string) {
  return context.store
    .list({ assignee: agent, status: ['hooked', 'in_progress'], limit: 0 })
    .find((bead) => workOf(bead).branch !== undefined);
}

/**
 * `gt done`: the agent's branch goes to the merge queue and its session ends. Saying it twice gives the first
 * answer.
 * @param note what the agent says about the change, for its reviewer
 */
export async function done(
  context: EngineContext,
  caller: CallContext,
  note?: string,
): Promise<{ mergeRequest: string; bead: string }> {
  const agent = caller.agent;
  const address = agent ? parseAddress(agent) : undefined;
  if (!agent || !address)
    throw new UserError(
      '"gt done" is for an agent in its own session',
      'run it in the terminal of the agent',
      'refused',
    );
  const bead = hookedBead(context, agent);
  if (!bead) return alreadySubmitted(context, agent);
  const work = workOf(bead);
  const { commit } = await requireRig(context, address.rig).submittable(address.name, {
    branch: work.branch!,
    bases: basesOf(work),
    authors: [agent, ...(work.formerWorkers ?? [])],
  });
  const result = await context.store.batch(caller, (tx) => {
    const current = tx.get(bead.id);
    if (current?.assignee !== agent || !['hooked', 'in_progress'].includes(current.status))
      throw new UserError(`${bead.id} is no longer on your hook`, undefined, 'conflict');
    const merge: MergeRequest = {
      source: bead.id,
      rig: address.rig,
      branch: work.branch!,
      commit,
      worker: agent,
      retries: 0,
      note: note?.trim() ? cutBytes(note.trim(), 4_000) : undefined,
    };
    const request = tx.create(address.rig, {
      title: cutBytes(`Merge: ${bead.title}`, 400),
      type: MERGE_REQUEST,
      priority: bead.priority,
      metadata: { merge },
    });
    tx.update(bead.id, { status: 'in_review', metadata: withWork(current, { deaths: 0, notBefore: undefined }) });
    finishLastStep(tx, current);
    tx.event({ type: 'done', bead: bead.id, agent, rig: address.rig, new: commit });
    return { mergeRequest: request.id, bead: bead.id };
  });
  return result;
}

function alreadySubmitted(context: EngineContext, agent: string): { mergeRequest: string; bead: string } {
  const request = context.store
    .list({ type: [MERGE_REQUEST], limit: 0 })
    .find((candidate) => mergeOf(candidate)?.worker === agent);
  const merge = request && mergeOf(request);
  if (!request || !merge) throw new UserError('there is nothing on your hook', 'see "gt hook"', 'conflict');
  return { mergeRequest: request.id, bead: merge.source };
}
