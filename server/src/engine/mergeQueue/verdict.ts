import type { GateRun } from '../../rigs/runGates';
import type { GateResult } from '../../rigs/types';

/** The failure of a gate. */
export type GateFailure = Extract<GateResult, { passed: false }>;

/**
 * Runs gates on the chain up to a link; 0 is the target itself.
 * @param run selects gates; all by default
 */
export type TestPrefix = (length: number, run?: Pick<GateRun, 'only' | 'confirms'>) => Promise<GateResult>;

/** A failing chain up to `link`, which passes up to the link before `first` (by default `link` itself). */
export interface FailedPrefix {
  link: number;
  first?: number;
  failure: GateFailure;
}

/** Result of the gates for a chain. */
export interface Verdict {
  /** Number of links from the start that may land: the last of them has passed all gates. */
  good: number;
  /**
   * The first link that fails a gate, counted from 1; the chain before it passes. If the search was not finished, the
   * culprit is one of the links from `first` to `link`.
   */
  culprit?: FailedPrefix;
  /** The target itself fails this gate, so the links cannot be judged. */
  targetFailure?: GateFailure;
}
