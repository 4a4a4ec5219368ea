import { UserError } from '../../base/errors';
import type { Caller, Params, RequestSpec, Result } from '../../protocol/request';

/*
 * An agent with a model reads an error and tries again; a script cannot. So it waits for a server that is overloaded,
 * restarting or being replaced: an error would count as a failed attempt at its bead.
 */

/** Pauses between the tries, in milliseconds. A restarted server answers within seconds. */
const pausesMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];

/** Waits between two tries. Replaced in tests. */
export type Pause = (ms: number) => Promise<void>;

export const realPause: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function isUnavailable(error: unknown): error is UserError {
  return error instanceof UserError && error.code === 'unavailable';
}

/**
 * Repeats a task while the server cannot be reached or does not answer in time.
 * @param task must be safe to repeat, also if an earlier try took effect
 * @throws the last error, about a minute after the first
 */
export async function patiently<T>(task: () => Promise<T>, pause: Pause): Promise<T> {
  for (const ms of pausesMs) {
    try {
      return await task();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await pause(ms);
    }
  }
  return task();
}

/** The same caller; repeats requests that only read. */
export function patientReader(town: Caller, pause: Pause): Caller {
  return {
    call: <S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>> =>
      spec.access === 'read' ? patiently(() => town.call(spec, params), pause) : town.call(spec, params),
  };
}
