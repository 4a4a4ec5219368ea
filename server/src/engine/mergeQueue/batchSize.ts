import type { MergeWindow } from '../../rigs/mergeWindow';

/** Batch size with parallel gate runs: larger batches fail more often, smaller ones cost more gate runs. */
const SIDE_BY_SIDE = 4;

/**
 * The size of the next batch. If many requests wait and the last batch had no failure, half of them are tried at once:
 * the window alone would grow too slowly for a long queue.
 * @param waiting number of requests that may be merged
 * @param gateRuns maximum number of parallel gate runs: with more than one, a failing batch does not block others, and
 * the window only matters if requests have to be tested one by one
 */
export function batchSize(window: MergeWindow, waiting: number, max: number, gateRuns = 1): number {
  const size = gateRuns > 1 ? SIDE_BY_SIDE : window.size;
  const tried = window.failed ? window.size : Math.max(size, Math.ceil(waiting / 2));
  return Math.max(1, Math.min(tried, waiting, max));
}

/** The window after a whole batch has landed. @param size number of its requests */
export function windowAfterSuccess(window: MergeWindow, size: number, max: number): MergeWindow {
  return { size: Math.max(1, Math.min(Math.max(window.size, size) + 1, max)), failed: false };
}

/** The window after a failure in a batch. */
export function windowAfterFailure(window: MergeWindow, size: number): MergeWindow {
  return {
    size: Math.max(1, Math.floor(Math.max(window.size, size) / 2)),
    failed: true,
  };
}

/** Requests are tested one by one, until one lands. */
export const SINGLE_REQUESTS: MergeWindow = { size: 1, failed: true };
