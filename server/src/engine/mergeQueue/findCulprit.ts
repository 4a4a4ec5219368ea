import { AbortedError, currentSignal, runCancellable } from '../../base/abort';
import type { GateResult } from '../../rigs/types';
import { confirmed, targetFailure } from './repeatGate';
import type { FailedPrefix, GateFailure, TestPrefix } from './verdict';

export interface SearchOptions {
  /** How often a gate is repeated before a change is blamed for its failure. */
  retries: number;
  /** Maximum number of prefixes that are tested in parallel. */
  width: number;
  /** Return the culprit unconfirmed; the caller confirms it later. */
  confirmLater?: boolean | undefined;
  /** Called after each round with the first and the last link that may be the culprit. */
  onNarrowed?: (first: number, last: number) => void;
}

/**
 * Finds the link that fails although the one before it passes. Each round tests up to `width` prefixes in parallel:
 * with one at a time this takes ⌈log₂ length⌉ rounds if no gate is flaky, with more it takes fewer. A failure is
 * confirmed only when a link would be blamed for it: in the last round, in parallel with its tests if `width` allows.
 * @param first the failure of the whole chain
 * @returns the failing link, or the range that contains it; link 0 if the target itself fails; undefined if no failure
 * could be confirmed
 */
export async function findCulprit(
  length: number,
  first: GateFailure,
  test: TestPrefix,
  { retries, width, confirmLater, onNarrowed }: SearchOptions,
): Promise<FailedPrefix | undefined> {
  let passes = 0;
  const failing: FailedPrefix[] = [{ link: length, failure: first }];
  for (let nearest = failing.at(-1); nearest; nearest = failing.at(-1)) {
    const links = probesBetween(passes, nearest.link, width);
    if (links.length > 0) {
      const isLast = links.length === nearest.link - passes - 1;
      const confirms = !confirmLater && isLast && links.length < width && !nearest.failure.confirmed;
      const [found, failure] = await Promise.all([
        probe(links, nearest.failure.gate, test),
        confirms ? confirmed(nearest.link, nearest.failure, test, retries) : nearest.failure,
      ]);
      if (failure) nearest.failure = failure;
      else failing.pop(); // the gate was flaky
      passes = failure ? Math.max(passes, found.passes) : nearest.link;
      const nearer = found.failed.filter(({ link }) => link > passes);
      failing.push(...nearer.sort((a, b) => b.link - a.link));
      onNarrowed?.(passes + 1, failing.at(-1)?.link ?? passes);
      continue;
    }
    const { link } = nearest;
    const failure = confirmLater ? nearest.failure : await confirmed(link, nearest.failure, test, retries);
    if (!failure) {
      passes = link;
      failing.pop();
      continue;
    }
    const target = link === 1 ? await targetFailure(failure, test, retries) : undefined;
    return target ? { link: 0, failure: target } : { link, failure };
  }
  return undefined;
}

/** Prefixes to test between a passing and a failing one, at even distances. */
function probesBetween(passes: number, fails: number, width: number): number[] {
  const gap = fails - passes;
  const count = Math.min(width, gap - 1);
  return Array.from({ length: count }, (_, index) => passes + Math.floor(((index + 1) * gap) / (count + 1)));
}

/**
 * Tests prefixes in parallel. If one passes, so do all shorter ones; if one fails, so do all longer ones: redundant
 * runs are cancelled.
 */
async function probe(
  links: readonly number[],
  gate: string,
  test: TestPrefix,
): Promise<{ passes: number; failed: FailedPrefix[] }> {
  const stops = new Map(links.map((link) => [link, new AbortController()]));
  const results = new Map<number, GateResult>();
  const outer = currentSignal();
  const ends = await Promise.allSettled(
    links.map(async (link) => {
      const stop = stops.get(link)!;
      try {
        const result = await runCancellable(stop, () => test(link, { only: gate }));
        results.set(link, result);
        for (const [other, controller] of stops) if (result.passed ? other < link : other > link) controller.abort();
      } catch (error) {
        const isMoot = error instanceof AbortedError && stop.signal.aborted && !outer?.aborted;
        if (isMoot) return;
        for (const controller of stops.values()) controller.abort();
        throw error;
      }
    }),
  );
  const broken = ends.find((end) => end.status === 'rejected');
  if (broken) throw broken.reason;
  const failed = [...results].flatMap(([link, failure]) => (failure.passed ? [] : [{ link, failure }]));
  return { passes: Math.max(0, ...[...results].filter(([, { passed }]) => passed).map(([link]) => link)), failed };
}
