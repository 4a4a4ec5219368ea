import { CancellationTokenSource, ResponseError, type MessageConnection } from 'vscode-jsonrpc/node';
import { UserError } from '../../base/errors';
import { withTimeLimit } from '../timeLimit';
import { USER_ERROR_CODE, errorData, type Params, type RequestSpec, type Result } from '../request';
import { errorCode } from './handshake';

/**
 * Sends one request over a listening connection.
 * @throws UserError as the handler threw it, or `unavailable` after the time limit; any other error as JSON-RPC reports it
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
    throw userErrorOf(error) ?? error;
  }
}

/** The UserError that a handler threw at the other end, if that is what this error carries. */
export function userErrorOf(error: unknown): UserError | undefined {
  if (!(error instanceof ResponseError) || error.code !== USER_ERROR_CODE) return undefined;
  const data = errorData.safeParse(error.data);
  return new UserError(error.message, data.data?.hint, errorCode(data.data?.code));
}
