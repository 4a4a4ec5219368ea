import type { Socket } from 'node:net';

/**
 * Reads one line from a socket without another reader. The bytes after the line stay in the socket for the next reader.
 * @returns the line without its newline
 * @throws Error if the socket ends first or the line is longer than `maxBytes`
 */
export function readLine(socket: Socket, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;

    const stop = (): void => {
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
      socket.off('error', onError);
    };
    const onError = (error: Error): void => {
      stop();
      reject(error);
    };
    const onEnd = (): void => onError(new Error('the connection was closed during the handshake'));
    const onReadable = (): void => {
      for (let chunk = take(); chunk !== null; chunk = take()) {
        const newline = chunk.indexOf(0x0a);
        size += newline < 0 ? chunk.length : newline;
        if (size > maxBytes) return onError(new Error(`a handshake line is longer than ${maxBytes} bytes`));
        if (newline >= 0) {
          chunks.push(chunk.subarray(0, newline));
          stop();
          if (newline + 1 < chunk.length) socket.unshift(chunk.subarray(newline + 1));
          return resolve(Buffer.concat(chunks).toString('utf8'));
        }
        chunks.push(chunk);
      }
    };
    const take = (): Buffer | null => socket.read() as Buffer | null;

    if (socket.destroyed || socket.readableEnded) return onEnd();
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    socket.on('error', onError);
    // Not `data`: its flowing mode would continue after the end of the line.
    socket.on('readable', onReadable);
  });
}
