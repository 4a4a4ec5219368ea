import type { AuditEvent, BeadStatus, BeadType } from './bead';
import type { BoardList, BoardQuery, BoardState, WhyNot } from './board';
import { notification, request } from './request';
import type { Severity } from './escalation';
import type { RigInfo } from './rig';

/** What windows show of a town: one snapshot, then deltas with a rising revision. */

export interface TownInfo {
  id: 'town';
  name: string;
  root: string;
  /** The stored switch: the engine dispatches, merges and lands only while it is up. */
  up: boolean;
  defaultAgent: string;
}

/** Current position in the work: a step of the bead's molecule, or a block of its script. */
export interface StepInfo {
  /** Short, such as `implement`. */
  id: string;
  title: string;
  /** From 1. */
  index: number;
  total: number;
}

/** `waiting`: the agent's program asks a question that only a person can answer. */
export type AgentState = 'off' | 'idle' | 'starting' | 'working' | 'waiting' | 'finished' | 'crashed';

export interface AgentInfo {
  /** Address: `mayor`, `deacon`, `toy/witness`, `toy/refinery`, `toy/polecats/rust`, `toy/crew/ann`. */
  id: string;
  role: 'mayor' | 'deacon' | 'witness' | 'refinery' | 'polecat' | 'crew';
  rig?: string;
  name: string;
  /** A `rule` is engine code and uses no model; an `agent` is a runtime in a terminal. */
  kind: 'rule' | 'agent';
  state: AgentState;
  /** Current activity, in a few words, such as `testing toy-a1b2c`. */
  activity?: string;
  bead?: string;
  beadTitle?: string;
  step?: StepInfo;
  runtime?: string;
  /** Set while there is a terminal to attach to. */
  session?: string;
  worktree?: string;
  /** ISO time of the session's start. */
  since?: string;
}

/**
 * `collecting`: some of its beads have not landed on it; then its landing waits for a review, for the merge queue, or
 * for a person (`failed`).
 */
export type FeatureState = 'collecting' | 'reviewing' | 'queued' | 'merging' | 'failed' | 'landed';

/** The branch on which a convoy collects its beads. */
export interface FeatureInfo {
  branch: string;
  /** Rigs in which the branch exists or existed. */
  rigs: {
    rig: string;
    state: FeatureState;
    /** The request to land the branch. */
    mergeRequest?: string;
    /** The commit that landed the branch on the target. */
    landed?: string;
    /** Number of commits that the target does not have; only if a single convoy was requested. */
    ahead?: number;
  }[];
}

export interface ConvoyInfo {
  id: string;
  title: string;
  status: 'staged_ready' | 'staged_warnings' | 'open' | 'closed';
  /** Tracked bead ids, in dependency order. */
  beads: string[];
  done: number;
  total: number;
  /** ISO times. */
  createdAt: string;
  /** Undefined while the convoy is not launched, so that it starts none of its beads. */
  launchedAt?: string;
  /** Set if a person paused the convoy: none of its beads is started. */
  paused?: true;
  /** The convoy does not land automatically. */
  owned?: true;
  /** The branch by which its beads land together. */
  feature?: FeatureInfo;
  /** Why a person closed it before its work was done. */
  cancelled?: string;
  landedAt?: string;
}

export type BeadPhase =
  | 'waiting' // for a bead it depends on
  | 'ready' // waits for a free worker
  | 'working'
  | 'reviewing' // its change waits for a reviewer
  | 'queued' // in the merge queue
  | 'merging' // gates are running
  | 'merged'
  | 'closed' // without a merge
  | 'failed'
  | 'deferred';

/** A bead as every view shows it. */
export interface BeadInfo {
  id: string;
  title: string;
  type: BeadType;
  status: BeadStatus;
  phase: BeadPhase;
  /**
   * The list by state that contains it: as in `bd ready` and `bd blocked`, but `blocked` also if only the engine waits.
   */
  state: BoardState;
  /** Why work on it has not started. */
  why: WhyNot[];
  priority: number;
  /** Ledger of the bead: a rig's name, or `hq`. */
  rig?: string;
  assignee?: string;
  /** Open beads that it waits for. */
  blockedBy: string[];
  /** How many times work on it was started. */
  attempt: number;
  /** The last failure of the work, in one line. */
  problem?: string;
  /** The current step, while the bead is in progress. */
  step?: StepInfo;
  convoys: string[];
  /** Progress of the children, for an epic or a bead with children. */
  progress?: { done: number; total: number };
  /** Sent only because it is in a list that the window watches; not part of the overview of the town. */
  listedOnly?: true;
}

/** Something that needs a person. */
export interface AttentionInfo {
  id: string;
  /**
   * A `problem` is something on disk that keeps a part of the town from working, such as a broken settings file; an
   * `input` is an agent whose program asks a question; a `gate` holds a step until a person opens it.
   */
  kind: 'escalation' | 'consent' | 'fast-forward' | 'problem' | 'review' | 'input' | 'mail' | 'plan' | 'gate';
  title: string;
  detail: string;
  rig?: string;
  bead?: string;
  agent?: string;
  /** For `review`: the merge request. */
  mergeRequest?: string;
  /** For `plan`: the staged convoy. */
  convoy?: string;
  /** For `gate`: its bead, which is closed to open it; `bead` is the work that it blocks. */
  gate?: string;
  /** For `escalation`: its severity. */
  severity?: Severity;
  /** A person takes care of it: it stays listed, but no longer notifies. */
  acked?: boolean;
  /** For `problem`: the command that repairs it, if there is one. */
  command?: string;
  /** For `mail`: the sender. */
  from?: string;
  /** For `consent`: the parameters of `ConsentGive`. `runtime`: the name of the runtime. */
  consent?: { kind: ConsentKind; hash: string; text: string; runtime?: string };
}

export type ConsentKind = 'rig-commands' | 'script' | 'runtime';

export interface TownCollections {
  town: TownInfo;
  rigs: RigInfo;
  agents: AgentInfo;
  convoys: ConvoyInfo;
  beads: BeadInfo;
  attention: AttentionInfo;
  /** The lists that the window watches, by their keys. */
  lists: BoardList;
}

export type CollectionName = keyof TownCollections;
export const collectionNames: readonly CollectionName[] = [
  'town',
  'rigs',
  'agents',
  'convoys',
  'beads',
  'attention',
  'lists',
];

export type TownSnapshot = { revision: number } & { [N in CollectionName]: TownCollections[N][] };

/** What changed from revision `from` to revision `to`; a client whose revision is not `from` asks for a snapshot. */
export interface TownDelta {
  from: number;
  to: number;
  changes: { [N in CollectionName]?: { upsert: TownCollections[N][]; remove: string[] } };
}

export namespace TownGetSnapshot {
  /**
   * Also subscribes the connection to `TownChanged` and `TownEvent`, unless `once` is set. `board`: the lists that the
   * connection watches from now on; none if it is left out.
   */
  export const spec = request<{ once?: boolean; board?: BoardQuery }, TownSnapshot>('gastown/town/snapshot', 'read');
}

export namespace BoardWatch {
  /**
   * Sets or replaces the lists that a subscribed connection watches; none without `board`. The answer is the first
   * content, as a delta to the connection's state; later changes come with `TownChanged`. An open key that is unknown,
   * such as that of a deleted epic, has no list.
   */
  export const spec = request<{ board?: BoardQuery }, TownDelta>('gastown/board/watch', 'read');
}

export namespace TownChanged {
  export const spec = notification<TownDelta>('gastown/town/changed');
}

export namespace TownEvent {
  /** The audit trail as it is written: dispatch, gates, merges, landings. */
  export const spec = notification<AuditEvent>('gastown/town/event');
}

export namespace PersonNotified {
  /**
   * A message for the user of the window, such as a landed convoy; `plan`: the convoy is staged and waits to be
   * launched.
   */
  export const spec = notification<{
    severity: 'info' | 'warning' | 'error';
    text: string;
    convoy?: string;
    bead?: string;
    plan?: boolean;
  }>('gastown/person/notified');
}
