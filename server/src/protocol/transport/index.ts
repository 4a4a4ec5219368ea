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
export type { Connected, Streams } from './streams';
export { BUILD, PROTOCOL } from './version';
