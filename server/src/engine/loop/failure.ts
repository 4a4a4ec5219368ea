import type { Transaction } from '../../beads/store';
import { cutBytes, firstLine } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import { escalate } from '../escalation/escalation';
import { parseAddress, refineryAddress } from '../../town/layout';
import { sendMail } from '../mail/mail';
import { withWork, workOf } from '../state/work';

export interface Failure {
  /** Summary in one line, for display. */
  problem: string;
  /** Feedback for the next attempt. */
  feedback: string;
  /** Commit that the next attempt has to rebase onto. */
  rebaseOnto?: string;
  rig: string;
  now: Date;
  /** Whether a further attempt is allowed. */
  retry: boolean;
}

/** Interval between two checks whether a person has fixed a problem. */
export const HELD_MS = 20_000;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 60_000;

/** Delay before the next attempt; doubles with every failure. @param count failures so far, 1 or more */
export function backoffMs(count: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** Math.max(0, count - 1), MAX_BACKOFF_MS);
}

/** Sends a bead back to its polecat for another attempt; without attempts left, fails it and escalates to a person. */
export function failAttempt(tx: Transaction, bead: Bead, failure: Failure): void {
  const work = workOf(bead);
  const problem = cutBytes(firstLine(failure.problem), 300);
  if (parseAddress(bead.assignee ?? '')?.role === 'crew') return returnToCrew(tx, bead, { ...failure, problem });
  if (failure.retry) {
    tx.update(bead.id, {
      status: 'hooked',
      metadata: withWork(bead, {
        attempt: work.attempt + 1,
        deaths: 0,
        problem,
        feedback: failure.feedback,
        rebaseOnto: failure.rebaseOnto ?? work.rebaseOnto,
        notBefore: new Date(failure.now.getTime() + backoffMs(work.attempt)).toISOString(),
      }),
    });
    tx.event({ type: 'attempt_failed', bead: bead.id, agent: bead.assignee, rig: failure.rig, message: problem });
    return;
  }
  tx.update(bead.id, { status: 'failed', metadata: withWork(bead, { problem, feedback: failure.feedback }) });
  tx.event({ type: 'failed', bead: bead.id, agent: bead.assignee, rig: failure.rig, message: problem });
  escalate(tx, {
    key: bead.id,
    bead: bead.id,
    rig: failure.rig,
    agent: bead.assignee,
    title: `${bead.id} failed: ${problem}`,
    detail: `${bead.title}\n\n${failure.feedback}\n\nThe worktree of ${bead.assignee ?? 'its agent'} is kept. Fix the problem, then retry it: gt sling ${bead.id} ${failure.rig}`,
  });
}

/** A member of the crew continues in its own time: no attempt is used up, and no session starts. */
function returnToCrew(tx: Transaction, bead: Bead, { problem, feedback, rebaseOnto, rig }: Failure): void {
  const member = bead.assignee!;
  tx.update(bead.id, { status: 'in_progress', metadata: withWork(bead, { problem, feedback, rebaseOnto }) });
  tx.event({ type: 'attempt_failed', bead: bead.id, agent: member, rig, message: problem });
  sendMail(tx, {
    from: refineryAddress(rig),
    to: member,
    subject: `${bead.id} was not merged: ${problem}`,
    body: `${feedback}\n\nCommit what is missing, then "gt mq submit ${member} --issue ${bead.id}".`,
    priority: 'high',
  });
}
