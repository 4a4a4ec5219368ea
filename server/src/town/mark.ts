import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { PRIVATE_FILE, readTextIfPresent, writeFileAtomic } from '../base/safeFiles';

/*
 * Consents are valid for one user, one machine and one path. A folder may come from elsewhere with all of its content,
 * and may replace a known town. So a known town carries a mark that only this user's secret can produce, for this
 * machine and this path: a copy has no valid one.
 */

const SECRET_BYTES = 32;

/** Identifies the user and the machine, as far as the system allows: copied settings are not valid elsewhere. */
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

/** Two programs must not write a secret at once: the caller holds the lease of the registry. */
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
    return false; // a link or similar instead of the file: not our mark
  }
}
