import type { Action } from '../action';
import { messageOf, UserError } from '../../base/errors';
import { cutBytes, firstLine } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import { actors, requireRig, StaleAction, unchanged, type EngineContext } from '../context';
import { escalate, settle } from '../escalation';
import type { GateResult, RigPort } from '../ports';
import { isClosed, mergeOf, withMerge, withWork, workOf, type MergeRequest } from '../work';
import { backoffMs, failAttempt } from './failure';

/** After so many tries that were not the work's fault a person is called. */
const MAX_RETRIES = 10;
/** Until it is looked again whether a person has seen to what keeps a rig from landing. */
const PARKED_MS = 20_000;

type MergeAction = Extract<Action, { type: 'merge' }>;

/**
 * One turn of the merge queue: rebase, gates on exactly the commit that would land, compare-and-set push, and
 * only then the bead is closed. A crash at any point is mended by running it again: what has landed is found
 * on the landing branch.
 */
export async function merge(action: MergeAction, context: EngineContext): Promise<void> {
  const rig = requireRig(context, action.rig);
  const request = await begin(action, context);
  const refinery = actors.refinery(action.rig);
  try {
    if (request.candidate && (await rig.hasLanded(request.candidate))) return await finish(action, request, request.candidate, context);
    if (isClosed(context.store.get(request.source)?.status ?? 'closed')) return await withdraw(action, request, context);
    showActivity(context, refinery, `rebasing ${request.source}`);
    const base = await rig.landingBase();
    if ((await rig.branchTip(request.branch)) !== request.commit) {
      return await sendBack(action, request, { problem: `the branch ${request.branch} moved after it was submitted`, feedback: 'Do not change a branch after "gt done".' }, context);
    }
    const title = context.store.get(request.source)?.title ?? request.source;
    const rebased = await rig.rebase(request.commit, base.commit, { bead: request.source, title, worker: request.worker });
    if (rebased.kind === 'conflict') return await sendBack(action, request, conflictFeedback(rebased.files, base.commit), context);
    const result = await runGates(action, request, rebased.commit, rig, context);
    if (!result.passed) return await sendBack(action, request, gateFeedback(result), context);
    await remember(action, rebased.commit, context);
    if (!(await rig.land(rebased.commit, base.expected))) return await postpone(action, 'the target branch moved', context);
    await finish(action, request, rebased.commit, context);
  } catch (error) {
    if (error instanceof StaleAction) throw error;
    if (error instanceof UserError && waitsForPerson(error)) await park(action, error, context);
    else await postpone(action, messageOf(error), context);
  } finally {
    showActivity(context, refinery, undefined);
  }
}

async function begin(action: MergeAction, context: EngineContext): Promise<MergeRequest> {
  return context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = unchanged(tx, action.mergeRequest, action.revision);
    const request = mergeOf(bead);
    if (!request || isClosed(bead.status)) throw new StaleAction(`${bead.id} is no open merge request`);
    if (bead.status !== 'in_progress') tx.update(bead.id, { status: 'in_progress' });
    tx.event({ type: 'merge_started', bead: request.source, agent: request.worker, rig: action.rig });
    return request;
  });
}

async function runGates(action: MergeAction, request: MergeRequest, commit: string, rig: RigPort, context: EngineContext): Promise<GateResult> {
  const refinery = actors.refinery(action.rig);
  const results: { type: string; message: string }[] = [];
  const result = await rig.runGates(commit, action.mergeRequest, (gate, outcome) => {
    if (outcome === 'started') showActivity(context, refinery, `${gate.name}: ${request.source}`);
    else results.push({ type: `gate_${outcome}`, message: gate.name });
  });
  if (results.length > 0) {
    await context.store.batch({ actor: refinery }, (tx) => {
      for (const entry of results) tx.event({ ...entry, bead: request.source, rig: action.rig });
    });
  }
  return result;
}

/** Written before the push, so that after a crash we know what to look for on the landing branch. */
async function remember(action: MergeAction, candidate: string, context: EngineContext): Promise<void> {
  await update(action, context, (bead) => ({ metadata: withMerge(bead, { candidate }) }));
}

async function finish(action: MergeAction, request: MergeRequest, commit: string, context: EngineContext): Promise<void> {
  const reason = `Merged in ${commit.slice(0, 12)}`;
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = tx.get(action.mergeRequest);
    if (!bead || isClosed(bead.status)) return;
    tx.close(bead.id, reason, { force: true });
    const source = tx.get(request.source);
    if (source && !isClosed(source.status)) {
      tx.update(source.id, { metadata: withWork(source, { merged: commit, problem: undefined, feedback: undefined }) });
      tx.close(source.id, reason, { force: true });
    }
    for (const key of [request.source, bead.id, landingKey(action.rig)]) settle(tx, key, reason);
    tx.event({ type: 'merged', bead: request.source, agent: request.worker, rig: action.rig, new: commit });
  });
}

/** A person closed the bead while its work waited: what nobody wants any more is not merged. */
async function withdraw(action: MergeAction, request: MergeRequest, context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = tx.get(action.mergeRequest);
    if (!bead || isClosed(bead.status)) return;
    tx.close(bead.id, `${request.source} was closed before its work was merged`, { force: true });
    tx.event({ type: 'merge_withdrawn', bead: request.source, agent: request.worker, rig: action.rig });
  });
}

interface Feedback {
  problem: string;
  feedback: string;
  rebaseOnto?: string;
}

/** The work itself is at fault: the request is closed and the polecat gets another attempt. */
async function sendBack(action: MergeAction, request: MergeRequest, why: Feedback, context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = tx.get(action.mergeRequest);
    if (!bead || isClosed(bead.status)) return;
    tx.close(bead.id, cutBytes(`Sent back: ${why.problem}`, 400), { force: true });
    const source = tx.get(request.source);
    if (!source || isClosed(source.status)) return;
    if (source.assignee !== request.worker) tx.update(source.id, { assignee: request.worker });
    failAttempt(tx, tx.get(source.id)!, { ...why, rig: action.rig, now: context.clock.now(), retry: workOf(source).attempt < action.maxAttempts });
  });
}

/** Not the work's fault, and not one that passes by itself: the folder, or the rig's commands, need a person's hand. */
function waitsForPerson(error: UserError): boolean {
  return error.code === 'conflict' || error.code === 'consent';
}

/** The request waits, without using up its tries, and a person is told why. */
async function park(action: MergeAction, error: UserError, context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = tx.get(action.mergeRequest);
    if (!bead || isClosed(bead.status)) return;
    const notBefore = new Date(context.clock.now().getTime() + PARKED_MS).toISOString();
    tx.update(bead.id, { status: 'open', metadata: withMerge(bead, { notBefore }) });
    // A missing consent is asked for on its own.
    if (error.code === 'consent') return;
    escalate(tx, {
      key: landingKey(action.rig), rig: action.rig, title: `${action.rig} cannot land anything: ${firstLine(error.message)}`,
      detail: [error.message, error.hint, 'Merging goes on by itself once that is done.'].filter(Boolean).join('\n\n'),
    });
  });
}

function landingKey(rig: string): string {
  return `landing-${rig}`;
}

/** Something else is at fault: the request waits and is tried again, a bounded number of times. */
async function postpone(action: MergeAction, problem: string, context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = tx.get(action.mergeRequest);
    const request = bead && mergeOf(bead);
    if (!bead || !request || isClosed(bead.status)) return;
    const retries = request.retries + 1;
    const exhausted = retries > MAX_RETRIES;
    const notBefore = new Date(context.clock.now().getTime() + backoffMs(retries)).toISOString();
    tx.update(bead.id, { status: exhausted ? 'failed' : 'open', metadata: withMerge(bead, { retries, notBefore }) });
    tx.event({ type: 'merge_postponed', bead: request.source, rig: action.rig, message: problem });
    if (!exhausted) return;
    const source = tx.get(request.source);
    if (source) tx.update(source.id, { status: 'failed', metadata: withWork(source, { problem }) });
    escalate(tx, {
      key: bead.id, bead: request.source, rig: action.rig, agent: request.worker,
      title: `${request.source} cannot be merged: ${firstLine(problem)}`,
      detail: `${problem}\n\nTried ${retries} times. Mend the cause, then sling ${request.source} again; its branch ${request.branch} is kept.`,
    });
  });
}

async function update(action: MergeAction, context: EngineContext, change: (bead: Bead) => Partial<Bead>): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = tx.get(action.mergeRequest);
    if (!bead || isClosed(bead.status)) throw new StaleAction(`${action.mergeRequest} is closed`);
    tx.update(bead.id, change(bead));
  });
}

function conflictFeedback(files: string[], base: string): Feedback {
  return {
    problem: `conflicts with the target in ${files.join(', ')}`,
    rebaseOnto: base,
    feedback: `Your branch does not rebase cleanly. Run "git rebase ${base}", resolve ${files.join(', ')} so that both changes are in, then "gt done".`,
  };
}

function gateFeedback(result: Extract<GateResult, { passed: false }>): Feedback {
  return { problem: `${result.gate}: ${result.problem}`, feedback: `The gate "${result.gate}" ${result.problem}. Its last output:\n\n${result.output}` };
}

function showActivity(context: EngineContext, agent: string, activity: string | undefined): void {
  if (activity) context.activity.set(agent, activity);
  else context.activity.delete(agent);
  context.onActivity();
}
