import type { Bead } from '../protocol/bead';

/** The worktree that an agent is to have. */
export interface WorktreeRequest {
  bead: string;
  title: string;
  branch: string;
  base?: string;
  /** Feature branch that it is started from, where there is no `base`; missing for the rig's own target. */
  target?: string;
  attempt: number;
  /** Blocks for the `script` runtime, which a person has accepted: frozen here if they are not yet. */
  script?: string[];
  /** How many of them belong to which step. */
  scriptSteps?: { step: string; blocks: number }[];
  /** The frozen script was never accepted: replace it. */
  replaceScript?: boolean;
}

/** A script as it was when the worktree was made. */
export interface FrozenBlocks {
  blocks: string[];
  steps?: { step: string; blocks: number }[];
}

/** A change as a reviewer gets it. */
export interface ReviewedChange {
  mergeRequest: string;
  bead: Bead | undefined;
  commit: string;
  base: string;
}

/**
 * How the gates of a change ended; `output`: the last part of what the failed one printed, `confirmed`: it has failed more
 * than once on these files, `passedBefore`: it has passed on others.
 */
export type GateResult =
  /** `gates`: those that had to pass, where that is not all of the rig's. */
  | { passed: true; gates?: readonly string[] }
  | { passed: false; gate: string; problem: string; output: string; confirmed?: boolean; passedBefore?: boolean };

/** Work that is to land, as one commit. */
export interface RebasedWork {
  bead: string;
  title: string;
  worker: string;
  /** Commits that the branch is known to stand on. */
  bases: readonly string[];
  /** Feature branch that it is for; missing for the rig's own target. */
  target?: string;
}
