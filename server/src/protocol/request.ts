/**
 * Who may call: `read`: every connected client; `write` people and agents with a valid session token; `person` a person
 * only (accepting commands, removing rigs, starting the engine).
 */
export type Access = 'read' | 'write' | 'person';

/**
 * One typed request. The schema of its parameters is in `schemas/` and is known to servers only.
 * `P`: what callers write; `R`: the result; `Parsed`: what handlers get, with defaults filled in.
 */
export interface RequestSpec<P = unknown, R = unknown, Parsed = P> {
  readonly method: string;
  readonly access: Access;
  /**
   * A repeated call may take effect twice after a crash: for requests that are not worth a disk write each, such as key
   * presses.
   */
  readonly transient?: boolean;
  /** How long a client waits for the answer; without it `DEFAULT_TIME_LIMIT_MS` (timeLimit.ts). */
  readonly timeLimitMs?: number;
  /** For the compiler only. */
  readonly types?: { params: P; result: R; parsed: Parsed };
}

export interface NotificationSpec<P> {
  readonly method: string;
  /** For the compiler only. */
  readonly types?: { params: P };
}

export function request<P, R, Parsed = P>(
  method: string,
  access: Access,
  more: Pick<RequestSpec, 'transient' | 'timeLimitMs'> = {},
): RequestSpec<P, R, Parsed> {
  return { method, access, ...more };
}

export function notification<P>(method: string): NotificationSpec<P> {
  return { method };
}

/** Parameters of a request without any. */
export type NoParams = Record<string, never>;

/** Parameters with defaults: the schema fills in these. */
export type WithDefaults<P, K extends keyof P> = Omit<P, K> & Required<Pick<P, K>>;

/** What callers write; defaults may be left out. */
export type Params<S> = S extends RequestSpec<infer P, unknown, unknown> ? P : never;
/** What handlers get; defaults are filled in. */
export type ParsedParams<S> = S extends RequestSpec<unknown, unknown, infer Parsed> ? Parsed : never;
export type Result<S> = S extends RequestSpec<unknown, infer R, unknown> ? R : never;

/**
 * The envelope of the parameters on the wire. A client that lost the answer repeats the request with the same operation
 * id and gets the first result.
 */
export interface Envelope {
  input?: unknown;
  operation?: string;
}

/** Something that answers requests: a server at the other end of a socket, or handlers in this process. */
export interface Caller {
  call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>>;
}
