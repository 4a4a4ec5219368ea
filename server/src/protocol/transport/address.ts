import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { UserError } from '../../base/errors';

/** Paths of unix sockets are limited to 104 (macOS) or 108 bytes, the final zero included. */
const MAX_PATH_BYTES = 100;

/** What the address depends on besides its owner's root; given explicitly in tests. */
export interface AddressSystem {
  platform: NodeJS.Platform;
  /** Numeric user id; undefined on Windows. */
  uid: number | undefined;
  userName: string;
  /** Folders that may contain the socket's folder, best first; the last one always works. */
  bases: string[];
}

export interface SocketAddress {
  /** What `net.listen` and `net.connect` take. */
  path: string;
  /** The 0700 folder that must exist first; undefined for a named pipe. */
  directory: string | undefined;
}

/**
 * Where a program of a town listens. Pure.
 * @param purpose `server` or `host`
 * @param suffix random per start, so that a stale socket is never mistaken for a live one
 */
export function socketAddress(root: string, purpose: string, suffix: string, system = thisSystem()): SocketAddress {
  const name = shortHash(`${root}\0${purpose}\0${suffix}`);
  if (system.platform === 'win32') {
    return { path: `\\\\.\\pipe\\gastown-${shortHash(system.userName).slice(0, 8)}-${name}`, directory: undefined };
  }
  for (const base of system.bases) {
    const directory = path.posix.join(base, `gastown-${system.uid ?? 0}`);
    const file = path.posix.join(directory, `${name}.sock`);
    if (Buffer.byteLength(file) <= MAX_PATH_BYTES) return { path: file, directory };
  }
  throw new UserError(
    'no folder with a path short enough for a socket',
    'Set XDG_RUNTIME_DIR or TMPDIR to a shorter path.',
    'unavailable',
  );
}

/**
 * Creates the socket's folder and checks that only we can access it.
 * @throws UserError if another user owns it or it is not a real folder
 */
export function prepareSocketDirectory(directory: string, uid = process.getuid?.()): void {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stat = fs.lstatSync(directory);
  const hint = 'Remove it, or set XDG_RUNTIME_DIR to a folder of your own.';
  if (!stat.isDirectory()) throw new UserError(`${directory} is not a folder`, hint, 'refused');
  if (uid !== undefined && stat.uid !== uid)
    throw new UserError(`${directory} belongs to another user`, hint, 'refused');
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) fs.chmodSync(directory, 0o700);
}

function thisSystem(): AddressSystem {
  const uid = process.getuid?.();
  const bases = [os.tmpdir(), '/tmp'];
  const runtime = process.env.XDG_RUNTIME_DIR;
  // After su or sudo the variable may still name the runtime folder of the other user.
  if (runtime && path.isAbsolute(runtime) && isOwnedBy(runtime, uid)) bases.unshift(runtime);
  return { platform: process.platform, uid, userName: userName(), bases };
}

function isOwnedBy(directory: string, uid: number | undefined): boolean {
  try {
    return fs.statSync(directory).uid === uid;
  } catch {
    return false;
  }
}

function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return 'unknown'; // no entry in the user database, as in some containers
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}
