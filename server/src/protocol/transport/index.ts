/** What clients use of sockets, handshake and JSON-RPC. Servers import `rpcServer` and `serve`. Node only. */
export {
  connectTo,
  connectTown,
  joinTown,
  openTown,
  type TownConnection,
  type TownOptions,
} from './connect';
export { hostEndpointFile, readEndpoint, serverEndpointFile, type Endpoint } from './endpointFile';
export { type Acceptance, type Hello, type HelloInput, type Welcome } from './handshake';
export { RpcClient } from './rpcClient';
export type { Streams } from './rpcServer';
export { BUILD, PROTOCOL } from './version';
export type { Connected } from './rpcClient';
