import { messageOf, UserError } from '../../base/errors';
import type { Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import { firstLine } from '../../base/text';
import { actors, assertRevision, type EngineContext } from '../loop/context';
import { escalate } from '../escalation/escalation';
import { isClosed, mergeOf, withMerge, withWork, type MergeRequest } from '../state/work';
import { backoffMs, HELD_MS } from '../loop/failure';

/** Failed tries for reasons outside of the work after which a person is notified. */
const MAX_RETRIES = 10;
/** A merge request that cannot be processed now. */
interface Turn {
  mergeRequest: string;
  rig: string;
  /** The request that was read. It is left as it is if it has changed since: somebody may have retried it meanwhile. */
  revision?: string;
}

/** Defers a request after an error that the work did not cause. */
export async function deferMerge(turn: Turn, error: unknown, context: EngineContext): Promise<void> {
  if (error instanceof UserError && waitsForPerson(error)) await holdForPerson(turn, error, context);
  // The remote refused the push, and would refuse it again.
  else if (error instanceof UserError && error.code === 'refused') await giveUpMerge(turn, error.message, context);
  else await deferUntil(turn, messageOf(error), context);
}

/** Why the merge request of a closed bead is cancelled. */
export function closedFirst(source: string): string {
  return `${source} was closed before its work was merged`;
}

/** Why the landing of a feature branch is cancelled and requested again. */
export const OUTDATED = 'the feature branch moved after its landing was requested';

/** Cancels a merge request that is no longer wanted, or not in this form. @param why shown to the user */
export async function cancelMerge(turn: Turn, why: string, context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.refinery(turn.rig) }, (tx) => {
    const open = stillOpen(tx, turn);
    if (!open) return;
    const { bead, request } = open;
    tx.close(bead.id, why, { force: true });
    tx.event({ type: 'merge_withdrawn', bead: request.source, agent: request.worker, rig: turn.rig });
  });
}

/** The request, if it is still open. @throws StaleAction if it has changed */
function stillOpen(
  tx: Transaction,
  { mergeRequest, revision }: Turn,
): { bead: Bead; request: MergeRequest } | undefined {
  const bead = tx.get(mergeRequest);
  const request = bead && mergeOf(bead);
  if (!bead || !request || isClosed(bead.status)) return undefined;
  if (revision !== undefined) assertRevision(tx, mergeRequest, revision);
  return { bead, request };
}

/** Not caused by the work, and not temporary: a person has to fix the folder or accept the rig's commands. */
function waitsForPerson(error: UserError): boolean {
  return error.code === 'conflict' || error.code === 'consent';
}

/** The request waits, without using up its tries, and a person is notified of the reason. */
async function holdForPerson(turn: Turn, error: UserError, context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.refinery(turn.rig) }, (tx) => {
    const open = stillOpen(tx, turn);
    if (!open) return;
    const notBefore = new Date(context.clock.now().getTime() + HELD_MS).toISOString();
    tx.update(open.bead.id, { status: 'open', metadata: withMerge(open.bead, { notBefore }) });
    // A missing consent has its own attention item.
    if (error.code === 'consent') return;
    escalate(tx, {
      key: landingKey(turn.rig),
      rig: turn.rig,
      title: `${turn.rig} cannot merge: ${firstLine(error.message)}`,
      detail: [error.message, error.hint, 'Merging resumes automatically once that is done.']
        .filter(Boolean)
        .join('\n\n'),
    });
  });
}

/** Holds requests because the target itself fails a gate: they cannot be tested, and a person is notified. */
export async function holdForTarget(
  rig: string,
  members: readonly { id: string }[],
  failure: { gate: string; problem: string; output: string },
  context: EngineContext,
): Promise<void> {
  await context.store.batch({ actor: actors.refinery(rig) }, (tx) => {
    const notBefore = new Date(context.clock.now().getTime() + HELD_MS).toISOString();
    for (const { id } of members) {
      const bead = tx.get(id);
      if (bead && !isClosed(bead.status)) tx.update(id, { status: 'open', metadata: withMerge(bead, { notBefore }) });
    }
    escalate(tx, {
      key: landingKey(rig),
      rig,
      title: `${rig} cannot merge: its target branch itself fails the gate "${failure.gate}"`,
      detail: [
        `The gate "${failure.gate}" ${failure.problem}, without any of the changes that wait. Its last output:`,
        failure.output,
        'A change that repairs it is merged as soon as it is approved. If the cause is not in the files, remove it and run "gt mq retry <id>" for one of the changes that wait.',
      ]
        .filter(Boolean)
        .join('\n\n'),
    });
  });
}

export function landingKey(rig: string): string {
  return `landing-${rig}`;
}

/** Defers a request; it is retried a bounded number of times. */
export async function deferUntil(turn: Turn, problem: string, context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.refinery(turn.rig) }, (tx) => {
    const open = stillOpen(tx, turn);
    if (!open) return;
    const { bead, request } = open;
    const retries = request.retries + 1;
    if (retries > MAX_RETRIES) return failMerge(tx, bead, request, { problem, tries: retries });
    const notBefore = new Date(context.clock.now().getTime() + backoffMs(retries)).toISOString();
    tx.update(bead.id, { status: 'open', metadata: withMerge(bead, { retries, notBefore }) });
    tx.event({ type: 'merge_postponed', bead: request.source, rig: turn.rig, message: problem });
  });
}

/** Fails a request, which then waits for a manual retry or a change of the rig. @param change of its record */
export async function giveUpMerge(
  turn: Turn,
  problem: string,
  context: EngineContext,
  change: Partial<MergeRequest> = {},
): Promise<void> {
  await context.store.batch({ actor: actors.refinery(turn.rig) }, (tx) => {
    const open = stillOpen(tx, turn);
    if (!open) return;
    const { bead, request } = open;
    tx.event({ type: 'merge_postponed', bead: request.source, rig: turn.rig, message: problem });
    failMerge(tx, bead, request, { problem, tries: request.retries + 1, change: { ...change, refused: true } });
  });
}

function failMerge(
  tx: Transaction,
  bead: Bead,
  request: MergeRequest,
  { problem, tries, change }: { problem: string; tries: number; change?: Partial<MergeRequest> },
): void {
  tx.update(bead.id, {
    status: 'failed',
    metadata: withMerge(bead, { refused: undefined, ...change, retries: tries }),
  });
  const source = tx.get(request.source);
  if (source && !request.landing) tx.update(source.id, { status: 'failed', metadata: withWork(source, { problem }) });
  const tried = tries === 1 ? '' : `Tried ${tries} times. `;
  escalate(tx, {
    key: bead.id,
    bead: request.source,
    rig: request.rig,
    agent: request.worker,
    title: `${request.source} cannot be merged: ${firstLine(problem)}`,
    detail: `${problem}\n\n${tried}Fix the problem, then retry it: gt mq retry ${request.source}. Its branch ${request.branch} is kept.`,
  });
}
