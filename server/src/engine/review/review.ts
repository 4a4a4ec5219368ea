import type { Transaction } from '../../beads/store';
import { UserError } from '../../base/errors';
import { cutBytes, firstLine } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import { parseAddress } from '../../town/layout';
import { requestsIn } from '../mergeQueue/requestIndex';
import { firstOrder } from '../mergeQueue/order';
import { rejectWork } from '../mergeQueue/rejectWork';
import { requireRig, type EngineContext } from '../loop/context';
import { resolveEscalation } from '../escalation/escalation';
import {
  isClosed,
  mergeOf,
  orderOf,
  rejectionsOf,
  withMerge,
  withWork,
  workOf,
  type MergeRequest,
  type Work,
} from '../state/work';

/** Characters of one review that are kept on the bead, and how many of them. */
const MESSAGE_BYTES = 8_000;
const MAX_REVIEWS = 20;

export interface Verdict {
  verdict: 'approved' | 'rejected';
  /** Undefined where a person gives no reason. */
  message?: string;
  /** Patch-id of the reviewed change; the verdict is refused if the change has another one by now. */
  patch?: string;
  /** Merge it before all others. */
  first?: boolean;
}

/** An open merge request by its own id, its bead's, or its branch. */
export function findRequest(context: EngineContext, name: string): { bead: Bead; request: MergeRequest } {
  const bead = requestsIn(context.store).find(name);
  const request = bead && mergeOf(bead);
  if (request && !isClosed(bead.status)) return { bead, request };
  throw noOpenRequest(context, name, bead);
}

function noOpenRequest(context: EngineContext, name: string, closed: Bead | undefined): UserError {
  const request = closed && mergeOf(closed);
  if (request?.landed !== undefined)
    return new UserError(
      `${request.source} is merged already, as ${request.landed.slice(0, 12)}`,
      `see "gt mq status ${request.source}"; another bead can revert what it changed`,
      'conflict',
    );
  const source = request ? context.store.get(request.source) : beadNamed(context, name);
  return new UserError(
    `there is no open merge request ${name}`,
    source === undefined ? 'see "gt mq list"' : `${source.id} is ${source.status}; see "gt mq list --all"`,
    'not-found',
  );
}

function beadNamed(context: EngineContext, name: string): Bead | undefined {
  try {
    return context.store.get(context.store.resolve(name));
  } catch {
    return undefined; // a branch, or nothing at all
  }
}

/** `gt mq approve` and `gt mq reject`, of a person or of the reviewer in its session. */
export async function giveVerdict(
  context: EngineContext,
  caller: CallContext,
  name: string,
  verdict: Verdict,
): Promise<{ mergeRequest: string; bead: string }> {
  const { bead, request } = findRequest(context, name);
  const rig = requireRig(context, request.rig);
  const result = await context.store.batch(caller, (tx) => {
    const current = tx.get(bead.id)!;
    const now = mergeOf(current)!;
    refuseVerdict(context, caller, current, now, verdict);
    const mark = {
      by: caller.actor,
      message: cutBytes(verdict.message ?? defaultMessage(caller, verdict), MESSAGE_BYTES),
      patch: now.review?.patch ?? '',
      now: context.clock.now(),
    };
    if (verdict.verdict === 'approved') {
      // Only a person may put a change first.
      approve(tx, current, now, {
        ...mark,
        first:
          caller.kind === 'person' && verdict.first ? firstOrder(requestsIn(context.store).open(now.rig)) : undefined,
      });
    } else {
      rejectReviewed(tx, current, now, { ...mark, maxRounds: rig.maxReviewRounds });
    }
    return { mergeRequest: bead.id, bead: request.source };
  });
  return result;
}

/** Feedback for the author where a person gives no reason. */
function defaultMessage({ actor }: CallContext, { verdict }: Verdict): string {
  return verdict === 'approved'
    ? ''
    : `${actor} gave no reason. Compare the change with what the bead asks for, and look at its tests and at what was left out.`;
}

function refuseVerdict(
  context: EngineContext,
  caller: CallContext,
  bead: Bead,
  request: MergeRequest,
  { verdict, message, patch }: Verdict,
): void {
  if (isClosed(bead.status)) throw new UserError(`${bead.id} is closed`, undefined, 'conflict');
  if (caller.kind === 'agent') refuseAgent(context, caller, bead, request);
  if (bead.status === 'in_progress')
    throw new UserError(
      `${request.source} is being merged right now`,
      'check again in a moment: "gt mq status"',
      'conflict',
    );
  if (verdict === 'rejected' && (message?.trim() === '' || (message === undefined && caller.kind === 'agent')))
    throw new UserError('describe what has to change', 'gt mq reject <id> -m "…"');
  const { review } = request;
  if (!review) {
    // A person may reject a change that was not prepared for review yet; approving needs a patch.
    if (verdict === 'approved')
      throw new UserError(
        `${request.source} is not ready for review yet`,
        'try again in a moment; the engine must be up ("gt up")',
        'conflict',
      );
    return;
  }
  if (patch !== undefined && patch !== review.patch)
    throw new UserError(
      'the change is not the one that you looked at: it has changed since',
      'look at it again',
      'conflict',
    );
}

/** Accepts one verdict, of the reviewer that was asked, about the patch that it was shown. */
function refuseAgent(
  context: EngineContext,
  caller: CallContext,
  bead: Bead,
  { source, rig, worker, review }: MergeRequest,
): void {
  if (caller.agent === worker)
    throw new UserError(
      'authors may not review their own work',
      'run "gt done" and leave it to the reviewer',
      'refused',
    );
  const session = context.sessions.all().find((candidate) => candidate.id === caller.session && !candidate.exit);
  if (caller.agent !== `${rig}/refinery` || session?.bead !== bead.id)
    throw new UserError(`you were not asked to review ${source}`, 'see "gt prime"', 'refused');
  if (review?.state === 'approved')
    throw new UserError(
      `${source} has been approved by ${review.by} already`,
      'there is nothing left to do: end your session',
      'conflict',
    );
  if (review && review.shown !== review.patch)
    throw new UserError(
      'the change is not the one that you were shown: it has changed since',
      'end your session; you will be asked again',
      'conflict',
    );
}

interface Mark {
  by: string;
  message: string;
  patch: string;
  now: Date;
}

function approve(tx: Transaction, bead: Bead, request: MergeRequest, mark: Mark & { first?: number }): void {
  const { by, message } = mark;
  tx.update(bead.id, {
    metadata: withMerge(bead, {
      review: { ...request.review!, state: 'approved', by, message, shown: undefined, person: undefined },
      order: mark.first ?? orderOf(request),
      first: undefined,
      notBefore: undefined,
    }),
  });
  if (request.review?.state !== 'approved') remember(tx, request, { ...mark, verdict: 'approved' });
  resolveEscalation(tx, reviewKey(bead.id), `Approved by ${by}`);
  tx.event({
    type: 'review_approved',
    bead: request.source,
    agent: request.worker,
    rig: request.rig,
    message: firstLine(message),
  });
}

/** Rejected: back to its author with the words of the reviewer, or, after too many rounds, to a person. */
export function rejectReviewed(
  tx: Transaction,
  bead: Bead,
  request: MergeRequest,
  mark: Mark & { maxRounds: number },
): void {
  remember(tx, request, { ...mark, verdict: 'rejected' });
  resolveEscalation(tx, reviewKey(bead.id), `Rejected by ${mark.by}`);
  tx.event({
    type: 'review_rejected',
    bead: request.source,
    agent: request.worker,
    rig: request.rig,
    message: firstLine(mark.message),
  });
  const why = { problem: `${mark.by} requested changes: ${firstLine(mark.message)}`, feedback: mark.message };
  rejectWork(tx, bead.id, request, why, { now: mark.now, retry: (work: Work) => rejectionsOf(work) < mark.maxRounds });
}

function remember(tx: Transaction, request: MergeRequest, mark: Mark & { verdict: 'approved' | 'rejected' }): void {
  const source = tx.get(request.source);
  if (!source) return;
  const { by, verdict, message, patch, now } = mark;
  const entry = {
    by,
    verdict,
    message: cutBytes(message, MESSAGE_BYTES),
    patch,
    at: now.toISOString(),
    ...(request.note ? { note: request.note } : {}),
  };
  tx.update(source.id, {
    metadata: withWork(source, { reviews: [...workOf(source).reviews, entry].slice(-MAX_REVIEWS) }),
  });
}

/** Key of the escalation about reviewers that do not answer. */
export function reviewKey(mergeRequest: string): string {
  return `review-${mergeRequest}`;
}

/** The merge request that a reviewer's session is about. */
export function reviewOf(context: EngineContext, agent: string): { bead: Bead; request: MergeRequest } | undefined {
  if (parseAddress(agent)) return undefined;
  const session = context.sessions
    .all()
    .find((candidate) => candidate.agent === agent && candidate.role === 'refinery' && !candidate.exit);
  const bead = session?.bead === undefined ? undefined : context.store.get(session.bead);
  const request = bead && mergeOf(bead);
  return bead && request ? { bead, request } : undefined;
}
