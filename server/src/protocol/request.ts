import { z } from 'zod';

/**
 * Who may call: `read` anybody who is connected; `write` people and agents with a valid session token;
 * `person` a person only (accepting commands, removing rigs, starting the engine).
 */
export type Access = 'read' | 'write' | 'person';

/** One typed request: its method on the wire, the schema of its parameters and the type of its result. */
export interface RequestSpec<P extends z.ZodType = z.ZodType, R = unknown> {
  readonly method: string;
  readonly params: P;
  readonly access: Access;
  /** A repeated call may have its effect twice after a crash: not worth a disk write for each, such as a key press. */
  readonly transient?: boolean;
  /** How long a client waits for the answer; without it `DEFAULT_TIME_LIMIT_MS` (timeLimit.ts). */
  readonly timeLimitMs?: number;
  /** Only for the compiler: carries the result type. */
  readonly resultType?: R;
}

export interface NotificationSpec<P> {
  readonly method: string;
  readonly paramsType?: P;
}

/** `request<Result>()(method, schema, access)`: two calls, because TypeScript infers all type arguments or none. */
export function request<R>() {
  return <P extends z.ZodType>(
    method: string,
    params: P,
    access: Access,
    more: Pick<RequestSpec, 'transient' | 'timeLimitMs'> = {},
  ): RequestSpec<P, R> => ({ method, params, access, ...more });
}

export function notification<P>(method: string): NotificationSpec<P> {
  return { method };
}

/** What callers write (defaults may be left out). */
export type Params<S> = S extends RequestSpec<infer P, unknown> ? z.input<P> : never;
/** What handlers get (defaults filled in). */
export type ParsedParams<S> = S extends RequestSpec<infer P, unknown> ? z.output<P> : never;
export type Result<S> = S extends RequestSpec<z.ZodType, infer R> ? R : never;

/**
 * On the wire every request is `{ input, operation }`. A client repeats a request whose answer it lost with
 * the same operation id and gets the first result.
 */
export const envelope = z.object({ input: z.unknown(), operation: z.string().max(80).optional() });

/** Something requests can be sent to: a server at the other end of a socket, or handlers in this process. */
export interface Caller {
  call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>>;
}

/** How a `UserError` crosses the wire: JSON-RPC error code and its data. */
export const USER_ERROR_CODE = -32050;
export const errorData = z.object({ hint: z.string().optional(), code: z.string().optional() });
