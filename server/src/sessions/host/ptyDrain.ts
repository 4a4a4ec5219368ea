import fs from 'node:fs';
import type { Readable } from 'node:stream';
import type { IPty } from '@lydell/node-pty';

const MAX_REST = 4 * 1024 * 1024;

/** Parts of the terminal library's unix object that are missing in its types; the version is pinned. */
interface UnixInternals {
  fd?: unknown;
  _socket?: unknown;
}

/**
 * Reads the remaining output of a terminal whose program ended. libuv treats a short read together with the hang-up as
 * the end of the stream, although some kilobytes may still be in the kernel: without this the last lines of a program
 * are lost if we were paused or busy when it ended.
 */
export function drainAtEnd(pty: IPty, receive: (data: string) => void): void {
  const { fd, _socket } = pty as IPty & UnixInternals;
  if (process.platform === 'win32' || typeof fd !== 'number' || !isReadable(_socket)) return;
  // The descriptor is closed only after these events.
  _socket.on('end', () => readRest(fd, receive));
  _socket.on('error', () => {
    for (let rest = _socket.read() as string | null; rest !== null; rest = _socket.read() as string | null)
      receive(rest);
  });
}

function readRest(fd: number, receive: (data: string) => void): void {
  const chunks: Buffer[] = [];
  for (let total = 0; total < MAX_REST; ) {
    const buffer = Buffer.alloc(64 * 1024);
    let read: number;
    try {
      read = fs.readSync(fd, buffer);
    } catch {
      break; // EIO: nothing left; EAGAIN: a process in the background still holds the terminal
    }
    if (read <= 0) break;
    chunks.push(buffer.subarray(0, read));
    total += read;
  }
  if (chunks.length > 0) receive(Buffer.concat(chunks).toString('utf8'));
}

function isReadable(value: unknown): value is Readable {
  return typeof value === 'object' && value !== null && 'read' in value && 'on' in value;
}
