import { ErrorCodes, ResponseError, type MessageConnection } from 'vscode-jsonrpc/node';
import { z } from 'zod';
import { UserError, messageOf } from '../../base/errors';
import { operationKey } from '../../base/idempotency';
import type { CallContext, Dispatcher } from '../dispatcher';
import { USER_ERROR_CODE, envelope, type RequestSpec } from '../request';

/** A failure as it crosses the wire; make a `ResponseError` of the JSON-RPC library at hand from it. */
export interface WireError {
  code: number;
  message: string;
  data?: unknown;
}
export type Outcome = { result: unknown } | { error: WireError };

export interface ServeOptions {
  dispatcher: Dispatcher;
  /** The caller of this connection, for a request with this operation id. */
  context: (operation?: string) => CallContext;
  /** Throws a UserError `refused` where the caller may not do this. */
  authorize: (spec: RequestSpec, context: CallContext) => void;
  /** Runs a handler, unless its first result is known: for a call that is repeated because its answer was lost. */
  once?: (spec: RequestSpec, context: CallContext, run: () => Promise<unknown>) => Promise<unknown>;
  /** Told about everything thrown that is not a UserError: a defect of ours. */
  onDefect?: (method: string, error: unknown) => void;
}

/**
 * Handles one request, whatever brought it: envelope, parameters, access, handler, result.
 * Never throws. A handler's `undefined` becomes null, which JSON can say.
 */
export async function handleRequest(method: string, rawParams: unknown, options: ServeOptions): Promise<Outcome> {
  const entry = options.dispatcher.get(method);
  if (!entry) return { error: { code: ErrorCodes.MethodNotFound, message: `unknown request ${method}` } };
  try {
    const { input, operation } = parse(envelope, rawParams, method);
    const params = parse(entry.spec.params, input, method);
    const caller = options.context(operation);
    const context =
      operation === undefined ? caller : { ...caller, operation: operationKey(method, caller.actor, operation) };
    options.authorize(entry.spec, context);
    const run = (): Promise<unknown> => entry.run(params, context);
    return { result: (await (options.once ? options.once(entry.spec, context, run) : run())) ?? null };
  } catch (error) {
    if (!(error instanceof UserError)) options.onDefect?.(method, error);
    return { error: wireError(error) };
  }
}

/** Serves every request of the dispatcher on a connection that is not yet listening. */
export function serve(
  connection: MessageConnection,
  dispatcher: Dispatcher,
  context: ServeOptions['context'],
  authorize: ServeOptions['authorize'],
  onDefect?: ServeOptions['onDefect'],
  once?: ServeOptions['once'],
): void {
  connection.onRequest(async (method: string, params: object | unknown[] | undefined) => {
    const outcome = await handleRequest(method, params, { dispatcher, context, authorize, onDefect, once });
    if ('result' in outcome) return outcome.result;
    return new ResponseError(outcome.error.code, outcome.error.message, outcome.error.data);
  });
}

/** How anything that was thrown crosses the wire. */
export function wireError(error: unknown): WireError {
  if (error instanceof UserError)
    return { code: USER_ERROR_CODE, message: error.message, data: { hint: error.hint, code: error.code } };
  return { code: ErrorCodes.InternalError, message: messageOf(error) };
}

function parse<S extends z.ZodType>(schema: S, value: unknown, method: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 5).map((issue) => {
    const where = issue.path.map(String).join('.');
    return where ? `${where}: ${issue.message}` : issue.message;
  });
  throw new UserError(`bad parameters for ${method}: ${problems.join('; ')}`);
}
