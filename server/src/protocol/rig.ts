import { request, type NoParams, type WithDefaults } from './request';
import { CLONE_LIMIT_MS, LONG_LIMIT_MS } from './timeLimit';

export interface RigInfo {
  /** Its name, unique in the town. */
  id: string;
  prefix: string;
  /** Git URL or absolute path that it was made from. */
  source: string;
  sourceIsFolder: boolean;
  defaultBranch: string;
  /** Where merged work lands in the source repository. */
  targetBranch: string;
  maxWorkers: number;
  /** Gate commands, in the order they run. */
  gates: GateInfo[];
  /** Programs of git filters that run in its worktrees, where it has some. */
  filters?: { name: string; command: string }[];
  /** Who looks at changes before they are merged. */
  review: ReviewSetting;
  mergeStrategy: MergeStrategy;
  /** Parts of the repository with gates of their own, by their names; missing where there are none. */
  targets?: Readonly<Record<string, RigTarget>>;
  /** False while a person has not yet accepted the rig's commands. */
  accepted: boolean;
  /** After `gt rig add`: beads that the repository itself keeps in `.beads`, where they were not imported. */
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
  /** What most of their ids begin with, without the hyphen. */
  prefix: string;
  /** A command line that prints them, for `bd import`. */
  show: string;
}

export interface GateInfo {
  name: string;
  command: string;
  timeoutSeconds: number;
  /** Missing where it has none. */
  limits?: GateLimits;
  /** Variables of the rig for it, on top of the environment; missing where there are none. */
  env?: Readonly<Record<string, string>>;
}

/** What all processes of a gate may use together. */
export interface GateLimits {
  memoryMb?: number;
  processes?: number;
}

export const gateNames = ['setup', 'typecheck', 'lint', 'build', 'test'] as const;
export type GateName = (typeof gateNames)[number];

/** `off`: nobody; `script`: a command of the rig; `agent`: a reviewer session; `person`: a person in VS Code or by `gt mq`. */
export const reviewModes = ['off', 'script', 'agent', 'person'] as const;
export type ReviewMode = (typeof reviewModes)[number];

/** Whether `all` of several reviewers have to approve, or the first approval of `any` of them is enough. */
export const neededReviews = ['all', 'any'] as const;
export type NeededReviews = (typeof neededReviews)[number];

/** Several who look at a change at once: names of runtimes, `agent` (the rig's `reviewer`), `script`, `person`. */
export interface SeveralReviewers {
  reviewers: readonly string[];
  needed: NeededReviews;
}

/** Who looks at changes before they are merged. */
export type ReviewSetting = ReviewMode | SeveralReviewers;

/**
 * How far reviewers look. `quick`: at the change alone; `normal`: also at what was said about it before; `deep`: also at the
 * author's commits and the history of the files.
 */
export const reviewDepths = ['quick', 'normal', 'deep'] as const;
export type ReviewDepth = (typeof reviewDepths)[number];

/** `batch`: changes are tested together, and those that fail are found; `each`: every commit of the target is tested by itself. */
export const mergeModes = ['batch', 'each'] as const;
export type MergeMode = (typeof mergeModes)[number];

/**
 * What becomes of approved work: `squash`: one commit for each bead; `rebase`: the author's commits; `merge`: the author's
 * commits and one that merges them; `local`: as `squash`, but nothing is pushed; `pr`: a pull request.
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
    /** Imports the beads that the repository itself keeps in `.beads`. */
    importBeads?: boolean;
    /** By default commands are detected in the repository (package.json scripts and the like). */
    gates?: GateCommands;
    /**
     * Accepts exactly the commands that the result shows. Without it, or where the rig's folder brought other commands
     * along, the rig waits for a person.
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
    /** An empty text removes a setting. */
    settings?: Partial<Record<RigSettingName, string>>;
    gates?: GateCommands;
    /** Null removes one; the others stay as they are. */
    targets?: Record<string, RigTarget | null>;
  }
  /** Commands that a person who may accept them sets here are accepted. */
  export const spec = request<Params, RigInfo, WithDefaults<Params, 'settings' | 'gates' | 'targets'>>(
    'gastown/rig/set',
    'person',
  );
}

export namespace RigList {
  export const spec = request<NoParams, RigInfo[]>('gastown/rig/list', 'read');
}

export namespace RigRemove {
  /** Refused while it has unmerged work. The folder is moved to `.runtime/removed/`, never deleted. */
  export const spec = request<{ name: string }, { movedTo: string }>('gastown/rig/remove', 'person', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

/** A gate that failed and then passed on the same files. */
export interface FlakyGateInfo {
  gate: string;
  at: string;
  commit: string;
  /** The request under whose name its logs are. */
  mergeRequest: string;
  /** How it failed. */
  problem: string;
}

export namespace RigFlakyGates {
  /** Oldest first. */
  export const spec = request<{ name: string }, FlakyGateInfo[]>('gastown/rig/flakyGates', 'read');
}

export namespace RigFastForward {
  export const spec = request<{ name: string }, { commits: number }>('gastown/rig/fastForward', 'person', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}
