import type { Bead } from '../protocol/bead';

/** The worktree that an agent needs. */
export interface WorktreeRequest {
  bead: string;
  title: string;
  branch: string;
  base?: string;
  /** Feature branch to start from without a `base`; missing for the rig's own target. */
  target?: string;
  attempt: number;
  /** Blocks for the `script` runtime, which a person has accepted: frozen here if they are not frozen yet. */
  script?: string[];
  /** Number of blocks of each step. */
  scriptSteps?: { step: string; blocks: number }[];
  /** The frozen script was never accepted: it is replaced. */
  replaceScript?: boolean;
}

/** A script as it was when the worktree was created. */
export interface FrozenBlocks {
  blocks: string[];
  steps?: { step: string; blocks: number }[];
}

/** A change for a reviewer. */
export interface ReviewedChange {
  mergeRequest: string;
  bead: Bead | undefined;
  commit: string;
  base: string;
}

/**
 * The result of the gates of a change; `output`: the last part of the failed gate's output, `confirmed`: it has failed
 * more than once on these files, `passedBefore`: it has passed on others.
 */
export type GateResult =
  /** `gates`: the required ones, if not all of the rig. */
  | { passed: true; gates?: readonly string[] }
  | { passed: false; gate: string; problem: string; output: string; confirmed?: boolean; passedBefore?: boolean };

/** Work to land, as one commit. */
export interface RebasedWork {
  bead: string;
  title: string;
  worker: string;
  /** Commits known to be bases of the branch. */
  bases: readonly string[];
  /** Feature branch of the work; missing for the rig's own target. */
  target?: string;
}
