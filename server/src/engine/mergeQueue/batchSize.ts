import type { MergeWindow } from '../../rigs/mergeWindow';

/** Batch size with parallel gate runs: larger batches fail more often, smaller ones cost more gate runs. */
const SIDE_BY_SIDE = 4;

/**
 * How many requests are tested together now. Where many wait and the last batch had nothing that failed, half of them
 * are tried at once: the window alone would grow too slowly for a queue that has become long.
 * @param waiting number of requests that may be merged
 * @param gateRuns how many gate runs may go on side by side: with more than one a batch that fails holds up no others,
 * and the window matters only where requests are to be tried one by one
 */
export function batchSize(window: MergeWindow, waiting: number, max: number, gateRuns = 1): number {
  const size = gateRuns > 1 ? SIDE_BY_SIDE : window.size;
  const tried = window.failed ? window.size : Math.max(size, Math.ceil(waiting / 2));
  return Math.max(1, Math.min(tried, waiting, max));
}

/** All of a batch has landed. @param size number of requests in it */
export function windowAfterSuccess(window: MergeWindow, size: number, max: number): MergeWindow {
  return { size: Math.max(1, Math.min(Math.max(window.size, size) + 1, max)), failed: false };
}

/** Something of a batch failed. */
export function windowAfterFailure(window: MergeWindow, size: number): MergeWindow {
  return {
    size: Math.max(1, Math.floor(Math.max(window.size, size) / 2)),
    failed: true,
  };
}

/** Requests are tested one by one, until one lands. */
export const SINGLE_REQUESTS: MergeWindow = { size: 1, failed: true };
