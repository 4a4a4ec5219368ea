import type { GateRun } from '../../rigs/runGates';
import type { GateResult } from '../../rigs/types';

/** How a gate failed. */
export type GateFailure = Extract<GateResult, { passed: false }>;

/**
 * Runs gates on the chain up to a link; 0 is the target itself.
 * @param run which gates: all where it is missing
 */
export type TestPrefix = (length: number, run?: Pick<GateRun, 'only' | 'confirms'>) => Promise<GateResult>;

/** A chain up to `link` fails though it passes up to the link before `first`, which is `link` itself where it is missing. */
export interface FailedPrefix {
  link: number;
  first?: number;
  failure: GateFailure;
}

/** What the gates say of a chain. */
export interface Verdict {
  /** So many links from its beginning may land: the last of them has passed all gates. */
  good: number;
  /**
   * The link after those, counted from 1: it fails a gate, and the chain before it passes all. Where the search was not
   * finished, it is one of those from `first` to `link`.
   */
  culprit?: FailedPrefix;
  /** The target fails this gate by itself: nothing can be said of the links. */
  targetFailure?: GateFailure;
}
