import type { NotificationSpec } from '../request';

/** The part of a connection's socket that is needed to bound its backlog. */
export interface ClientSocket {
  /** Bytes that were written but not yet read by the other side. */
  readonly writableLength: number;
  readonly destroyed: boolean;
  destroy(): void;
}

interface Client {
  socket: ClientSocket;
  send(method: string, params: unknown): Promise<void>;
}

/** A client with more unread bytes than this is disconnected: it reconnects and reloads everything. */
export const MAX_BACKLOG_BYTES = 16_000_000;

/** The connected clients, and the notifications to them. Every queue has a bound. */
export class Connections {
  private readonly clients = new Map<string, Client>();

  constructor(private readonly log: { error(text: string): void }) {}

  get size(): number {
    return this.clients.size;
  }

  add(id: string, socket: ClientSocket, send: Client['send']): void {
    this.clients.set(id, { socket, send });
  }

  remove(id: string): void {
    this.clients.delete(id);
  }

  /** Bytes that a client has not read yet. */
  backlog(id: string): number {
    return this.clients.get(id)?.socket.writableLength ?? 0;
  }

  notify<P>(id: string, spec: NotificationSpec<P>, params: P): void {
    const client = this.clients.get(id);
    if (!client || client.socket.destroyed || this.cutIfStuck(id, client)) return;
    // Rejects if the connection breaks; its `close` event handles that.
    client.send(spec.method, params).catch(() => this.remove(id));
  }

  broadcast<P>(spec: NotificationSpec<P>, params: P, isSubscribed: (id: string) => boolean): void {
    for (const id of [...this.clients.keys()]) if (isSubscribed(id)) this.notify(id, spec, params);
  }

  /** Disconnects clients with too much unread data, answers included. Call periodically. */
  cutStuck(): void {
    for (const [id, client] of this.clients) this.cutIfStuck(id, client);
  }

  private cutIfStuck(id: string, { socket }: Client): boolean {
    if (socket.destroyed || socket.writableLength <= MAX_BACKLOG_BYTES) return false;
    this.log.error(`${id} has not read ${socket.writableLength} bytes: its connection is closed`);
    socket.destroy();
    return true;
  }
}
