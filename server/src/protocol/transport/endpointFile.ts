import path from 'node:path';
import { readTextIfPresent, writeJsonAtomic, PRIVATE_FILE, removeFile } from '../../base/safeFiles';
import type { ProcessIdentity } from '../../base/process';

/** How to reach a running program of a town. Whoever can read the file may connect: it is 0600. */
export interface Endpoint extends ProcessIdentity {
  socket: string;
  /** Shared secret of the handshake, hexadecimal. */
  key: string;
  protocol: number;
  build: number;
}

/** `<root>/.runtime/server.json` */
export function serverEndpointFile(root: string): string {
  return path.join(root, '.runtime', 'server.json');
}

/** `<root>/.runtime/host.json` */
export function hostEndpointFile(root: string): string {
  return path.join(root, '.runtime', 'host.json');
}

/** Undefined if the file is missing or invalid: the program then counts as not running. */
export function readEndpoint(file: string): Endpoint | undefined {
  const text = readTextIfPresent(file);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isEndpoint(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** By hand, like the handshake: every command passes here, and zod takes longer to load than all the rest of it. */
function isEndpoint(value: unknown): value is Endpoint {
  if (typeof value !== 'object' || value === null) return false;
  const { socket, key, pid, start, protocol, build } = value as Record<string, unknown>;
  return (
    typeof socket === 'string' &&
    socket !== '' &&
    typeof key === 'string' &&
    key.length >= 32 &&
    typeof start === 'string' &&
    Number.isSafeInteger(pid) &&
    (pid as number) > 0 &&
    Number.isSafeInteger(protocol) &&
    Number.isFinite(build)
  );
}

export function writeEndpoint(file: string, value: Endpoint): void {
  writeJsonAtomic(file, value, PRIVATE_FILE);
}

/** Removes the file, but only while it still names this socket: a successor may have written its own. */
export function removeEndpoint(file: string, socket: string): void {
  if (readEndpoint(file)?.socket === socket) removeFile(file);
}
