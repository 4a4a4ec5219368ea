import { preferDisjoint } from './overlap';
import { compareTurns, mergeScore, type Queued } from './score';

/** A request with the data that decides its position. */
export interface Turn extends Queued {
  /** Files that it changes; undefined if that is not known. */
  files?: readonly string[] | undefined;
}

/**
 * Requests for one target in merge order; among equals, those that touch other files
 * than the ones before them go first.
 */
export function inTurns<T extends Turn>(requests: readonly T[], now: number): T[] {
  const queue = [...requests].sort((a, b) => compareTurns(a, b, now));
  return preferDisjoint(queue, {
    filesOf: ({ files }) => files,
    scoreOf: (request) => mergeScore(request, now),
    orderOf: ({ order }) => order,
  });
}
