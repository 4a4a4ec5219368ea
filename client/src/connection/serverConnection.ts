import type { IDisposable } from '../../../server/src/base/lifecycle';
import type { NotificationSpec, Params, RequestSpec, Result } from '../../../server/src/protocol/request';

export interface CallOptions {
  /**
   * False: fail if the connection breaks. By default a request whose answer was lost is repeated on the next
   * connection.
   */
  repeat?: boolean;
}

/** Requests to the town's server and its notifications. The real connection implements it, and so do those of tests. */
export interface ServerConnection {
  /** @throws UserError as the server threw it, or `unavailable` */
  call<S extends RequestSpec>(spec: S, params: Params<S>, options?: CallOptions): Promise<Result<S>>;
  /** Listens on the current connection and on all later ones. */
  onNotification<P>(spec: NotificationSpec<P>, handler: (params: P) => void): IDisposable;
}
