/*
 * The framing of JSON-RPC on a stream, as the Language Server Protocol has it: header lines that end with CRLF, among
 * them `Content-Length` with the bytes of the body, an empty line, and the body in UTF-8.
 */

const SEPARATOR = '\r\n\r\n';
/** Longest header in bytes. */
const MAX_HEADER = 4096;
/** Longest body in bytes: an exported ledger fits, and no peer can make us reserve more. */
const MAX_BODY = 256 * 1024 * 1024;

export function frame(message: unknown): string {
  const body = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(body)}${SEPARATOR}${body}`;
}

/** Puts the chunks of a stream together to messages. */
export class FrameReader {
  private chunks: Buffer[] = [];
  private size = 0;
  /** Bytes of the body that is being read; undefined while the header is. */
  private bodyLength: number | undefined;

  /** @throws Error for what is not a frame, or is longer than allowed; the stream is then of no use any more */
  read(chunk: Buffer): unknown[] {
    this.chunks.push(chunk);
    this.size += chunk.length;
    const messages: unknown[] = [];
    for (;;) {
      if (this.bodyLength === undefined && !this.readHeader()) return messages;
      if (this.bodyLength === undefined || this.size < this.bodyLength) return messages;
      const body = this.take(this.bodyLength).toString('utf8');
      this.bodyLength = undefined;
      messages.push(JSON.parse(body) as unknown);
    }
  }

  /** @returns false while the header is not complete */
  private readHeader(): boolean {
    const available = this.joined();
    const end = available.subarray(0, MAX_HEADER).indexOf(SEPARATOR);
    if (end < 0) {
      if (available.length >= MAX_HEADER) throw new Error('a message has no header');
      return false;
    }
    const header = this.take(end + SEPARATOR.length).toString('latin1');
    const length = /^content-length:[ \t]*(\d{1,15})[ \t]*$/im.exec(header)?.[1];
    if (length === undefined) throw new Error('a message has no Content-Length');
    if (Number(length) > MAX_BODY) throw new Error(`a message is longer than ${MAX_BODY} bytes`);
    this.bodyLength = Number(length);
    return true;
  }

  private take(bytes: number): Buffer {
    const all = this.joined();
    this.chunks = bytes < all.length ? [all.subarray(bytes)] : [];
    this.size = all.length - bytes;
    return all.subarray(0, bytes);
  }

  private joined(): Buffer {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0] ?? Buffer.alloc(0);
  }
}

/** Follows a stream of messages without keeping them: no header and no body may be longer than allowed. */
export class FrameGuard {
  private header = Buffer.alloc(0);
  /** Bytes of a body that are still to come. */
  private left = 0;

  /** @returns what is wrong; the stream is then of no use any more */
  problemIn(chunk: Buffer): string | undefined {
    let rest = chunk;
    for (;;) {
      const skipped = Math.min(this.left, rest.length);
      this.left -= skipped;
      rest = rest.subarray(skipped);
      if (rest.length === 0) return undefined;
      const header = Buffer.concat([this.header, rest.subarray(0, MAX_HEADER + 1)]);
      const end = header.indexOf(SEPARATOR);
      if (end < 0) {
        this.header = header;
        return header.length > MAX_HEADER ? 'a message has no header' : undefined;
      }
      const length = /^content-length:[ \t]*(\d{1,15})[ \t]*$/im.exec(header.toString('latin1', 0, end))?.[1];
      if (length === undefined) return 'a message has no Content-Length';
      if (Number(length) > MAX_BODY) return `a message is longer than ${MAX_BODY} bytes`;
      rest = rest.subarray(end + SEPARATOR.length - this.header.length);
      this.header = Buffer.alloc(0);
      this.left = Number(length);
    }
  }
}
