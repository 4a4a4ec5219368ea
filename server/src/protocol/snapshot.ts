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

/** Where work is: a step of the bead's molecule, or a block of its script. */
export interface StepInfo {
  /** Short, such as `implement`. */
  id: string;
  title: string;
  /** From 1. */
  index: number;
  total: number;
}

/** `waiting`: its program asks something that only a person can answer. */
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
  /** What it does right now, in a few words, such as `testing toy-a1b2c`. */
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
 * `collecting`: its beads are not all in; then its landing waits for a review, for its turn, or for a person
 * (`failed`).
 */
export type FeatureState = 'collecting' | 'reviewing' | 'queued' | 'merging' | 'failed' | 'landed';

/** The branch on which a convoy collects its beads. */
export interface FeatureInfo {
  branch: string;
  /** Rigs in which it is there, or was. */
  rigs: {
    rig: string;
    state: FeatureState;
    /** The request to land it. */
    mergeRequest?: string;
    /** The commit by which it is on the target. */
    landed?: string;
    /** Commits that the target does not have: only where one convoy is asked for. */
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
  /** Undefined while none of its beads is to start because of it. */
  launchedAt?: string;
  /** A person paused it: none of its beads is started. */
  paused?: true;
  /** It does not land by itself. */
  owned?: true;
  /** Its beads land together, by this branch. */
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
   * Where it counts in lists by state: as `bd ready` and `bd blocked` say, but `blocked` where only the engine waits.
   */
  state: BoardState;
  /** Why work on it has not started. */
  why: WhyNot[];
  priority: number;
  /** Ledger that has it: a rig's name, or `hq`. */
  rig?: string;
  assignee?: string;
  /** Open beads that it waits for. */
  blockedBy: string[];
  /** How many times work on it was started. */
  attempt: number;
  /** The last failure, in one line. */
  problem?: string;
  /** The current step, while it is in progress. */
  step?: StepInfo;
  convoys: string[];
  /** Children, of a bead with some, or an epic. */
  progress?: { done: number; total: number };
  /** Sent only because a list that the window watches has it; no part of the overview of the town. */
  listedOnly?: true;
}

/** Something that needs a person. */
export interface AttentionInfo {
  id: string;
  /**
   * A `problem` is something on disk that keeps a part of the town from working, such as a broken settings file; an
   * `input` is an agent whose program asks a person; a `gate` holds a step until a person opens it.
   */
  kind: 'escalation' | 'consent' | 'fast-forward' | 'problem' | 'review' | 'input' | 'mail' | 'plan' | 'gate';
  title: string;
  detail: string;
  rig?: string;
  bead?: string;
  agent?: string;
  /** For `review`. */
  mergeRequest?: string;
  /** For `plan`: the staged convoy. */
  convoy?: string;
  /** For `gate`: its bead, which is closed to open it; `bead` is the work that it holds. */
  gate?: string;
  /** For `escalation`. */
  severity?: Severity;
  /** Somebody takes care of it: it is listed, and notifies nobody. */
  acked?: boolean;
  /** For `problem`: what a person runs to repair it, where one command does. */
  command?: string;
  /** For `mail`. */
  from?: string;
  /** For `consent`: what `ConsentGive` takes. `runtime`: the name of the runtime. */
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
  /** Those that the window watches, by their keys. */
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
   * Also subscribes the connection to `TownChanged` and `TownEvent`, unless `once` is set.
   * `board`: what the connection watches from now on; nothing where it is left out.
   */
  export const spec = request<{ once?: boolean; board?: BoardQuery }, TownSnapshot>('gastown/town/snapshot', 'read');
}

export namespace BoardWatch {
  /**
   * Sets or replaces what a subscribed connection watches; nothing without `board`. The answer is the first content, as
   * a delta to what the connection has; later changes come with `TownChanged`. An open key that means nothing, such as
   * that of an epic that is gone, has no list.
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
   * A message for the person at the window, such as a landed convoy; `plan`: the convoy is staged and waits to be
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
