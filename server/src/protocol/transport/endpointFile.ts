import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readTextIfPresent, writeJsonAtomic } from '../../base/atomicFile';
import { isAlive } from '../../base/process';

/** How to reach a running program of a town. Whoever can read the file may connect: it is 0600. */
const endpoint = z.object({
  socket: z.string().min(1),
  /** Shared secret of the handshake, hexadecimal. */
  key: z.string().min(32),
  pid: z.number().int().positive(),
  /** Start mark of the process, see `ProcessIdentity`. */
  start: z.string(),
  protocol: z.number().int(),
  build: z.number(),
});
export type Endpoint = z.infer<typeof endpoint>;

/** `<root>/.runtime/server.json` */
export function serverEndpointFile(root: string): string {
  return path.join(root, '.runtime', 'server.json');
}

/** `<root>/.runtime/host.json` */
export function hostEndpointFile(root: string): string {
  return path.join(root, '.runtime', 'host.json');
}

/** Undefined where there is none or it is not readable as one: the program is then as good as not running. */
export function readEndpoint(file: string): Endpoint | undefined {
  const text = readTextIfPresent(file);
  if (text === undefined) return undefined;
  try {
    return endpoint.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function writeEndpoint(file: string, value: Endpoint): void {
  writeJsonAtomic(file, value, 0o600);
}

/** Removes the file, but only while it still names this socket: a successor may have written its own. */
export function removeEndpoint(file: string, socket: string): void {
  if (readEndpoint(file)?.socket === socket) fs.rmSync(file, { force: true });
}

export function isEndpointAlive(value: Endpoint): boolean {
  return isAlive({ pid: value.pid, start: value.start });
}
