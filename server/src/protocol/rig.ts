import { request, type NoParams, type WithDefaults } from './request';
import { CLONE_LIMIT_MS, LONG_LIMIT_MS } from './timeLimit';

export interface RigInfo {
  /** Its name, unique in the town. */
  id: string;
  prefix: string;
  /** Git URL or absolute path of the rig's repository. */
  source: string;
  sourceIsFolder: boolean;
  defaultBranch: string;
  /** Where merged work lands in the source repository. */
  targetBranch: string;
  maxWorkers: number;
  /** Gates, in the order they run. */
  gates: GateInfo[];
  /** Programs of git filters that run in its worktrees, if there are any. */
  filters?: { name: string; command: string }[];
  /** Who reviews changes before they are merged. */
  review: ReviewSetting;
  mergeStrategy: MergeStrategy;
  /** Parts of the repository with their own gates, by name; missing if there are none. */
  targets?: Readonly<Record<string, RigTarget>>;
  /** False while a person has not yet accepted the rig's commands. */
  accepted: boolean;
  /** After `gt rig add`: beads that the repository itself keeps in `.beads`, if they were not imported. */
  trackedBeads?: TrackedBeadsInfo;
  /** For a rig made from a folder: merged commits that its checked-out branch does not have yet. */
  fastForward?: { commits: number; clean: boolean };
}

/** A part of the repository. A change that touches only its files runs only its gates. */
export interface RigTarget {
  /** Patterns of paths, such as `services/api/**`. */
  paths: string[];
  gates: GateName[];
}

export interface TrackedBeadsInfo {
  count: number;
  /** The most frequent prefix of their ids, without the hyphen. */
  prefix: string;
  /** A command line that prints them, for `bd import`. */
  show: string;
}

export interface GateInfo {
  name: string;
  command: string;
  timeoutSeconds: number;
  /** Missing if the gate has no limits. */
  limits?: GateLimits;
  /** Variables that the rig sets for the gate, on top of the environment; missing if there are none. */
  env?: Readonly<Record<string, string>>;
}

/** Limits for all processes of a gate together. */
export interface GateLimits {
  memoryMb?: number;
  processes?: number;
}

export const gateNames = ['setup', 'typecheck', 'lint', 'build', 'test'] as const;
export type GateName = (typeof gateNames)[number];

/**
 * `off`: no review; `script`: a command of the rig; `agent`: a reviewer session; `person`: a person in VS Code or with
 * `gt mq`.
 */
export const reviewModes = ['off', 'script', 'agent', 'person'] as const;
export type ReviewMode = (typeof reviewModes)[number];

/** Whether `all` of several reviewers have to approve, or the first approval of `any` of them is enough. */
export const neededReviews = ['all', 'any'] as const;
export type NeededReviews = (typeof neededReviews)[number];

/** Several reviewers of the same change: names of runtimes, `agent` (the rig's `reviewer`), `script`, `person`. */
export interface SeveralReviewers {
  reviewers: readonly string[];
  needed: NeededReviews;
}

/** Who reviews changes before they are merged. */
export type ReviewSetting = ReviewMode | SeveralReviewers;

/**
 * What reviewers are asked to read. `quick`: the change only; `normal`: also its earlier reviews; `deep`: also the
 * author's commits and the history of the files.
 */
export const reviewDepths = ['quick', 'normal', 'deep'] as const;
export type ReviewDepth = (typeof reviewDepths)[number];

/**
 * `batch`: changes are tested together, and failing ones are found by bisection; `each`: every commit of the target is
 * tested separately.
 */
export const mergeModes = ['batch', 'each'] as const;
export type MergeMode = (typeof mergeModes)[number];

/**
 * How approved work is merged. `squash`: one commit for each bead; `rebase`: the author's commits; `merge`: the
 * author's commits and one that merges them; `local`: as `squash`, but nothing is pushed; `pr`: a pull request.
 */
export const mergeStrategies = ['squash', 'rebase', 'merge', 'local', 'pr'] as const;
export type MergeStrategy = (typeof mergeStrategies)[number];

/** How a pull request is merged at its provider; `off`: people merge it there. */
export const pullRequestMerges = ['rebase', 'squash', 'merge', 'off'] as const;
export type PullRequestMerge = (typeof pullRequestMerges)[number];

export type GateCommands = Partial<Record<GateName, string>>;

export namespace RigAdd {
  export interface Params {
    name: string;
    /** Git URL or absolute path. */
    source: string;
    prefix?: string;
    defaultBranch?: string;
    maxWorkers?: number;
    /** Import the beads that the repository itself keeps in `.beads`. */
    importBeads?: boolean;
    /** By default commands are detected in the repository (package.json scripts and the like). */
    gates?: GateCommands;
    /**
     * Accepts exactly the commands that the result shows. Without it, or if the rig's folder contains other commands,
     * the rig waits for a person.
     */
    accept?: boolean;
  }
  export const spec = request<Params, RigInfo>('gastown/rig/add', 'person', { timeLimitMs: CLONE_LIMIT_MS });
}

/** Settings that `gt rig set` knows, besides the gates. Others are edited in the file. */
export const rigSettingNames = [
  'max_workers',
  'worker_spawn_delay',
  'max_attempts',
  'max_restarts',
  'agent',
  'formula',
  'review',
  'review_command',
  'reviewer',
  'reviewers',
  'reviews_needed',
  'review_depth',
  'max_review_rounds',
  'review_timeout',
  'stall_after',
  'avoid_overlap',
  'default_branch',
  'sync_remote',
  'git_filters',
  'merge_mode',
  'merge_strategy',
  'pr_repository',
  'pr_merge',
  'max_batch',
  'flaky_retries',
  'feature_branch',
  'gate_runs',
  'parallel',
  'checks_before_review',
  'pre_verified',
  'gate_timeout',
  'gate_memory_mb',
  'gate_processes',
] as const;

export type RigSettingName = (typeof rigSettingNames)[number];

export namespace RigSet {
  export interface Params {
    name: string;
    /** An empty text removes the setting. */
    settings?: Partial<Record<RigSettingName, string>>;
    gates?: GateCommands;
    /** Null removes a part; parts that are not named do not change. */
    targets?: Record<string, RigTarget | null>;
  }
  /** Sets settings of a rig. Commands are accepted at once if the caller is a person who may accept them. */
  export const spec = request<Params, RigInfo, WithDefaults<Params, 'settings' | 'gates' | 'targets'>>(
    'gastown/rig/set',
    'person',
  );
}

export namespace RigList {
  export const spec = request<NoParams, RigInfo[]>('gastown/rig/list', 'read');
}

export namespace RigRemove {
  /** Removes a rig. Refused while it has unmerged work. The folder is moved to `.runtime/removed/`, never deleted. */
  export const spec = request<{ name: string }, { movedTo: string }>('gastown/rig/remove', 'person', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

/** A gate that failed and then passed on the same files. */
export interface FlakyGateInfo {
  gate: string;
  at: string;
  commit: string;
  /** The request whose logs contain the failure. */
  mergeRequest: string;
  /** How the gate failed. */
  problem: string;
}

export namespace RigFlakyGates {
  /** Gates of a rig that turned out to be flaky, oldest first. */
  export const spec = request<{ name: string }, FlakyGateInfo[]>('gastown/rig/flakyGates', 'read');
}

export namespace RigFastForward {
  export const spec = request<{ name: string }, { commits: number }>('gastown/rig/fastForward', 'person', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}
