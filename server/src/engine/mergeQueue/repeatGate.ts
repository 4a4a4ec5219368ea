import type { GateFailure, TestPrefix } from './verdict';

/**
 * Repeats a failed gate, unless the failure is confirmed already. @returns the last failure; undefined if the gate
 * finally passes
 */
export async function confirmed(
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

/**
 * The failure of this gate on the target itself, if any. Not checked for a gate that has never passed: the change may
 * be what makes it pass.
 */
export async function targetFailure(
  { gate, passedBefore }: GateFailure,
  test: TestPrefix,
  retries: number,
): Promise<GateFailure | undefined> {
  if (!passedBefore) return undefined;
  const result = await test(0, { only: gate });
  return result.passed ? undefined : confirmed(0, result, test, retries);
}
