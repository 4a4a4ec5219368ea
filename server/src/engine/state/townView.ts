import type { MergeMode, MergeStrategy, ReviewSetting } from '../../protocol/town';
import type { Parts } from '../mergeQueue/lanes';
import type { ReviewStates } from '../review/reviewers';
import type { MergeWindow } from '../../rigs/mergeWindow';
import type { SessionView } from '../../sessions/types';

/**
 * The read-only view that `reconcile` works on, derived from beads, git and live sessions at one moment. Times are
 * milliseconds since 1970.
 */
export interface TownView {
  now: number;
  /** Whether the town's engine is up. */
  up: boolean;
  rigs: RigView[];
  work: WorkView[];
  merges: MergeView[];
  /** Merge requests of closed beads that were given up, or wait for a review. */
  withdrawnMerges: { mergeRequest: string; rig: string; revision: string; notBefore: number }[];
  /** Pull requests of closed merge requests whose beads are not in progress. */
  abandonedPullRequests: { mergeRequest: string; rig: string; revision: string; notBefore: number }[];
  sessions: SessionView[];
  worktrees: WorktreeView[];
  convoys: ConvoyView[];
  /** Convoys that have ended and whose feature branch may still exist. */
  endedFeatures?: { id: string; revision: string }[];
  gates: GateView[];
  /** Open escalations. */
  escalations: EscalationView[];
  /** Start of the measurement of silences: the start of the server, or the last wake-up of the machine. */
  awakeSince: number;
  /** Requests and mail for the Mayor; undefined while there are none. */
  mayor?: MayorView;
  /** Keys of actions that are running. */
  inFlight: ReadonlySet<string>;
}

export interface EscalationView {
  id: string;
  revision: string;
  /** Why the escalation is settled; undefined while its cause exists. */
  settled?: string;
}

/** A gate that opens automatically. */
export interface GateView {
  id: string;
  revision: string;
  /** Milliseconds since 1970; Infinity until its condition is met. */
  opensAt: number;
}

export interface MayorView {
  runtime: string;
  /** A person has accepted the runtime. */
  accepted: boolean;
  /** Requests, then mail. */
  items: { id: string; revision: string; notBefore: number }[];
}

export interface RigView {
  name: string;
  /** A person has accepted the rig's commands. */
  accepted: boolean;
  maxWorkers: number;
  spawnDelayMs: number;
  lastSpawnAt: number;
  maxAttempts: number;
  maxRestarts: number;
  review: ReviewSetting;
  mergeStrategy: MergeStrategy;
  /** Reviewers whose runtime is not accepted. */
  unacceptedReviewers: readonly string[];
  /** Whether a bead waits for unmerged work that touches its declared files. */
  avoidOverlap?: boolean;
  reviewTimeoutMs: number;
  maxReviewRounds: number;
  /** Silence after which an agent is handled as stalled. */
  stallMs: number;
  /** Batch size for the rig's own target. */
  mergeWindow: MergeWindow;
  /** Maximum batch size. */
  maxBatch: number;
  /** Maximum number of parallel gate runs. */
  gateRuns: number;
  mergeMode: MergeMode;
  /** Whether agents keep exiting right after their start, so that no more are started. */
  crashLooping: boolean;
  /** Whether a person was notified of that. */
  crashLoopReported: boolean;
  /** Names for new polecats. */
  pool: readonly string[];
}

/** A bead that was slung or is on a hook. */
export interface WorkView {
  /** Patterns of the files that the bead declares. */
  files?: readonly string[] | undefined;
  /** Files that it has changed, if they are known. */
  touched?: readonly string[] | undefined;
  id: string;
  rig: string;
  status: string;
  assignee?: string;
  priority: number;
  createdAt: number;
  /** `updated_at` of the bead: an action is refused if it has changed. */
  revision: string;
  /** Whether it waits for other beads. */
  blocked: boolean;
  /** Whether it was slung by name or is tracked by a launched convoy. */
  slung: boolean;
  held: boolean;
  /** The paused convoy that holds it back. */
  pausedBy?: string;
  /** Whether no step of its molecule is ready, or its agent has handled all ready ones. */
  waitsForStep: boolean;
  /** Whether it has an open merge request. */
  submitted: boolean;
  attempt: number;
  deaths: number;
  notBefore: number;
  /** Key of the escalation that asks a person for the missing prerequisites of its session. */
  startBlock?: string;
  /** Time of the last supervision step for the bead's silent agent. */
  stallHandledAt: number;
  /** The polecat that was requested by name. */
  wantedName?: string;
  /** False while a person has not accepted the runtime or script of the bead. */
  consented: boolean;
}

export interface MergeView {
  id: string;
  rig: string;
  /** Feature branch of the bead, with its batch size; missing for the rig's own target. */
  target?: { branch: string; mergeWindow: MergeWindow };
  source: string;
  revision: string;
  createdAt: number;
  priority: number;
  /** Age of the oldest open convoy that tracks the source; 0 without one. */
  convoyCreatedAt: number;
  retries: number;
  notBefore: number;
  /** Whether a batch or a direct landing processes it now. */
  isTaken: boolean;
  /** Whether it is recorded as being merged, and nothing processes it: the server or a direct landing was interrupted. */
  isInterrupted: boolean;
  /** Whether it is suspected: it failed a gate, which has to be repeated for it alone. */
  isSuspected: boolean;
  /** The search for the culprit of its failed batch. */
  search?: string;
  /** Position, from 0, of the prepared batch that contains it. */
  prepared?: number;
  /** Position that a person has set, else 0; smaller ones are merged sooner. */
  order: number;
  /** Whether steps of its source, or beads of its convoy, are still open. */
  hasOpenSteps: boolean;
  /** Whether it has a pull request that is watched. */
  hasPullRequest: boolean;
  /** Files that it changes, if they are known. */
  files?: readonly string[] | undefined;
  /** Parts of the repository that it touches; undefined for all of it, or if the rig has a single lane. */
  parts?: Parts;
  /** Whether its parts are not known yet: its files are being read. */
  isUnread?: boolean;
  /** Undefined until its patch is ready for review. */
  review?: { state: 'waiting' | 'approved'; patch: string; states: ReviewStates };
}

/** A polecat's folder with its worktree. */
export interface WorktreeView {
  rig: string;
  name: string;
  /** The bead of the worktree; undefined if its record is missing. */
  bead?: string;
  /** Whether it is not used again: its bead is closed or restarted elsewhere, and no open merge request names it. */
  finished: boolean;
}

export interface ConvoyView {
  id: string;
  revision: string;
  status: string;
  /** Whether it is landed by a person, not automatically. */
  owned: boolean;
  tracked: { id: string; closed: boolean }[];
  /**
   * State of its feature branch. `toLand`: rigs in which the branch has not landed and its landing is not requested
   * yet.
   */
  feature?: { isLanded: boolean; isRequested: boolean; toLand: string[] };
}

/**
 * The session that works on a bead, live or just ended. After `gt done`, or when the engine ended it, a session no
 * longer counts: a bead that the merge queue sends back gets a new one.
 */
export function sessionOf(view: TownView, work: WorkView): SessionView | undefined {
  return view.sessions.find(
    (session) =>
      session.bead === work.id &&
      session.agent === work.assignee &&
      session.doneAt === undefined &&
      session.exit?.kind !== 'ended',
  );
}

export function isHooked(work: Pick<WorkView, 'status'>): boolean {
  return work.status === 'hooked' || work.status === 'in_progress';
}
