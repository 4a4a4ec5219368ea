import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Cancellation of whole operations. An operation (an action of the engine, a request of a client) runs with an
 * `AbortSignal`; whatever it awaits sees that signal: git commands and gates are killed, and the store refuses writes.
 * The signal is part of the asynchronous context, so no function in between has to pass it on.
 */
const signals = new AsyncLocalStorage<AbortSignal>();

/**
 * The operation was cancelled because the server ends: not a failure of the work, and it is repeated after the next
 * start.
 */
export class AbortedError extends Error {
  constructor() {
    super('interrupted: the server is stopping');
    this.name = 'AbortedError';
  }
}

/**
 * Runs `task` so that everything below it is cancelled with `signal`. @throws AbortedError if the signal is already
 * aborted
 */
export async function runAbortable<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
  return signals.run(signal, async () => {
    throwIfAborted();
    return task();
  });
}

/** Runs `task` so that `stop` cancels only this task, while cancelling the surrounding operation cancels it, too. */
export async function runCancellable<T>(stop: AbortController, task: () => Promise<T>): Promise<T> {
  const outer = currentSignal();
  const abort = (): void => stop.abort();
  if (outer?.aborted) abort();
  else outer?.addEventListener('abort', abort, { once: true });
  try {
    return await runAbortable(stop.signal, task);
  } finally {
    outer?.removeEventListener('abort', abort);
  }
}

/**
 * Waits for a promise that is not itself cancelled. @throws AbortedError if the running operation is cancelled first
 */
export async function untilAborted<T>(others: Promise<T>): Promise<T> {
  const signal = currentSignal();
  if (!signal) return others;
  throwIfAborted();
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new AbortedError());
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([others, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Signal of the operation that is running; undefined outside of any. */
export function currentSignal(): AbortSignal | undefined {
  return signals.getStore();
}

/** @throws AbortedError if the running operation was cancelled */
export function throwIfAborted(): void {
  if (currentSignal()?.aborted) throw new AbortedError();
}

/** Waits for a while, or until the running operation is cancelled. @throws AbortedError in that case */
export function abortableDelay(ms: number): Promise<void> {
  const signal = currentSignal();
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer);
      reject(new AbortedError());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** Resolves when the promises have settled, at the latest after `limitMs`. @returns whether all had settled */
export async function settledWithin(promises: Iterable<Promise<unknown>>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const settled = Promise.allSettled(promises).then(() => true as const);
  try {
    return await Promise.race([settled, limit]);
  } finally {
    clearTimeout(timer);
  }
}
