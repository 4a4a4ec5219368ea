import { UserError } from '../base/errors';
import type { RequestSpec } from './request';

/** Time limit of requests whose spec sets none. */
export const DEFAULT_TIME_LIMIT_MS = 30_000;
/** For requests that start or end processes, run git, or write many beads. */
export const LONG_LIMIT_MS = 180_000;
/** For requests that clone a repository. */
export const CLONE_LIMIT_MS = 900_000;

/** For requests that wait for the gates of a rig. */
export const GATES_LIMIT_MS = 4 * 3_600_000;

/** How long a client waits for the answer to this request. */
export function timeLimitOf(spec: Pick<RequestSpec, 'timeLimitMs'>): number {
  return spec.timeLimitMs ?? DEFAULT_TIME_LIMIT_MS;
}

/**
 * Sends a request and waits for its answer, but no longer than its time limit. All clients use this function.
 * @param send gets a signal that aborts when the limit has passed, to cancel the request at the other end
 * @throws UserError `unavailable` after the limit
 */
export async function withTimeLimit<T>(
  spec: Pick<RequestSpec, 'method' | 'timeLimitMs' | 'access'>,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  return limited(spec, send(controller.signal), () => controller.abort());
}

/**
 * Waits for the answer to a request, but no longer than its time limit.
 * @param onLimit called when the limit has passed
 * @throws UserError `unavailable` after the limit
 */
export async function limited<T>(
  spec: Pick<RequestSpec, 'method' | 'timeLimitMs' | 'access'>,
  answer: Promise<T>,
  onLimit?: () => void,
): Promise<T> {
  const limit = timeLimitOf(spec);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(timeLimitError(spec, limit));
      onLimit?.();
    }, limit);
  });
  answer.catch(() => undefined); // after the limit the answer is ignored
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function timeLimitError({ method, access }: Pick<RequestSpec, 'method' | 'access'>, limitMs: number): UserError {
  const seconds = Math.round(limitMs / 1000);
  return new UserError(
    `the server did not answer ${method} within ${seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`}`,
    access === 'read' ? 'try again; if it happens again, restart the server' : unknownOutcome,
    'unavailable',
  );
}

const unknownOutcome =
  'it is unknown whether the change was made: check, for example with "bd show" or "gt status", before you try again';

/** The error of a request whose answer was lost with the connection and which could not be repeated. */
export function answerLostError({ method, access }: Pick<RequestSpec, 'method' | 'access'>, reason: string): UserError {
  return new UserError(
    `the connection to the server was lost before it answered ${method}: ${reason}`,
    access === 'read' ? 'try again' : unknownOutcome,
    'unavailable',
  );
}
