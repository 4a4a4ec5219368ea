import { partsMeet, type Parts } from '../mergeQueue/lanes';
import { SCRIPT } from '../review/reviewers';
import type { SessionExit } from '../../sessions/types';

/**
 * An action that the reconciler requests. `revision` is the `updated_at` that it read: the action is refused if it has
 * changed. Actions are idempotent: after a crash an action checks what is already done before it continues.
 */
export type Action =
  | { type: 'hook'; bead: string; rig: string; name: string; revision: string }
  | { type: 'start-session'; bead: string; rig: string; name: string; revision: string }
  | {
      type: 'record-death';
      bead: string;
      session: string;
      exit: SessionExit;
      revision: string;
      maxAttempts: number;
      maxRestarts: number;
    }
  | { type: 'resubmit'; bead: string; revision: string }
  | { type: 'handle-stall'; bead: string; rig: string; session: string; agent: string; revision: string }
  | { type: 'escalate'; key: string; rig: string; title: string; detail: string }
  | { type: 'end-session'; session: string }
  | { type: 'forget-session'; session: string }
  | {
      type: 'merge';
      rig: string;
      /** Feature branch that the requests land on; missing for the rig's own target. */
      target?: string;
      /** Parts of the repository that the batch changes; missing for all of it. */
      parts?: readonly string[];
      /** A batch, in queue order. A request that has changed since is left out. */
      requests: { mergeRequest: string; revision: string }[];
      maxAttempts: number;
      maxBatch: number;
    }
  | {
      type: 'find-culprit';
      search: string;
      rig: string;
      requests: { mergeRequest: string; revision: string }[];
      maxAttempts: number;
    }
  /** A landing was interrupted while the review was pending or the pull request open: it waits for them again. */
  | { type: 'release-merge'; mergeRequest: string; rig: string; revision: string }
  /** Its bead was closed before it was merged. */
  | { type: 'withdraw-merge'; mergeRequest: string; rig: string; revision: string }
  | { type: 'confirm-failure'; mergeRequest: string; rig: string; revision: string; maxAttempts: number }
  | {
      /** Builds the batch after those that are being tested, on top of them, and starts testing it. */
      type: 'prepare-batch';
      rig: string;
      target?: string;
      /** The lane of the batch that is being tested. */
      parts?: readonly string[];
      requests: { mergeRequest: string; revision: string }[];
    }
  | { type: 'watch-pull-request'; mergeRequest: string; rig: string; revision: string; maxAttempts: number }
  | { type: 'close-pull-request'; mergeRequest: string; rig: string; revision: string }
  | {
      type: 'request-review';
      mergeRequest: string;
      rig: string;
      target?: string;
      revision: string;
      maxAttempts: number;
      maxReviewRounds: number;
    }
  | { type: 'review-by-script'; mergeRequest: string; rig: string; revision: string; maxReviewRounds: number }
  | { type: 'review-by-agent'; mergeRequest: string; rig: string; reviewer: string; revision: string }
  /** The verdicts given so far decide: missing ones are no longer waited for. */
  | { type: 'conclude-review'; mergeRequest: string; rig: string; revision: string; maxReviewRounds: number }
  | {
      type: 'record-review-timeout';
      mergeRequest: string;
      rig: string;
      reviewer: string;
      session: string;
      revision: string;
      problem: string;
      stopped: boolean;
    }
  | { type: 'start-mayor'; item: string; revision: string; runtime: string }
  | {
      type: 'record-mayor';
      item: string;
      revision: string;
      session: string;
      problem: string;
      held: boolean;
      runtime: string;
    }
  | { type: 'remove-worktree'; rig: string; name: string; bead: string }
  | { type: 'land-convoy'; convoy: string; revision: string }
  /** All beads of a convoy are on its feature branch: request its landing. */
  | { type: 'request-landing'; convoy: string; rig: string; revision: string }
  /** A convoy has ended: delete its feature branch. */
  | { type: 'end-feature'; convoy: string; revision: string }
  | { type: 'open-gate'; gate: string; revision: string }
  | { type: 'close-escalation'; escalation: string; revision: string; reason: string };

/**
 * Key of actions that land on one target of a rig. Those of lanes without common parts run side by side: see
 * `keysMeet`.
 * @param parts of the lane; undefined for the whole repository
 */
export function mergeKey(rig: string, target?: string, parts?: Parts): string {
  const queue = target === undefined ? `merge:${rig}` : `merge:${rig}:${target}`;
  return parts === undefined ? queue : `${queue} ${JSON.stringify(parts)}`;
}

/** A lane of a merge queue; `parts` is undefined for the whole repository. */
export interface LaneKey {
  /** The key for the whole repository. */
  queue: string;
  parts: Parts;
}

/** The lane of a key of `mergeKey`; undefined for other keys. */
export function laneOf(key: string): LaneKey | undefined {
  if (!key.startsWith('merge:')) return undefined;
  const end = key.indexOf(' ');
  if (end < 0) return { queue: key, parts: undefined };
  return { queue: key.slice(0, end), parts: JSON.parse(key.slice(end + 1)) as string[] };
}

/** Whether two actions may not run at the same time: their keys are equal, or of lanes with a common part. */
export function keysMeet(one: string, other: string): boolean {
  if (one === other) return true;
  const [lane, another] = [laneOf(one), laneOf(other)];
  return lane !== undefined && another?.queue === lane.queue && partsMeet(lane.parts, another.parts);
}

/** Key of the action that tests a prepared batch. @param queue key of the batch before it */
export function prepareKey(queue: string, requests: readonly string[]): string {
  return `prepare:${queue} ${requests.join(' ')}`;
}

/** Key of actions that remove the worktree of a polecat. */
export function worktreeKey(rig: string, name: string): string {
  return `worktree:${rig}/${name}`;
}

/** Two actions whose keys meet never run at the same time. */
export function actionKey(action: Action): string {
  switch (action.type) {
    case 'hook':
      return `hook:${action.rig}`; // names are assigned one at a time
    case 'start-session':
    case 'record-death':
    case 'resubmit':
      return `bead:${action.bead}`;
    case 'escalate':
      return `person:${action.key}`;
    case 'handle-stall':
    case 'end-session':
    case 'forget-session':
      return `session:${action.session}`;
    case 'merge':
      return mergeKey(action.rig, action.target, action.parts);
    case 'request-review':
      // One at a time: with its checks it takes as long as a batch.
      return `request-${mergeKey(action.rig, action.target)}`;
    case 'prepare-batch':
      return prepareKey(
        mergeKey(action.rig, action.target, action.parts),
        action.requests.map(({ mergeRequest }) => mergeRequest),
      );
    case 'find-culprit':
      return `search:${action.search}`;
    case 'release-merge':
    case 'withdraw-merge':
      return `request:${action.mergeRequest}`;
    case 'confirm-failure':
      return `confirm:${action.mergeRequest}`;
    case 'watch-pull-request':
    case 'close-pull-request':
      return `pull-request:${action.mergeRequest}`;
    case 'review-by-script':
      return `review:${action.rig}:${SCRIPT}`; // one at a time in the reviewer's worktree
    case 'review-by-agent':
      return `review:${action.rig}:${action.reviewer}`;
    case 'conclude-review':
      return `conclude-review:${action.mergeRequest}`;
    case 'record-review-timeout':
      return `session:${action.session}`;
    case 'start-mayor':
    case 'record-mayor':
      return 'mayor';
    case 'remove-worktree':
      return worktreeKey(action.rig, action.name);
    case 'land-convoy':
    case 'request-landing':
    case 'end-feature':
      return `convoy:${action.convoy}`;
    case 'open-gate':
      return `gate:${action.gate}`;
    case 'close-escalation':
      return `escalation:${action.escalation}`;
  }
}
