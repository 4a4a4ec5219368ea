import { ErrorCodes, ResponseError, type MessageConnection } from 'vscode-jsonrpc/node';
import { UserError } from '../../base/errors';
import { operationKey } from '../../base/idempotency';
import type { CallContext, Dispatcher } from '../dispatcher';
import type { RequestSpec } from '../request';
import { envelopeSchema, parseWith } from '../schemas/schema';
import { wireError, type WireError } from '../wireError';

export type Outcome = { result: unknown } | { error: WireError };

export interface ServeOptions {
  dispatcher: Dispatcher;
  /** The caller's context, for a request with this operation id. */
  context: (operation?: string) => CallContext;
  /** Throws a UserError `refused` if the caller may not do this. */
  authorize: (spec: RequestSpec, context: CallContext) => void;
  /** Runs a handler, unless its first result is known: for a call that is repeated because its answer was lost. */
  once?: (spec: RequestSpec, context: CallContext, run: () => Promise<unknown>) => Promise<unknown>;
  /** Called with every thrown error that is not a UserError: a bug. */
  onDefect?: (method: string, error: unknown) => void;
}

/**
 * Handles one request, independent of the transport: envelope, parameters, access, handler, result. Never throws. A
 * handler's `undefined` becomes null, because JSON has no undefined.
 */
export async function handleRequest(method: string, rawParams: unknown, options: ServeOptions): Promise<Outcome> {
  const entry = options.dispatcher.get(method);
  if (!entry) return { error: { code: ErrorCodes.MethodNotFound, message: `unknown request ${method}` } };
  try {
    const { input, operation } = parseWith(envelopeSchema, rawParams, method);
    const params = entry.parse(input);
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
