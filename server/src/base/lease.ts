import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { identify, isAlive, type ProcessIdentity } from './process';

interface LeaseRecord extends ProcessIdentity {
  nonce: string;
}

/**
 * Exclusive ownership of a folder by one process, taken over at once when the owner is dead.
 *
 * `<folder>/<n>` names the owner of epoch n; the highest epoch rules. A taker creates the next epoch with
 * link(2), which exactly one process can win, and then looks whether a still higher one appeared, so two
 * takers that saw the same dead owner can never both hold it. Epochs only rise: a release marks the file.
 */
export class Lease {
  private constructor(
    private readonly directory: string,
    /** Rises with each owner. */
    readonly epoch: number,
    private readonly nonce: string,
  ) {}

  /** The lease, or undefined while another live process holds it. */
  static tryAcquire(directory: string): Lease | undefined {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const highest = highestEpoch(directory);
    if (highest > 0 && isHeld(read(directory, highest))) return undefined;
    const next = highest + 1;
    const record: LeaseRecord = { ...identify(process.pid), nonce: randomBytes(8).toString('hex') };
    if (!create(directory, next, record)) return undefined;
    const lease = new Lease(directory, next, record.nonce);
    if (highestEpoch(directory) > next) {
      fs.rmSync(epochFile(directory, next), { force: true });
      return undefined;
    }
    lease.removeOlder();
    return lease;
  }

  /** Waits for the holder to let go, at most `timeoutMs`. */
  static async acquire(directory: string, timeoutMs: number): Promise<Lease | undefined> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const lease = Lease.tryAcquire(directory);
      if (lease || Date.now() >= deadline) return lease;
      await new Promise((done) => setTimeout(done, 5 + Math.random() * 20));
    }
  }

  /** The live owner of the folder, if any. */
  static holder(directory: string): ProcessIdentity | undefined {
    const highest = highestEpoch(directory);
    const record = highest > 0 ? read(directory, highest) : undefined;
    return isHeld(record) ? record : undefined;
  }

  /** False once somebody else rules, for example after this process was wrongly taken for dead. */
  isCurrent(): boolean {
    return highestEpoch(this.directory) === this.epoch && read(this.directory, this.epoch)?.nonce === this.nonce;
  }

  release(): void {
    if (this.isCurrent()) fs.truncateSync(epochFile(this.directory, this.epoch));
  }

  private removeOlder(): void {
    for (const epoch of epochs(this.directory)) {
      if (epoch < this.epoch) fs.rmSync(epochFile(this.directory, epoch), { force: true });
    }
  }
}

function isHeld(record: LeaseRecord | undefined): record is LeaseRecord {
  return record !== undefined && isAlive(record);
}

function create(directory: string, epoch: number, record: LeaseRecord): boolean {
  const temporary = path.join(directory, `${record.nonce}.tmp`);
  fs.writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  try {
    fs.linkSync(temporary, epochFile(directory, epoch));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** Undefined for a released (empty) or unreadable record. */
function read(directory: string, epoch: number): LeaseRecord | undefined {
  try {
    return JSON.parse(fs.readFileSync(epochFile(directory, epoch), 'utf8')) as LeaseRecord;
  } catch {
    return undefined;
  }
}

/** None where the folder itself is gone, for example with the town that it lay in. */
function epochs(directory: string): number[] {
  const names = fs.existsSync(directory) ? fs.readdirSync(directory) : [];
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

function highestEpoch(directory: string): number {
  return Math.max(0, ...epochs(directory));
}

function epochFile(directory: string, epoch: number): string {
  return path.join(directory, String(epoch));
}
