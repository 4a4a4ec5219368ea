import type { BeadStore, Transaction } from '../../beads/store';
import { UserError } from '../../base/errors';
import { cutBytes, firstLine } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { MayorRequestInfo } from '../../protocol/town';
import { backoffMs } from '../loop/failure';
import { escalate, resolveEscalation } from '../escalation/escalation';
import { inbox, isOurs, mailOf, markRead, MESSAGE, sendMail, withMail } from '../mail/mail';
import type { MayorView } from '../state/townView';
import { convoyOf, isClosed, trackedIds, withConvoy } from '../state/work';

export const MAYOR = 'mayor';
/** How often the Mayor is started for one request or mail before a person is notified. */
const MAX_TRIES = 3;
/** Key of the escalation about a Mayor that does not answer. */
const SILENT_KEY = 'mayor-silent';

/** Records a person's request to the Mayor. It is never dispatched to a polecat. */
export function ask(tx: Transaction, by: string, text: string, title?: string): Bead {
  const subject = title?.trim() || firstLine(text.trim()).replace(/^#+\s*/, '');
  return sendMail(tx, { from: by, to: MAYOR, subject, body: text, kind: 'request' });
}

/** Open requests to the Mayor, oldest first. */
export function openRequests(store: BeadStore): Bead[] {
  return store
    .list({ type: [MESSAGE], ledger: 'hq', assignee: MAYOR, limit: 0 })
    .filter((bead) => mailOf(bead).kind === 'request')
    .sort((a, b) => a.created_at.localeCompare(b.created_at));
}

export function requestInfo(bead: Bead): MayorRequestInfo {
  const mail = mailOf(bead);
  return {
    id: bead.id,
    title: bead.title,
    by: mail.from ?? bead.created_by ?? 'unknown',
    askedAt: bead.created_at,
    tries: mail.tries,
    held: mail.held ?? false,
  };
}

/**
 * Requests and mail that the Mayor has to handle. Mail counts until it is acknowledged. The `script` runtime runs
 * requests only.
 */
function waitingFor(store: BeadStore, runtime: string): Bead[] {
  return [...openRequests(store), ...(runtime === 'script' ? [] : inbox(store, { addresses: [MAYOR] }).filter(isOurs))];
}

export function pendingForMayor(store: BeadStore, runtime: string): Bead[] {
  return waitingFor(store, runtime).filter((bead) => !mailOf(bead).held);
}

/** The Mayor's tasks; undefined if there are none, so that it needs no process. */
export function mayorView(store: BeadStore, runtime: string, accepted: boolean): MayorView | undefined {
  const items = pendingForMayor(store, runtime).map((bead) => {
    const { notBefore } = mailOf(bead);
    return { id: bead.id, revision: bead.updated_at, notBefore: notBefore ? Date.parse(notBefore) : 0 };
  });
  return items.length > 0 ? { runtime, accepted, items } : undefined;
}

/**
 * Records that a session of the Mayor ended without an answer: it is restarted a bounded number of times, then
 * escalated.
 */
export function recordFailedPlanning(tx: Transaction, bead: Bead, problem: string, now: Date): void {
  const tries = mailOf(bead).tries + 1;
  const held = tries >= MAX_TRIES;
  tx.update(bead.id, {
    metadata: withMail(bead, {
      tries,
      held: held || undefined,
      notBefore: new Date(now.getTime() + backoffMs(tries)).toISOString(),
    }),
  });
  tx.event({ type: 'mayor_unanswered', bead: bead.id, agent: MAYOR, message: cutBytes(firstLine(problem), 300) });
  if (!held) return;
  escalate(tx, {
    key: SILENT_KEY,
    agent: MAYOR,
    title: `The Mayor does not answer: ${cutBytes(firstLine(problem), 200)}`,
    detail: `${problem}\n\n"${bead.title}" (${bead.id}) waits; the Mayor was started ${tries} times. Fix the problem, then "gt mayor start".`,
  });
}

/** Holds requests after a person stopped the Mayor: it is not restarted automatically. */
export function holdRequests(tx: Transaction, store: BeadStore, runtime: string): void {
  for (const { id } of pendingForMayor(store, runtime)) {
    const bead = tx.get(id);
    if (bead) tx.update(id, { metadata: withMail(bead, { held: true }) });
  }
}

/** Releases waiting requests and resets their attempts, when a person restarts the Mayor. */
export async function releaseMayor(store: BeadStore, actor: string): Promise<void> {
  const held = waitingFor(store, '').filter((bead) => mailOf(bead).held || mailOf(bead).tries > 0);
  if (held.length === 0) return;
  await store.batch({ actor }, (tx) => {
    for (const { id } of held) {
      const bead = tx.get(id);
      if (bead) tx.update(id, { metadata: withMail(bead, { held: undefined, tries: 0, notBefore: undefined }) });
    }
    resolveEscalation(tx, SILENT_KEY, 'The Mayor was started again');
  });
}

/** Answers a request with a staged convoy, which a person reviews and launches. */
export async function answerWithPlan(
  store: BeadStore,
  caller: CallContext,
  request: string,
  convoy: Bead,
  note?: string,
): Promise<{ request: string; convoy: string }> {
  const { id } = requireRequest(store, request);
  if (!convoy.status.startsWith('staged'))
    throw new UserError(
      `${convoy.id} is ${convoy.status}, not staged`,
      'a person launches it: "gt convoy create … --stage"',
      'conflict',
    );
  if (trackedIds(convoy).length === 0)
    throw new UserError(`${convoy.id} tracks no beads`, 'add beads with "gt convoy add"', 'conflict');
  return store.batch(caller, (tx) => {
    const bead = requireUnanswered(tx, id);
    const current = tx.get(convoy.id)!;
    tx.update(convoy.id, {
      metadata: withConvoy(current, { plan: { request: bead.id, by: caller.actor, note: note?.trim() || undefined } }),
    });
    finish(tx, bead, `Planned: ${convoy.id}`);
    tx.event({ type: 'plan_ready', convoy: convoy.id, bead: bead.id, agent: caller.agent, message: current.title });
    return { request: bead.id, convoy: convoy.id };
  });
}

/** Answers a request with a mail to the person who asked. */
export async function answerInWords(
  store: BeadStore,
  caller: CallContext,
  request: string,
  message: string,
): Promise<{ request: string; mail: string }> {
  const { id } = requireRequest(store, request);
  return store.batch(caller, (tx) => {
    const bead = requireUnanswered(tx, id);
    const mail = sendMail(tx, {
      from: caller.actor,
      to: requestInfo(bead).by,
      subject: `Re: ${bead.title}`,
      body: message,
      thread: bead.id,
      replyTo: bead.id,
      priority: 'high',
    });
    finish(tx, bead, `Answered: ${mail.id}`);
    return { request: bead.id, mail: mail.id };
  });
}

function finish(tx: Transaction, bead: Bead, reason: string): void {
  markRead(tx, bead.id, tx.now);
  tx.close(bead.id, reason, { force: true });
  resolveEscalation(tx, SILENT_KEY, 'The Mayor has answered');
}

function requireRequest(store: BeadStore, id: string): Bead {
  const bead = store.get(store.resolve(id, 'hq'));
  if (bead?.issue_type !== MESSAGE || mailOf(bead).kind !== 'request')
    throw new UserError(`${id} is not a request to the Mayor`, 'see "gt mayor status"', 'not-found');
  return requireUnanswered(store, bead.id);
}

/** Checked again inside the batch: two answers may arrive at once. */
function requireUnanswered(reader: Pick<Transaction, 'get'>, id: string): Bead {
  const bead = reader.get(id);
  if (!bead) throw new UserError(`there is no request ${id}`, 'see "gt mayor status"', 'not-found');
  if (isClosed(bead.status))
    throw new UserError(`${bead.id} has been answered: ${bead.close_reason ?? ''}`, undefined, 'conflict');
  return bead;
}

/** The Mayor's plan in a staged convoy; undefined for any other convoy. */
export function planOf(convoy: Bead): { request: string; by: string; note?: string } | undefined {
  return convoy.status.startsWith('staged') ? convoyOf(convoy).plan : undefined;
}
