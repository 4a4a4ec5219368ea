import type { Transaction } from '../../beads/store';
import { UserError } from '../../base/errors';
import { cutBytes, firstLine } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { ReviewSetting, VerdictResult } from '../../protocol/town';
import { parseAddress, parseReviewer } from '../../town/layout';
import { requestsIn } from '../mergeQueue/requestIndex';
import { firstOrder } from '../mergeQueue/order';
import { requireRig, type EngineContext } from '../loop/context';
import { isClosed, mergeOf, withMerge, type MergeRequest, type ReviewerState } from '../state/work';
import { approve, MESSAGE_BYTES, rejectReviewed, remember } from './conclude';
import {
  answeredByPerson,
  approvalOf,
  feedbackOf,
  outcomeOf,
  PERSON,
  reviewersOf,
  SCRIPT,
  unansweredBy,
  type ReviewAnswer,
  type ReviewStates,
} from './reviewers';

export interface Verdict {
  verdict: 'approved' | 'rejected';
  /** Undefined if a person gives no reason. */
  message?: string;
  /** Patch-id of the reviewed change; the verdict is refused if the change has another one by now. */
  patch?: string;
  /** Merge the change before all others. */
  first?: boolean;
  /** For a person: the verdict also counts for the reviewers that have not answered. */
  forAll?: boolean;
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
    return undefined; // a branch, or unknown
  }
}

/** Records the verdict of a person, of a reviewer in its session, or of the rig's command. */
export async function giveVerdict(
  context: EngineContext,
  caller: CallContext,
  name: string,
  verdict: Verdict,
): Promise<VerdictResult> {
  const { bead, request } = findRequest(context, name);
  const rig = requireRig(context, request.rig);
  return context.store.batch(caller, (tx) => {
    const current = tx.get(bead.id)!;
    const now = mergeOf(current)!;
    refuseVerdict(context, caller, current, now, verdict, rig.review);
    const answer: ReviewAnswer = {
      verdict: verdict.verdict,
      by: caller.actor,
      message: cutBytes(verdict.message ?? defaultMessage(caller, verdict), MESSAGE_BYTES),
      at: context.clock.now().toISOString(),
    };
    const first =
      verdict.first && caller.kind === 'person' ? firstOrder(requestsIn(context.store).open(now.rig)) : undefined;
    const waitsFor = take(tx, current, now, answer, {
      caller,
      setting: rig.review,
      forAll: verdict.forAll ?? false,
      maxRounds: rig.maxReviewRounds,
      first,
    });
    return { mergeRequest: bead.id, bead: request.source, ...(waitsFor.length > 0 ? { waitsFor } : {}) };
  });
}

/**
 * Records a verdict, and ends the review if that decides it. A rejection by a person always decides.
 * @returns reviewers whose verdicts are still missing
 */
function take(
  tx: Transaction,
  bead: Bead,
  request: MergeRequest,
  answer: ReviewAnswer,
  {
    caller,
    setting,
    forAll,
    maxRounds,
    first,
  }: { caller: CallContext; setting: ReviewSetting; forAll: boolean; maxRounds: number; first: number | undefined },
): string[] {
  const patch = request.review?.patch ?? '';
  const states = withAnswer(request.review?.reviewers ?? {}, answer, caller, setting, forAll);
  const reviewed = request.review ? { ...request, review: { ...request.review, reviewers: states } } : request;
  const isDecided =
    reviewersOf(setting).reviewers.length === 0 || (caller.kind === 'person' && answer.verdict === 'rejected');
  const wasApproved = request.review?.state === 'approved' && answer.verdict === 'approved';
  const outcome = isDecided || wasApproved ? answer.verdict : outcomeOf(setting, states);
  if (!wasApproved) remember(tx, request, answer, { patch, part: outcome === 'waiting' });
  if (request.review) tx.update(bead.id, { metadata: withMerge(bead, { review: reviewed.review }) });
  const current = tx.get(bead.id)!;
  switch (outcome) {
    case 'approved':
      approve(tx, current, reviewed, { ...(isDecided ? answer : approvalOf(setting, states)), first });
      return [];
    case 'rejected': {
      const told = request.review ? feedbackOf(setting, states) : answer;
      rejectReviewed(tx, current, reviewed, { ...told, now: new Date(answer.at), maxRounds });
      return [];
    }
    case 'waiting':
      if (first !== undefined) tx.update(bead.id, { metadata: withMerge(current, { order: first, first: undefined }) });
      tx.event({
        type: 'review_answered',
        bead: request.source,
        agent: request.worker,
        rig: request.rig,
        message: `${answer.by} has ${answer.verdict} it: ${firstLine(answer.message)}`,
      });
      return unansweredBy(setting, states);
  }
}

/** Adds a verdict to the state: for one reviewer, or, by a person, for all whom the person replaces. */
function withAnswer(
  states: ReviewStates,
  answer: ReviewAnswer,
  caller: CallContext,
  setting: ReviewSetting,
  forAll: boolean,
): ReviewStates {
  const reviewers =
    caller.kind === 'person'
      ? [...answeredByPerson(setting, states, forAll), ...(answer.verdict === 'rejected' ? [PERSON] : [])]
      : [caller.kind === 'agent' ? (parseReviewer(caller.agent ?? '')?.reviewer ?? '') : SCRIPT];
  const given: Record<string, ReviewerState> = {};
  for (const reviewer of reviewers)
    given[reviewer] = {
      ...(states[reviewer] ?? { unanswered: 0 }),
      shown: undefined,
      person: undefined,
      notBefore: undefined,
      answer,
    };
  return { ...states, ...given };
}

/** Feedback for the author if a person gives no reason. */
function defaultMessage({ actor }: CallContext, { verdict }: Verdict): string {
  return verdict === 'approved'
    ? ''
    : `${actor} gave no reason. Compare the change with the description of the bead, and check its tests and missing parts.`;
}

function refuseVerdict(
  context: EngineContext,
  caller: CallContext,
  bead: Bead,
  request: MergeRequest,
  { verdict, message, patch, forAll }: Verdict,
  setting: ReviewSetting,
): void {
  if (isClosed(bead.status)) throw new UserError(`${bead.id} is closed`, undefined, 'conflict');
  if (caller.kind === 'agent') refuseAgent(context, caller, bead, request, setting);
  if (forAll && caller.kind !== 'person')
    throw new UserError('only a person answers for other reviewers', 'give your own verdict', 'refused');
  refuseSecond(caller, request);
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

/** Refuses a second verdict: the rig's command reviews each version once. */
function refuseSecond({ kind }: CallContext, { source, review }: MergeRequest): void {
  if (kind === 'engine' && (review?.state === 'approved' || review?.reviewers[SCRIPT]?.answer))
    throw new UserError(`the review of ${source} has been decided already`, undefined, 'conflict');
}

/** Refuses an agent unless it was asked, about the patch that it was shown, and has not answered yet. */
function refuseAgent(
  context: EngineContext,
  caller: CallContext,
  bead: Bead,
  { source, rig, worker, review }: MergeRequest,
  setting: ReviewSetting,
): void {
  if (caller.agent === worker)
    throw new UserError(
      'authors may not review their own work',
      'run "gt done" and leave it to the reviewer',
      'refused',
    );
  const session = context.sessions.all().find((candidate) => candidate.id === caller.session && !candidate.exit);
  const address = parseReviewer(caller.agent ?? '');
  if (address?.rig !== rig || session?.agent !== caller.agent || session?.bead !== bead.id)
    throw new UserError(`you were not asked to review ${source}`, 'see "gt prime"', 'refused');
  if (review?.state === 'approved')
    throw new UserError(
      `${source} has been approved by ${review.by} already`,
      'there is nothing left to do: end your session',
      'conflict',
    );
  if (!reviewersOf(setting).reviewers.includes(address.reviewer))
    throw new UserError(
      `${rig} does not ask you for reviews any more`,
      'there is nothing left to do: end your session',
      'conflict',
    );
  const state = review?.reviewers[address.reviewer];
  if (state?.answer)
    throw new UserError(
      `you have ${state.answer.verdict} ${source} already`,
      'there is nothing left to do: end your session',
      'conflict',
    );
  if (review && state?.shown !== review.patch)
    throw new UserError(
      'the change is not the one that you were shown: it has changed since',
      'end your session; you will be asked again',
      'conflict',
    );
}

/** The merge request of a reviewer's session. */
export function reviewOf(context: EngineContext, agent: string): { bead: Bead; request: MergeRequest } | undefined {
  if (parseAddress(agent)) return undefined;
  const session = context.sessions
    .all()
    .find((candidate) => candidate.agent === agent && candidate.role === 'refinery' && !candidate.exit);
  const bead = session?.bead === undefined ? undefined : context.store.get(session.bead);
  const request = bead && mergeOf(bead);
  return bead && request ? { bead, request } : undefined;
}
