import type { Duplex } from 'node:stream';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import type { NotificationSpec } from '../../protocol/request';

/**
 * Above this the program is paused, below the low mark it continues (UTF-16 units not yet read by the peer's socket).
 */
export const VIEWER_HIGH_WATER = 1024 * 1024;
const VIEWER_LOW_WATER = 256 * 1024;

/** A connection that receives output; tracks how much of it is still unread. */
export class Viewer {
  private pending = 0;
  private slow = false;
  /** When the peer last read something, in ms since the epoch. */
  private progressAt = Date.now();
  private readonly waiting = new Set<() => void>();

  constructor(
    readonly id: string,
    private readonly connection: MessageConnection,
    private readonly socket: Duplex,
  ) {}

  get isSlow(): boolean {
    return this.slow;
  }

  /** @param relieved called whenever a slow viewer has caught up or is gone */
  onRelief(relieved: () => void): () => void {
    this.waiting.add(relieved);
    return () => this.waiting.delete(relieved);
  }

  notify<P>(spec: NotificationSpec<P>, params: P, size: number): void {
    if (this.pending === 0) this.progressAt = Date.now();
    this.pending += size;
    if (this.pending > VIEWER_HIGH_WATER) this.slow = true;
    const done = (): void => {
      this.pending -= size;
      this.progressAt = Date.now();
      if (this.slow && this.pending < VIEWER_LOW_WATER) this.relieve();
    };
    try {
      // Settles once the bytes were sent to the peer, or the connection is gone.
      this.connection.sendNotification(spec.method, params).then(done, done);
    } catch {
      done();
    }
  }

  /** Disconnects a peer that has read nothing for this long: a hung window must not block an agent. */
  cutIfStuck(limitMs: number): void {
    if (this.slow && Date.now() - this.progressAt > limitMs) this.close();
  }

  close(): void {
    this.socket.destroy();
    this.relieve();
  }

  private relieve(): void {
    this.slow = false;
    for (const relieved of [...this.waiting]) relieved();
  }
}
