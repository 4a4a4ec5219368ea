/** Below the time limit of a test (.mocharc.json, scripts/mochaHooks.cjs), so that a failure reports the state. */
const LIMIT_MS = 90_000;

/** Polls until the condition holds. @throws Error with the present state (`what`) after the time limit */
export async function until(condition: () => boolean, what: () => unknown = () => 'nothing'): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!condition()) {
    if (Date.now() > deadline)
      throw new Error(`it did not happen within ${LIMIT_MS} ms; there is ${JSON.stringify(what())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
