/** Sockets, handshake and JSON-RPC between the programs of a town. Node only. */
export {
  connectTo,
  connectTown,
  joinTown,
  openTown,
  type Connected,
  type TownConnection,
  type TownOptions,
} from './connect';
export { ServerRetire } from './control';
export { hostEndpointFile, readEndpoint, serverEndpointFile, isEndpointAlive, type Endpoint } from './endpointFile';
export { type Acceptance, type Hello, type HelloInput, type Welcome } from './handshake';
export { RpcClient } from './rpcClient';
export { listen, type ListenOptions, type RpcServer, type Streams } from './rpcServer';
export { handleRequest, serve, wireError, type Outcome, type ServeOptions, type WireError } from './serve';
export { BUILD, PROTOCOL } from './version';
