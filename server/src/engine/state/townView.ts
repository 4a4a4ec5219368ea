import type { MergeMode, MergeStrategy, ReviewSetting } from '../../protocol/town';
import type { ReviewStates } from '../review/reviewers';
import type { MergeWindow } from '../../rigs/mergeWindow';
import type { SessionView } from '../../sessions/types';

/**
 * The read-only view that `reconcile` works on, derived from beads, git and live sessions at one moment. Times are
 * milliseconds since 1970.
 */
export interface TownView {
  now: number;
  /** The stored switch of the town. */
  up: boolean;
  rigs: RigView[];
  work: WorkView[];
  merges: MergeView[];
  /** Pull requests of closed merge requests whose beads are not in progress. */
  abandonedPullRequests: { mergeRequest: string; rig: string; revision: string; notBefore: number }[];
  sessions: SessionView[];
  worktrees: WorktreeView[];
  convoys: ConvoyView[];
  /** Convoys that have ended and whose feature branch may still be there. */
  endedFeatures?: { id: string; revision: string }[];
  gates: GateView[];
  /** Open ones. */
  escalations: EscalationView[];
  /** Silences are counted from here: when the server began to look, or the machine woke up. */
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

/** A gate that opens by itself. */
export interface GateView {
  id: string;
  revision: string;
  /** Milliseconds since 1970; Infinity while what it waits for has not happened. */
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
  /** Reviewers whose runtime nobody has accepted. */
  unacceptedReviewers: readonly string[];
  /** A bead waits for unmerged work that touches the files which it says it will change. */
  avoidOverlap?: boolean;
  reviewTimeoutMs: number;
  maxReviewRounds: number;
  /** Silence after which an agent is handled as stalled. */
  stallMs: number;
  /** How many requests are merged together onto the rig's own target. */
  mergeWindow: MergeWindow;
  /** Maximum batch size. */
  maxBatch: number;
  /** How many gate runs may go on side by side. */
  gateRuns: number;
  mergeMode: MergeMode;
  /** Agents exit right after their start: no starts before this time. */
  crashLooping: boolean;
  /** A person knows of it. */
  crashLoopReported: boolean;
  /** Names to give to new polecats. */
  pool: readonly string[];
}

/** A bead that was slung or is on a hook. */
export interface WorkView {
  /** Patterns of the files that it says it will change. */
  files?: readonly string[] | undefined;
  /** Files that it has changed, where they are known. */
  touched?: readonly string[] | undefined;
  id: string;
  rig: string;
  status: string;
  assignee?: string;
  priority: number;
  createdAt: number;
  /** `updated_at`: an action is refused if it moved. */
  revision: string;
  /** Waits for other beads. */
  blocked: boolean;
  /** Slung by name or tracked by a launched convoy. */
  slung: boolean;
  held: boolean;
  /** The paused convoy that holds it back. */
  pausedBy?: string;
  /** No step of its molecule is ready, or its agent has handled all that are. */
  waitsForStep: boolean;
  /** An open merge request names it. */
  submitted: boolean;
  attempt: number;
  deaths: number;
  notBefore: number;
  /** Key of the escalation that asks a person for what its session needs to start. */
  startBlock?: string;
  /** Time of the last supervision step for its silent agent. */
  stallHandledAt: number;
  /** The polecat that the person asked for. */
  wantedName?: string;
  /** False while a person has not accepted the runtime or script that it would run. */
  consented: boolean;
}

export interface MergeView {
  id: string;
  rig: string;
  /** Feature branch that it lands on, with the merge window of that; missing for the rig's own target. */
  target?: { branch: string; mergeWindow: MergeWindow };
  source: string;
  revision: string;
  createdAt: number;
  priority: number;
  /** Age of the oldest open convoy that tracks the source; 0 without one. */
  convoyCreatedAt: number;
  retries: number;
  notBefore: number;
  /** It is in the batch that is tested, or was when the server ended. */
  isMerging: boolean;
  /** It failed a gate, which has to run once more for it alone. */
  isSuspected: boolean;
  /** It was in a batch that failed a gate: the search for the one that fails it. */
  search?: string;
  /** It is tested in a batch whose turn comes later: the place of that batch, from 0. */
  prepared?: number;
  /** Its place where a person has set it, else 0; smaller ones are merged sooner. */
  order: number;
  /** Steps of its source, or beads of its convoy, are still open. */
  hasOpenSteps: boolean;
  /** A pull request of it is watched. */
  hasPullRequest: boolean;
  /** Files that it changes, where they are known. */
  files?: readonly string[] | undefined;
  /** Undefined until its patch was laid out for review. */
  review?: { state: 'waiting' | 'approved'; patch: string; states: ReviewStates };
}

/** A polecat's folder with its worktree. */
export interface WorktreeView {
  rig: string;
  name: string;
  /** The bead that it was made for; undefined where its record is missing. */
  bead?: string;
  /** Not used again: its bead is closed or restarted elsewhere, and no open merge request names it. */
  finished: boolean;
}

export interface ConvoyView {
  id: string;
  revision: string;
  status: string;
  /** It is landed by a person, not by itself. */
  owned: boolean;
  tracked: { id: string; closed: boolean }[];
  /** Of one with a feature branch. `toLand`: rigs where that has not landed and nobody has asked for it yet. */
  feature?: { isLanded: boolean; isRequested: boolean; toLand: string[] };
}

/**
 * The session that works on a bead, live or just ended. After `gt done`, or when the engine ended it, a session counts
 * no more: a bead that the merge queue sends back gets a new one.
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
