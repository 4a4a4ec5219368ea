import type { Socket } from 'node:net';
import { SocketMessageReader, type DataCallback, type Disposable } from 'vscode-jsonrpc/node';
import { FrameGuard } from './frames';

/**
 * Reads messages of an untrusted peer: `vscode-jsonrpc` itself allocates whatever length is announced, and keeps a
 * timer for a message that never ends, also after the peer has disconnected.
 */
export class LimitedReader extends SocketMessageReader {
  constructor(private readonly peer: Socket) {
    super(peer);
    this.partialMessageTimeout = 0;
  }

  override listen(callback: DataCallback): Disposable {
    const guard = new FrameGuard();
    this.peer.on('data', (chunk: Buffer) => {
      const problem = guard.problemIn(chunk);
      if (problem !== undefined) this.peer.destroy(new Error(problem));
    });
    return super.listen(callback);
  }
}
