import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { UserError } from './errors';
import { tryLock, unlock } from './kernelLock';
import { identify, isAlive, processSpace, type ProcessIdentity } from './process';
import { PRIVATE_FILE, readTextIfPresent, removeFile } from './safeFiles';
import { listFolder, makePrivateFolder } from './safeFolders';

interface LeaseRecord extends ProcessIdentity {
  nonce: string;
  /** The machine and pid namespace of the pid; missing in records of builds without kernel locks. */
  space?: string;
  host?: string;
  /** What the owner publishes about itself. */
  note?: string;
}

/**
 * The owner of a lease. `isHere` is false for a process of another machine or container, whose pid means nothing here.
 */
export interface LeaseHolder extends ProcessIdentity {
  isHere: boolean;
  host: string | undefined;
  /** What the owner publishes about itself. */
  note: string | undefined;
}

/**
 * Exclusive ownership of a folder by one process, taken over at once when the owner is dead.
 *
 * The kernel's lock on the folder decides (`kernelLock.ts`): it also works between containers. `<folder>/<n>` names the
 * owner of epoch n; the highest epoch is valid, and journal records carry it. A new owner creates the next epoch with
 * link(2), which exactly one process can win, and then checks for a still higher one. Epochs only rise: a release marks
 * the file.
 *
 * If the file system does not support such locks, the owner's process is checked; if that is impossible, it is assumed
 * to be alive.
 */
export class Lease {
  private constructor(
    private readonly directory: string,
    /** Increases with each owner. */
    readonly epoch: number,
    private readonly nonce: string,
    /** The descriptor that has the lock; undefined without a lock. */
    private lock: number | undefined,
  ) {}

  /**
   * The lease, or undefined while another process holds it.
   * @param note shown to other processes that want the lease
   * @throws UserError `unavailable` if it is unknown whether the last owner is still alive
   */
  static tryAcquire(directory: string, note?: string): Lease | undefined {
    makePrivateFolder(directory);
    // The next epoch follows the one that was judged: the first process to create it wins, even without a kernel lock.
    const epoch = highestEpoch(directory);
    const known = epoch > 0 ? read(directory, epoch) : undefined;
    // Checking the owner's process is cheaper than asking the kernel.
    if (known && isHere(known) && isAlive(known)) return undefined;
    const attempt = tryLock(directory);
    // A record of a build without kernel locks names its owner.
    if (attempt.kind === 'held' && (!known || known.space !== undefined)) return undefined;
    if (attempt.kind === 'unsupported' && known && !isHere(known) && !hasRebooted(known))
      throw cannotTell(directory, known, attempt.reason);
    const lock = attempt.kind === 'locked' ? attempt.fd : undefined;
    const lease = Lease.create(directory, epoch + 1, lock, note);
    if (!lease && lock !== undefined) unlock(lock);
    return lease;
  }

  private static create(
    directory: string,
    epoch: number,
    lock: number | undefined,
    note: string | undefined,
  ): Lease | undefined {
    const record: LeaseRecord = {
      ...identify(process.pid),
      nonce: randomBytes(8).toString('hex'),
      space: processSpace(),
      host: os.hostname(),
      ...(note === undefined ? {} : { note }),
    };
    if (!create(directory, epoch, record)) return undefined;
    if (highestEpoch(directory) > epoch) {
      removeFile(epochFile(directory, epoch));
      return undefined;
    }
    const lease = new Lease(directory, epoch, record.nonce, lock);
    lease.removeOlder();
    return lease;
  }

  /** Acquires the lease, waiting at most `timeoutMs` for its owner to release it. */
  static async acquire(directory: string, timeoutMs: number, note?: string): Promise<Lease | undefined> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const lease = Lease.tryAcquire(directory, note);
      if (lease || Date.now() >= deadline) return lease;
      await new Promise((done) => setTimeout(done, 5 + Math.random() * 20));
    }
  }

  /** The live owner of the folder, if any. */
  static holder(directory: string): LeaseHolder | undefined {
    const known = newest(directory);
    if (known && isHere(known)) return isAlive(known) ? asHolder(known) : undefined;
    if (!known) return undefined;
    const attempt = tryLock(directory, 'shared');
    if (attempt.kind !== 'locked') return asHolder(known);
    unlock(attempt.fd);
    return undefined;
  }

  /** False once another process owns the lease, for example after this one was wrongly presumed dead. */
  isCurrent(): boolean {
    return highestEpoch(this.directory) === this.epoch && read(this.directory, this.epoch)?.nonce === this.nonce;
  }

  release(): void {
    if (this.isCurrent()) fs.truncateSync(epochFile(this.directory, this.epoch));
    if (this.lock !== undefined) unlock(this.lock);
    this.lock = undefined;
  }

  private removeOlder(): void {
    for (const epoch of epochs(this.directory)) {
      if (epoch < this.epoch) removeFile(epochFile(this.directory, epoch));
    }
  }
}

/** Whether the pid of a record is valid on this machine and container. */
function isHere(record: LeaseRecord): boolean {
  return record.space === undefined || record.space === processSpace();
}

/** Whether the record is from an earlier boot of this machine. */
function hasRebooted({ space, host }: LeaseRecord): boolean {
  const [boot, numbers] = (space ?? '').split(' ');
  const [ourBoot, ourNumbers] = processSpace().split(' ');
  return host === os.hostname() && numbers === ourNumbers && boot !== ourBoot;
}

/**
 * A note may lead to a signal, so it counts only together with the id of this boot: a file that was written on another
 * machine cannot contain it.
 */
function asHolder(record: LeaseRecord): LeaseHolder {
  const note = record.space === processSpace() ? record.note : undefined;
  return { pid: record.pid, start: record.start, isHere: isHere(record), host: record.host, note };
}

function cannotTell(directory: string, { pid, host }: LeaseRecord, reason: string): UserError {
  return new UserError(
    `${directory} belongs to process ${pid} of another machine or container (${host ?? 'unknown'}), and there is no lock that shows whether it still runs: ${reason}`,
    `End it there. If you are sure that it is gone, remove ${directory} and try again.`,
    'unavailable',
  );
}

function create(directory: string, epoch: number, record: LeaseRecord): boolean {
  const temporary = path.join(directory, `${record.nonce}.tmp`);
  fs.writeFileSync(temporary, JSON.stringify(record), { mode: PRIVATE_FILE, flag: 'wx' });
  try {
    fs.linkSync(temporary, epochFile(directory, epoch));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    removeFile(temporary);
  }
}

/** The record of the highest epoch. */
function newest(directory: string): LeaseRecord | undefined {
  const highest = highestEpoch(directory);
  return highest > 0 ? read(directory, highest) : undefined;
}

/** Undefined for a released (empty) or unreadable record. */
function read(directory: string, epoch: number): LeaseRecord | undefined {
  try {
    return JSON.parse(readTextIfPresent(epochFile(directory, epoch)) ?? '') as LeaseRecord;
  } catch {
    return undefined;
  }
}

/** The epochs in the folder; empty if the folder itself is gone, for example with the town that it lay in. */
function epochs(directory: string): number[] {
  return listFolder(directory)
    .map(({ name }) => name)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function highestEpoch(directory: string): number {
  return Math.max(0, ...epochs(directory));
}

function epochFile(directory: string, epoch: number): string {
  return path.join(directory, String(epoch));
}
