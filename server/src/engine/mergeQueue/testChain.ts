import type { MergeMode } from '../../protocol/town';
import { findCulprit } from './findCulprit';
import { confirmed, targetFailure } from './repeatGate';
import type { GateFailure, TestPrefix, Verdict } from './verdict';

export interface TestOptions {
  mode: MergeMode;
  /** How often a gate is repeated before a change is blamed for its failure. */
  retries: number;
  /** Maximum number of prefixes that are tested in parallel; by default 1. */
  width?: number;
  /** Return the failing range without searching for the culprit: `searchBatch` does that outside the queue. */
  leavesSearch?: boolean;
}

/** Tests a chain of candidates, and finds the failing ones. @param length number of links, 1 or more */
export function testChain(length: number, test: TestPrefix, options: TestOptions): Promise<Verdict> {
  const tries = { ...options, width: options.width ?? 1 };
  return tries.mode === 'each' ? testEach(length, test, tries) : testBatch(length, test, tries);
}

/** Options of a search. */
export type Tries = Pick<TestOptions, 'retries' | 'leavesSearch'> & { width: number };

/** Tests the whole chain at once. If that fails, a search finds the culprit, and the links before it are tested. */
async function testBatch(length: number, test: TestPrefix, tries: Tries): Promise<Verdict> {
  let culprit: Verdict['culprit'];
  for (let good = length; good > 0; ) {
    const result = await test(good);
    if (result.passed) return { good, culprit };
    if (tries.leavesSearch && good > 1) return { good: 0, culprit: { first: 1, link: good, failure: result } };
    const found = await findCulprit(good, result, test, { ...tries, confirmLater: tries.leavesSearch });
    if (!found) continue; // the gate was flaky
    if (found.link === 0) return { good: 0, targetFailure: found.failure };
    culprit = found;
    good = found.link - 1;
  }
  return { good: 0, culprit };
}

/** Tests every link separately, several in parallel, up to the first one that fails. */
async function testEach(length: number, test: TestPrefix, { retries, width, leavesSearch }: Tries): Promise<Verdict> {
  for (let good = 0; good < length; ) {
    const count = Math.min(width, length - good);
    const results = await Promise.all(Array.from({ length: count }, (_, index) => test(good + index + 1)));
    const failed = results.findIndex(({ passed }) => !passed);
    if (failed < 0) {
      good += count;
      continue;
    }
    const link = good + failed + 1;
    good = link - 1;
    const first = results[failed] as GateFailure;
    const failure = leavesSearch ? first : await confirmed(link, first, test, retries);
    if (!failure) continue;
    const target = link === 1 ? await targetFailure(failure, test, retries) : undefined;
    return target ? { good: 0, targetFailure: target } : { good, culprit: { link, failure } };
  }
  return { good: length };
}
