import type { GateRun } from '../../rigs/runGates';
import type { GateResult } from '../../rigs/types';
import type { MergeMode } from '../../protocol/town';

export type GateFailure = Extract<GateResult, { passed: false }>;

/**
 * Runs gates on the chain up to a link; 0 is the target itself.
 * @param run which gates: all where it is missing
 */
export type TestPrefix = (length: number, run?: Pick<GateRun, 'only' | 'confirms'>) => Promise<GateResult>;

/** What the gates say of a chain. */
export interface Verdict {
  /** So many links from its beginning may land: the last of them has passed all gates. */
  good: number;
  /** The link after those, counted from 1: it fails a gate, and the chain before it passes all. */
  culprit?: { link: number; failure: GateFailure };
  /** The target fails this gate by itself: nothing can be said of the links. */
  targetFailure?: GateFailure;
}

export interface TestOptions {
  mode: MergeMode;
  /** How often a failure is repeated before anything is blamed for it. */
  retries: number;
}

/** Tests a chain of candidates, and finds those that fail. @param length number of links, 1 or more */
export function testChain(length: number, test: TestPrefix, options: TestOptions): Promise<Verdict> {
  return options.mode === 'each' ? testEach(length, test, options.retries) : testBatch(length, test, options.retries);
}

/** The whole chain at once. Where that fails, halving finds the culprit, and what is before it is tested. */
async function testBatch(length: number, test: TestPrefix, retries: number): Promise<Verdict> {
  let culprit: Verdict['culprit'];
  for (let good = length; good > 0; ) {
    const result = await test(good);
    if (result.passed) return { good, culprit };
    const found = await findCulprit(good, result, test, retries);
    if (!found) continue; // it was the gate's fault
    if (found.link === 0) return { good: 0, targetFailure: found.failure };
    culprit = found;
    good = found.link - 1;
  }
  return { good: 0, culprit };
}

/** Every link by itself, up to the first that fails. */
async function testEach(length: number, test: TestPrefix, retries: number): Promise<Verdict> {
  for (let link = 1; link <= length; ) {
    const result = await test(link);
    if (result.passed) {
      link += 1;
      continue;
    }
    const failure = await confirmed(link, result, test, retries);
    if (!failure) continue;
    const target = link === 1 ? await targetFailure(failure, test, retries) : undefined;
    return target ? { good: 0, targetFailure: target } : { good: link - 1, culprit: { link, failure } };
  }
  return { good: length };
}

/**
 * The link that fails although the one before it passes, by halving: at most ⌈log₂ length⌉ runs where no gate is flaky.
 * A failure counts as such until it would be blamed on a link; only then it is confirmed.
 * @param first how the gates of the whole chain failed
 * @returns link 0 where the target fails itself; undefined where no failure could be confirmed
 */
async function findCulprit(
  length: number,
  first: GateFailure,
  test: TestPrefix,
  retries: number,
): Promise<{ link: number; failure: GateFailure } | undefined> {
  let passes = 0;
  const failing = [{ link: length, failure: first }];
  for (let nearest = failing.at(-1); nearest; nearest = failing.at(-1)) {
    if (nearest.link - passes > 1) {
      const link = Math.floor((passes + nearest.link) / 2);
      const result = await test(link, { only: first.gate });
      if (result.passed) passes = link;
      else failing.push({ link, failure: result });
      continue;
    }
    const { link } = nearest;
    const failure = await confirmed(link, nearest.failure, test, retries);
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

/**
 * How the target fails this gate by itself. A gate that has never passed was not broken by a change: the work may be to make
 * it pass.
 */
async function targetFailure(
  { gate, passedBefore }: GateFailure,
  test: TestPrefix,
  retries: number,
): Promise<GateFailure | undefined> {
  if (!passedBefore) return undefined;
  const result = await test(0, { only: gate });
  return result.passed ? undefined : confirmed(0, result, test, retries);
}

/** Repeats a failure, unless that was done before. @returns the last one; undefined where the gate passes at last */
async function confirmed(
  link: number,
  failure: GateFailure,
  test: TestPrefix,
  retries: number,
): Promise<GateFailure | undefined> {
  if (failure.confirmed) return failure;
  let last = failure;
  for (let tries = 0; tries < retries; tries += 1) {
    const result = await test(link, { only: last.gate, confirms: last.problem });
    if (result.passed) return undefined;
    last = result;
  }
  return last;
}
