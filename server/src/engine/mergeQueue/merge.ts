import type { EventType } from '../../protocol/bead';
import { AbortedError } from '../../base/abort';
import type { Action } from '../loop/action';
import { actors, requireRig, StaleAction, assertRevision, type EngineContext } from '../loop/context';
import type { RigPort } from '../loop/ports';
import { parseAddress } from '../../town/layout';
import type { GateResult } from '../../rigs/types';
import { failuresOf, isClosed, mergeOf, withMerge, withWork, type MergeRequest } from '../state/work';
import { CheckRecorder, recordChecks } from './checks';
import { landedCandidate, makeCandidate } from './candidate';
import { reopen } from '../review/requestReview';
import { deferUntil, deferMerge, cancelMerge } from './deferMerge';
import { finishMerge, NOTHING_LEFT } from './finishMerge';
import { rejectWork, type Feedback } from './rejectWork';

type MergeAction = Extract<Action, { type: 'merge' }>;

/**
 * One turn of the merge queue: rebase, the approval held against it, gates on exactly the commit that would land,
 * compare-and-set push, and only then the bead is closed. It is safe to run it again after a crash at any point: what has landed is found
 * on the landing branch.
 */
export async function merge(action: MergeAction, context: EngineContext): Promise<void> {
  const rig = requireRig(context, action.rig);
  const request = await begin(action, context);
  const refinery = actors.refinery(action.rig);
  try {
    const landed = await landedCandidate(rig, request, context);
    if (landed !== undefined) return await finishMerge(action, request, { commit: landed }, context);
    if (isClosed(context.store.get(request.source)?.status ?? 'closed'))
      return await cancelMerge(action, request, context);
    if (request.noChange) return await finishUnchanged(action, request, rig, context);
    showActivity(context, refinery, `rebasing ${request.source}`);
    const made = await makeCandidate(rig, request, context);
    if (made.kind === 'returned') return await rejectMerge(action, request, made.why, context);
    if (made.kind === 'empty') return await finishMerge(action, request, { noChange: NOTHING_LEFT }, context);
    const { commit, base } = made;
    // An approval is for one patch. What the rebase has made another is looked at again.
    if (rig.review !== 'off' && request.review?.patch !== (await rig.patchId(base.commit, commit)))
      return await reopen(action, commit, base.commit, context);
    const result = await runGates(action, request, commit, rig, context);
    if (!result.passed) return await rejectMerge(action, request, gateFeedback(result), context);
    await recordCandidate(action, request, commit, context);
    if (!(await rig.land(commit, base.expected))) return await deferUntil(action, 'the target branch moved', context);
    await finishMerge(action, request, { commit }, context);
  } catch (error) {
    if (error instanceof StaleAction || error instanceof AbortedError) throw error;
    await deferMerge(action, error, context);
  } finally {
    showActivity(context, refinery, undefined);
  }
}

/** Its agent may have worked on since it said so: it may not have heard that its word was taken. */
async function finishUnchanged(
  action: MergeAction,
  request: MergeRequest,
  rig: RigPort,
  context: EngineContext,
): Promise<void> {
  const author = parseAddress(request.worker);
  if (!author || !(await rig.hasUnsubmittedWork(author.name)))
    return finishMerge(action, request, { noChange: request.note ?? 'see its review' }, context);
  return rejectMerge(action, request, CHANGED_SINCE, context);
}

const CHANGED_SINCE: Feedback = {
  problem: 'its worktree has changes, though its agent said that nothing has to change',
  feedback:
    'You said "gt done --status no-change", but your worktree has changes. Submit them with "gt done", or remove them and say it again.',
};

async function begin(action: MergeAction, context: EngineContext): Promise<MergeRequest> {
  return context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.mergeRequest, action.revision);
    const request = mergeOf(bead);
    if (!request || isClosed(bead.status)) throw new StaleAction(`${bead.id} is no open merge request`);
    if (requireRig(context, action.rig).review !== 'off' && request.review?.state !== 'approved')
      throw new StaleAction(`${bead.id} is not approved`);
    if (bead.status !== 'in_progress') tx.update(bead.id, { status: 'in_progress' });
    tx.event({ type: 'merge_started', bead: request.source, agent: request.worker, rig: action.rig });
    return request;
  });
}

async function runGates(
  action: MergeAction,
  request: MergeRequest,
  commit: string,
  rig: RigPort,
  context: EngineContext,
): Promise<GateResult> {
  const refinery = actors.refinery(action.rig);
  const results: { type: EventType; message: string }[] = [];
  const recorder = new CheckRecorder(context.clock);
  const result = await rig.runGates(commit, action.mergeRequest, (gate, outcome) => {
    recorder.onGate(gate, outcome);
    if (outcome === 'started') showActivity(context, refinery, `${gate.name}: ${request.source}`);
    else results.push({ type: `gate_${outcome}`, message: gate.name });
  });
  if (rig.gates.length > 0) {
    await context.store.batch({ actor: refinery }, (tx) => {
      recordChecks(tx, action.mergeRequest, recorder.results(rig.gates, result));
      for (const entry of results) tx.event({ ...entry, bead: request.source, rig: action.rig });
    });
  }
  return result;
}

/** Written before the push, so that after a crash we know what to look for on the landing branch. */
async function recordCandidate(
  action: MergeAction,
  request: MergeRequest,
  candidate: string,
  context: EngineContext,
): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = tx.get(action.mergeRequest);
    if (!bead || isClosed(bead.status)) throw new StaleAction(`${action.mergeRequest} is closed`);
    tx.update(bead.id, { metadata: withMerge(bead, { candidate }) });
    const source = tx.get(request.source);
    if (source) tx.update(source.id, { metadata: withWork(source, { candidate }) });
  });
}

/** The work itself is at fault: it goes back to its polecat. */
async function rejectMerge(
  action: MergeAction,
  request: MergeRequest,
  why: Feedback,
  context: EngineContext,
): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = tx.get(action.mergeRequest);
    if (!bead || isClosed(bead.status)) return;
    rejectWork(tx, bead.id, request, why, {
      now: context.clock.now(),
      retry: (work) => failuresOf(work) < action.maxAttempts,
    });
  });
}

function gateFeedback(result: Extract<GateResult, { passed: false }>): Feedback {
  return {
    problem: `${result.gate}: ${result.problem}`,
    feedback: `The gate "${result.gate}" ${result.problem}. Its last output:\n\n${result.output}`,
  };
}

function showActivity(context: EngineContext, agent: string, activity: string | undefined): void {
  if (activity) context.activity.set(agent, activity);
  else context.activity.delete(agent);
  context.onActivity();
}
