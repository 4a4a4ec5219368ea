/** Waits until the condition holds; says what was there instead when it never does. */
export async function until(
  condition: () => boolean,
  what: () => unknown = () => 'nothing',
  timeoutMs = 5_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline)
      throw new Error(`it did not happen within ${timeoutMs} ms; there is ${JSON.stringify(what())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
