import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { PRIVATE_FILE, readTextIfPresent, writeFileAtomic } from '../base/safeFiles';

/**
 * What a person accepted belongs to one user, one machine and one place. A folder may come from elsewhere with
 * everything in it, and may be put where a known town was. So a known town carries a mark that only this user's secret
 * can make, for this machine and this path: a copy has none that fits.
 */

const SECRET_BYTES = 32;

/**
 * Names the user and the machine, as far as the system tells: settings that are copied to another one do not fit there.
 */
export function userAndMachine(): string {
  let machine = '';
  try {
    if (process.platform === 'linux') machine = fs.readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    // Containers may not have a machine id.
  }
  return `${os.userInfo().uid}\0${machine}`;
}

function markOf(secret: string, root: string): string {
  return createHmac('sha256', secret).update(`${userAndMachine()}\0${root}`).digest('hex');
}

/** A secret would be written by two programs at once: whoever calls this holds the lease of the registry. */
function secretFile(configDirectory: string): string {
  return path.join(configDirectory, 'secret');
}

function markFile(root: string): string {
  return path.join(root, 'daemon', 'known');
}

/** @param root without links */
export function writeMark(configDirectory: string, root: string): void {
  const file = secretFile(configDirectory);
  let secret = readTextIfPresent(file)?.trim();
  if (!secret) {
    secret = randomBytes(SECRET_BYTES).toString('hex');
    writeFileAtomic(file, `${secret}\n`, PRIVATE_FILE);
  }
  writeFileAtomic(markFile(root), `${markOf(secret, root)}\n`, PRIVATE_FILE);
}

export function hasMark(configDirectory: string, root: string): boolean {
  try {
    const secret = readTextIfPresent(secretFile(configDirectory))?.trim();
    const mark = readTextIfPresent(markFile(root))?.trim();
    if (!secret || !mark) return false;
    const expected = Buffer.from(markOf(secret, root));
    return expected.length === Buffer.byteLength(mark) && timingSafeEqual(expected, Buffer.from(mark));
  } catch {
    return false; // a link or the like in its place: it is not one of ours
  }
}
