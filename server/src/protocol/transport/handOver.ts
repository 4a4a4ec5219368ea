import { createMessageConnection } from 'vscode-jsonrpc/node';
import { UserError, messageOf } from '../../base/errors';
import { isAlive } from '../../base/process';
import { ServerRetire } from '../town';
import { callOver } from './callWire';
import { readEndpoint } from './endpointFile';
import type { ServerPlace } from './serverPlace';
import type { Connected } from './streams';

const RETIRE_TIMEOUT_MS = 10_000;

/**
 * The client's part of a hand-over to a newer build: asks the running server to end and waits until its process is
 * gone.
 * @param build of the one that takes over
 * @throws UserError `unavailable` if it does not end
 */
export async function replaceServer(connected: Connected, place: ServerPlace, build: number): Promise<void> {
  const endpoint = readEndpoint(place.endpointFile);
  const connection = createMessageConnection(connected.reader, connected.writer);
  let limit: NodeJS.Timeout | undefined;
  try {
    connection.listen();
    const late = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, RETIRE_TIMEOUT_MS);
    });
    const gone = new Promise<void>((resolve) => connected.socket.once('close', () => resolve()));
    // It may end before its answer arrives.
    await Promise.race([callOver(connection, ServerRetire.spec, { build }), gone, late]);
  } catch (error) {
    throw new UserError(
      `the running server of this ${place.kind} could not be replaced: ${messageOf(error)}`,
      place.kind === 'town'
        ? 'Run `gt shutdown`, then try again.'
        : `End process ${endpoint?.pid ?? 'unknown'}, then try again.`,
      'unavailable',
    );
  } finally {
    clearTimeout(limit); // otherwise the timer would keep the process alive
    connection.dispose();
    connected.socket.destroy();
  }
  const deadline = Date.now() + RETIRE_TIMEOUT_MS;
  while (endpoint && isAlive(endpoint)) {
    if (Date.now() > deadline)
      throw new UserError(
        `the running server of this ${place.kind} does not stop`,
        `Its process id is ${endpoint.pid}.`,
        'unavailable',
      );
    await sleep(30);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
