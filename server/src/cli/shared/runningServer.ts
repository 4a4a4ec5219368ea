import { isAlive } from '../../base/process';
import { readEndpoint, type Endpoint } from '../../protocol/transport/endpointFile';
import type { ServerPlace } from '../../protocol/transport/serverPlace';

/** The endpoint of the server that runs at a place; undefined without one. */
export function runningServer({ endpointFile }: Pick<ServerPlace, 'endpointFile'>): Endpoint | undefined {
  const endpoint = readEndpoint(endpointFile);
  return endpoint && isAlive(endpoint) ? endpoint : undefined;
}
