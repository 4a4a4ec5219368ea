import path from 'node:path';
import type { AuditEvent } from '../../protocol/bead';
import { EventOffsets } from './eventOffsets';
import { canonicalJson } from './goJson';
import { storageError, type LedgerFile, type LedgerFs } from './ledgerFs';

const rotateAt = 10 * 1024 * 1024;
const rotatedFiles = 3;
/** Number of events that are serialised at once: an import has one for each bead. */
const AT_ONCE = 2_000;

interface LoggedEvent {
  seq: number;
  event: AuditEvent;
}

/**
 * The audit trail in `events.jsonl`. Appended after the journal made a batch durable, and not synced each time; until
 * the next checkpoint the journal has the events too, so a crash loses none. Each line has the number of its batch.
 */
export class EventLog {
  private pending: LoggedEvent[] = [];
  private file: LedgerFile | undefined;
  private length: number;
  private unsynced = false;
  /** The file is new, so its name may not survive a power failure. */
  private nameUnsynced = false;
  /** Content of the file when it was opened; only read if a journal has records that are not in the file. */
  private found: Set<string> | undefined;
  /** Built when a bead's events are first requested. */
  private offsets: EventOffsets | undefined;
  /** How often the file was rotated since it was opened. */
  private rotations = 0;

  constructor(
    private readonly fs: LedgerFs,
    private readonly path: string,
  ) {
    // A torn last line is overwritten: the journal still has those events.
    this.length = (this.fs.read(this.path)?.lastIndexOf(10) ?? -1) + 1;
  }

  /** Adds events of a durable batch. */
  add(seq: number, events: readonly AuditEvent[]): void {
    for (const event of events) this.pending.push({ seq, event }); // one by one: calls limit the number of arguments
  }

  /** Adds events of a journal after a crash: those that are already in the file are not written again. */
  recover(seq: number, events: readonly AuditEvent[]): void {
    this.found ??= new Set([...this.newestFirst()].map(canonicalJson));
    for (const event of events) if (!this.found.has(canonicalJson({ seq, event }))) this.pending.push({ seq, event });
  }

  /** Takes over the unwritten events of an earlier object for the same file. */
  inherit(earlier: EventLog): void {
    for (const event of earlier.pending.splice(0)) this.pending.push(event);
  }

  /** Writes pending events. After a failure they stay pending. */
  flush(): void {
    if (this.pending.length === 0) return;
    if (this.length > rotateAt) this.rotate();
    this.pending.sort((a, b) => a.seq - b.seq); // records of several journals come in the order they were opened
    this.file ??= this.openFile();
    let end = this.length;
    const places: [start: number, length: number][] = [];
    for (let first = 0; first < this.pending.length; first += AT_ONCE) {
      const some = this.pending.slice(first, first + AT_ONCE);
      const lines = some.map(({ seq, event }) => Buffer.from(`${JSON.stringify({ ...event, seq })}\n`));
      this.file.write(Buffer.concat(lines), end);
      for (const { length } of lines) {
        places.push([end, length]);
        end += length;
      }
    }
    this.file.truncate(end);
    this.noteOffsets(places);
    this.length = end;
    this.pending = [];
    this.found = undefined;
    this.unsynced = true;
  }

  /** Syncs the file, after which the events no longer depend on the journal. */
  async sync(): Promise<void> {
    try {
      this.flush();
      if (this.unsynced) await this.file?.sync();
      this.unsynced = false;
      if (this.nameUnsynced) await this.fs.syncDirectory(path.dirname(this.path));
      this.nameUnsynced = false;
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  /**
   * The events of a bead, newest first. The cost depends on their number, apart from the first time.
   * @param limit 0 for all
   */
  ofBead(bead: string, limit: number): LoggedEvent[] {
    const found = this.pending.filter(({ event }) => event.bead === bead).reverse();
    if (limit > 0 && found.length >= limit) return found.slice(0, limit);
    this.offsets ??= this.readOffsets();
    const lines = this.offsets.newestFirst(bead, limit === 0 ? 0 : limit - found.length);
    for (let number = 0; number <= rotatedFiles; number++) {
      const parts = lines.filter(({ generation }) => generation === this.rotations - number);
      if (parts.length === 0) continue;
      for (const bytes of this.fs.readParts(this.fileOf(number), parts)) {
        const logged = decodeEvent(bytes.toString('utf8'));
        if (logged?.event.bead === bead) found.push(logged);
      }
    }
    return found;
  }

  private readOffsets(): EventOffsets {
    const offsets = new EventOffsets();
    for (let number = rotatedFiles; number >= 0; number--) {
      const bytes = this.fs.read(this.fileOf(number));
      if (bytes) offsets.addFile(this.rotations - number, number === 0 ? bytes.subarray(0, this.length) : bytes);
    }
    return offsets;
  }

  private noteOffsets(places: readonly [start: number, length: number][]): void {
    for (const [index, { event }] of this.pending.entries()) {
      const [start, length] = places[index]!;
      if (event.bead !== undefined)
        this.offsets?.add(event.bead, { generation: this.rotations, start, length: length - 1 });
    }
  }

  /** All events, newest first, with the number of their batch. */
  *newestFirst(): Generator<LoggedEvent> {
    for (let index = this.pending.length - 1; index >= 0; index--) yield this.pending[index] as LoggedEvent;
    for (let number = 0; number <= rotatedFiles; number++) {
      const bytes = this.fs.read(this.fileOf(number));
      if (!bytes) continue;
      for (let end = (number === 0 ? this.length : bytes.length) - 1; end > 0; ) {
        const start = bytes.lastIndexOf(10, end - 1) + 1;
        const logged = decodeEvent(bytes.toString('utf8', start, end));
        if (logged) yield logged;
        end = start - 1;
      }
    }
  }

  private openFile(): LedgerFile {
    this.nameUnsynced ||= this.length === 0;
    return this.fs.open(this.path);
  }

  private rotate(): void {
    this.close();
    for (let number = rotatedFiles - 1; number >= 1; number--) {
      if (this.fs.read(this.rotated(number))) this.fs.rename(this.rotated(number), this.rotated(number + 1));
    }
    this.fs.rename(this.path, this.rotated(1));
    this.length = 0;
    this.rotations += 1;
    this.offsets?.forgetBefore(this.rotations - rotatedFiles);
  }

  private fileOf(number: number): string {
    return number === 0 ? this.path : this.rotated(number);
  }

  private rotated(number: number): string {
    return this.path.replace(/\.jsonl$/, `.${number}.jsonl`);
  }
}

function decodeEvent(line: string): LoggedEvent | undefined {
  try {
    const { seq, ...event } = JSON.parse(line) as AuditEvent & { seq?: number };
    return typeof event.type === 'string' ? { seq: seq ?? 0, event } : undefined;
  } catch {
    return undefined;
  }
}
