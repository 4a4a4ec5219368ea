import path from 'node:path';
import { UserError, hasCode } from '../base/errors';
import { Lease, type LeaseHolder } from '../base/lease';
import { isAlive, type ProcessIdentity } from '../base/process';
import { writeFileAtomic } from '../base/safeFiles';
import { isPresent } from '../base/safePaths';
import { makePrivateFolder } from '../base/safeFolders';

/** Time limit for an ending server to save. */
const END_MS = 10_000;
const POLL_MS = 10;

/** The note of a server in the lock; commands leave it empty. */
export function serverNote(state: string): string {
  return `server ${state}`;
}

/**
 * The lock on a ledger: only its owner writes. A server releases the ledger to whoever requests it.
 * @param note result of `serverNote`, for a server: a running server with the same files is left alone
 * @returns undefined if the folder is not writable
 * @throws UserError `unavailable` if another process holds it for longer than `timeoutMs`
 */
export async function lockLedger(directory: string, timeoutMs: number, note?: string): Promise<Lease | undefined> {
  const folder = path.join(directory, '.lock');
  try {
    makePrivateFolder(folder);
    // A folder of another tool may have no .gitignore for it.
    if (!isPresent(path.join(folder, '.gitignore'))) writeFileAtomic(path.join(folder, '.gitignore'), '*\n');
    for (const deadline = Date.now() + timeoutMs; ; ) {
      const lease = Lease.tryAcquire(folder, note);
      if (lease) return lease;
      if (Date.now() > deadline) break;
      await endServer(folder, note);
      await new Promise((done) => setTimeout(done, 5 + Math.random() * 20));
    }
  } catch (error) {
    if (hasCode(error, 'EACCES') || hasCode(error, 'EROFS') || hasCode(error, 'EPERM')) return undefined;
    throw error;
  }
  throw new UserError(
    `the ledger ${directory} is locked by process ${Lease.holder(folder)?.pid ?? 'unknown'}`,
    `Another bd has held it for ${timeoutMs / 1000} seconds. Wait for it to end, or end it.`,
    'unavailable',
  );
}

/**
 * Ends the server that holds a lock, if one does, and waits until it has. A signal also reaches a server whose files
 * are elsewhere; its acknowledged changes are in the journal, however it ends.
 */
async function endServer(folder: string, note: string | undefined): Promise<LeaseHolder | undefined> {
  const holder = Lease.holder(folder);
  if (!holder?.isHere || !holder.note?.startsWith('server ') || holder.note === note) return undefined;
  try {
    process.kill(holder.pid, 'SIGTERM');
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return holder; // the server has just ended
    if (!hasCode(error, 'EPERM')) throw error; // of another user: wait for it like for any other program
  }
  for (const deadline = Date.now() + END_MS; isAlive(holder) && Date.now() < deadline; )
    await new Promise((done) => setTimeout(done, POLL_MS));
  return holder;
}

/**
 * Ends the server of a ledger, if one runs.
 * @returns the process that has ended; undefined without one
 * @throws UserError `unavailable` if it does not end in time
 */
export async function stopLedgerServer(directory: string): Promise<ProcessIdentity | undefined> {
  const ended = await endServer(path.join(directory, '.lock'), undefined);
  if (ended && isAlive(ended))
    throw new UserError('the server does not stop', `Its process id is ${ended.pid}.`, 'unavailable');
  return ended;
}
