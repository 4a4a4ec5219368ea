import { CancellationTokenSource, ResponseError, type MessageConnection } from 'vscode-jsonrpc/node';
import type { UserError } from '../../base/errors';
import { withTimeLimit } from '../timeLimit';
import type { Params, RequestSpec, Result } from '../request';
import { userErrorOf, type WireError } from '../wireError';

/**
 * Sends one request over a listening connection.
 * @throws UserError as the handler threw it, or `unavailable` after the time limit; any other error as JSON-RPC reports
 * it
 */
export async function callOver<S extends RequestSpec>(
  connection: MessageConnection,
  spec: S,
  params: Params<S>,
  operation?: string,
): Promise<Result<S>> {
  try {
    return await withTimeLimit(spec, async (signal) => {
      const source = new CancellationTokenSource();
      signal.addEventListener('abort', () => source.cancel());
      return connection.sendRequest<Result<S>>(spec.method, { input: params, operation }, source.token);
    });
  } catch (error) {
    throw responseErrorOf(error) ?? error;
  }
}

/** The UserError that a handler threw at the other end, if that is what this error carries. */
export function responseErrorOf(error: unknown): UserError | undefined {
  return error instanceof ResponseError ? userErrorOf(error as WireError) : undefined;
}
