import { AbortedError } from '../../base/abort';
import type { Transaction } from '../../beads/store';
import type { GateResult } from '../../rigs/types';
import type { Action } from '../loop/action';
import { actors, assertRevision, requireRig, StaleAction, type EngineContext } from '../loop/context';
import { failuresOf, isClosed, mergeOf, withMerge, type Check, type MergeRequest } from '../state/work';
import type { Member } from './batch';
import { CheckRecorder, recordChecks } from './checks';
import { deferMerge } from './deferMerge';
import { gateFeedback } from './feedback';
import { rejectWork } from './rejectWork';
import type { GateFailure } from './verdict';

type ConfirmAction = Extract<Action, { type: 'confirm-failure' }>;

/**
 * Repeats the failed gate of a suspected change on the same files, while the queue continues without it. If the gate
 * fails again, the change goes back to its author; if it passes, the gate is flaky and the change returns to its place
 * in the queue.
 */
export async function confirmFailure(action: ConfirmAction, context: EngineContext): Promise<void> {
  const bead = context.store.get(action.mergeRequest);
  const request = bead && mergeOf(bead);
  if (!bead || !request?.suspected || bead.updated_at !== action.revision || isClosed(bead.status))
    throw new StaleAction(`${action.mergeRequest} has changed`);
  try {
    await repeat(action, request, request.suspected, context);
  } catch (error) {
    if (error instanceof StaleAction || error instanceof AbortedError) throw error;
    await deferMerge(action, error, context);
  }
}

async function repeat(
  action: ConfirmAction,
  request: MergeRequest,
  suspected: NonNullable<MergeRequest['suspected']>,
  context: EngineContext,
): Promise<void> {
  const rig = requireRig(context, action.rig);
  const recorder = new CheckRecorder(context.clock);
  const { gate, commit, base, before } = suspected;
  const run = { mergeRequest: action.mergeRequest, target: request.target, only: gate, base };
  let confirms = suspected.problem;
  let result: GateResult | undefined;
  for (let tries = 0; tries < Math.max(1, rig.mergeQueue.flakyRetries) && !result?.passed; tries += 1) {
    result = await rig.runGates(commit, { ...run, confirms }, recorder.onGate);
    if (!result.passed) confirms = result.problem;
  }
  const found = result;
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.mergeRequest, action.revision);
    tx.update(bead.id, { metadata: withMerge(bead, { suspected: undefined }) });
    if (!found || found.passed) return; // the next batch that contains it decides
    rejectForGate(
      tx,
      { id: bead.id, request },
      {
        ...{ failure: found, before, checks: recorder.results(rig.gates, found) },
        ...{ now: context.clock.now(), maxAttempts: action.maxAttempts },
      },
    );
  });
}

/** Sends a change back to its author because of a failed gate. @param before a commit below it that passes the gate */
export function rejectForGate(
  tx: Transaction,
  { id, request }: Member,
  why: { failure: GateFailure; before: string | undefined; checks: Check[]; now: Date; maxAttempts: number },
): void {
  if (isClosed(tx.get(request.source)?.status ?? 'closed')) return; // the next batch that contains it ends it
  recordChecks(tx, id, why.checks, id);
  tx.event({ type: 'gate_failed', bead: request.source, rig: request.rig, message: why.failure.gate });
  rejectWork(tx, id, request, gateFeedback(why.failure, why.before), {
    now: why.now,
    retry: (work) => failuresOf(work) < why.maxAttempts,
  });
}
