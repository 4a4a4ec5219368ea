import type { AuditEvent } from '../protocol/bead';
import type { LedgerFile, LedgerFs } from './ledgerFs';

const rotateAt = 10 * 1024 * 1024;
const rotatedFiles = 3;

interface LoggedEvent {
  seq: number;
  event: AuditEvent;
}

/**
 * `events.jsonl`: who did what. Appended after the journal made a batch durable and not synced each time;
 * until the next fold the journal has the events too, so a crash loses none. Each line carries the number of
 * its batch, which tells which events of the journal are still to be written.
 */
export class EventLog {
  private pending: LoggedEvent[] = [];
  private file: LedgerFile | undefined;
  private length: number;
  private lastSeq: number;
  /** How many events of that batch are in the file: a crash may have cut off the others. */
  private lastCount: number;
  private unsynced = false;

  constructor(private readonly fs: LedgerFs, private readonly path: string) {
    const bytes = this.fs.read(this.path) ?? Buffer.alloc(0);
    // A torn last line was never the only copy: it is overwritten.
    this.length = bytes.lastIndexOf(10) + 1;
    const last = this.length > 0 ? bytes.subarray(0, this.length) : this.fs.read(this.rotated(1)) ?? Buffer.alloc(0);
    ({ seq: this.lastSeq, count: this.lastCount } = lastBatchOf(last));
  }

  /** Events of a batch that is durable. Those written before a crash are recognised and not written twice. */
  add(seq: number, events: readonly AuditEvent[]): void {
    if (seq < this.lastSeq) return;
    const missing = seq === this.lastSeq ? events.slice(this.lastCount) : events;
    this.pending.push(...missing.map((event) => ({ seq, event })));
  }

  /** Writes what is pending. A failure is not lost: it stays pending. */
  flush(): void {
    if (this.pending.length === 0) return;
    if (this.length > rotateAt) this.rotate();
    this.pending.sort((a, b) => a.seq - b.seq); // records of several journals come in the order they were opened
    const bytes = Buffer.from(this.pending.map(({ seq, event }) => `${JSON.stringify({ ...event, seq })}\n`).join(''));
    this.file ??= this.fs.open(this.path);
    this.file.write(bytes, this.length);
    this.file.truncate(this.length + bytes.length);
    this.length += bytes.length;
    this.lastSeq = this.pending.at(-1)?.seq ?? this.lastSeq;
    this.lastCount = Number.MAX_SAFE_INTEGER;
    this.pending = [];
    this.unsynced = true;
  }

  /** After this the events no longer depend on the journal. */
  async sync(): Promise<void> {
    this.flush();
    if (this.unsynced) await this.file?.sync();
    this.unsynced = false;
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  /** Newest first, with the number of their batch. */
  *newestFirst(): Generator<LoggedEvent> {
    for (let index = this.pending.length - 1; index >= 0; index--) yield this.pending[index] as LoggedEvent;
    for (let number = 0; number <= rotatedFiles; number++) {
      const bytes = this.fs.read(number === 0 ? this.path : this.rotated(number));
      if (!bytes) continue;
      for (let end = (number === 0 ? this.length : bytes.length) - 1; end > 0;) {
        const start = bytes.lastIndexOf(10, end - 1) + 1;
        const logged = decodeEvent(bytes.toString('utf8', start, end));
        if (logged) yield logged;
        end = start - 1;
      }
    }
  }

  private rotate(): void {
    this.close();
    for (let number = rotatedFiles - 1; number >= 1; number--) {
      if (this.fs.read(this.rotated(number))) this.fs.rename(this.rotated(number), this.rotated(number + 1));
    }
    this.fs.rename(this.path, this.rotated(1));
    this.length = 0;
  }

  private rotated(number: number): string {
    return this.path.replace(/\.jsonl$/, `.${number}.jsonl`);
  }
}

function lastBatchOf(bytes: Buffer): { seq: number; count: number } {
  let [seq, count] = [0, 0];
  for (let end = bytes.length - 1; end > 0;) {
    const start = bytes.lastIndexOf(10, end - 1) + 1;
    const logged = decodeEvent(bytes.toString('utf8', start, end));
    if (logged && count > 0 && logged.seq !== seq) break;
    if (logged) [seq, count] = [logged.seq, count + 1];
    end = start - 1;
  }
  return { seq, count };
}

function decodeEvent(line: string): LoggedEvent | undefined {
  try {
    const { seq, ...event } = JSON.parse(line) as AuditEvent & { seq?: number };
    return typeof event.type === 'string' ? { seq: seq ?? 0, event } : undefined;
  } catch {
    return undefined;
  }
}
