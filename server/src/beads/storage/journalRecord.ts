import { createHash } from 'node:crypto';
import { z } from 'zod';
import { UserError } from '../../base/errors';
import type { AuditEvent } from '../../protocol/bead';

/** The state of one bead after a batch. Stored as text, which is what is written into `issues.jsonl`. */
export interface JournalItem {
  /** Name of the ledger; empty for the one that the journal belongs to. */
  ledger: string;
  id: string;
  /** Undefined for a bead that was removed without a tombstone (a deleted wisp). */
  readonly text: string | undefined;
}

/** An item whose text is produced when it is written: a batch may contain the beads of a whole file. */
export class ChangeItem implements JournalItem {
  constructor(
    readonly ledger: string,
    readonly id: string,
    private readonly stored: { readonly text: string } | undefined,
  ) {}

  get text(): string | undefined {
    return this.stored?.text;
  }
}

export interface JournalEvent {
  ledger: string;
  event: AuditEvent;
}

/** One batch. It is atomic, even over several ledgers, because it is one line in one file. */
export interface JournalRecord {
  /** Increases over time and over all journals of a store, so that records of several journals have one order. */
  seq: number;
  /** `seq` of the first record of the same write. */
  group: number;
  ts: string;
  actor: string;
  /** Lease under which it was written; undefined in a ledger without a lease, and in old journals. */
  owner?: { name: string; epoch: number };
  operation?: string;
  result?: unknown;
  items: JournalItem[];
  events: JournalEvent[];
}

/** The data that decides whether a record is still needed. */
export interface RecordSummary {
  seq: number;
  ts: string;
  hasOperation: boolean;
  /** Names of the ledgers of its beads, and of its events, each once. */
  itemLedgers: readonly string[];
  eventLedgers: readonly string[];
}

export function summaryOf({ seq, ts, operation, items, events }: JournalRecord): RecordSummary {
  return {
    seq,
    ts,
    hasOperation: operation !== undefined,
    itemLedgers: ledgersOf(items),
    eventLedgers: ledgersOf(events),
  };
}

function ledgersOf(parts: readonly { ledger: string }[]): string[] {
  const names = new Set<string>();
  for (const { ledger } of parts) names.add(ledger);
  return [...names];
}

const wireRecord = z.object({
  v: z.literal(1),
  seq: z.number().int(),
  g: z.number().int(),
  ts: z.string(),
  actor: z.string(),
  own: z.tuple([z.string(), z.number().int()]).optional(),
  op: z.string().optional(),
  result: z.unknown().optional(),
  beads: z.array(z.tuple([z.string(), z.string(), z.string().nullable()])),
  events: z.array(z.tuple([z.string(), z.looseObject({ ts: z.string(), type: z.string(), actor: z.string() })])),
});

const sumLength = 16;
const head = '{"sum":"';
const separator = '",';

/** Number of characters that are encoded at once. */
const PIECE = 256 * 1024;

/** Length in bytes of the start of a line, before the pieces of `encodeRecord`. */
export const START_LENGTH = head.length + sumLength + separator.length;

/**
 * One line with its end: JSON whose first field is a checksum of the rest.
 * @returns the start of the line, which belongs before the pieces and is known only after them
 */
export function* encodeRecord(record: JournalRecord): Generator<Buffer, Buffer> {
  const hash = createHash('sha256');
  let text = '';
  for (const part of bodyParts(record)) {
    text += part;
    if (text.length < PIECE) continue;
    const piece = Buffer.from(text);
    hash.update(piece);
    yield piece;
    text = '';
  }
  hash.update(text);
  yield Buffer.from(`${text}\n`);
  return Buffer.from(`${head}${hash.digest('hex').slice(0, sumLength)}${separator}`);
}

/** Everything after the checksum: the JSON of a `wireRecord` without its first brace. */
function* bodyParts(record: JournalRecord): Generator<string> {
  const { seq, group, ts, actor, owner, operation } = record;
  const first = JSON.stringify({
    v: 1,
    seq,
    g: group,
    ts,
    actor,
    own: owner && [owner.name, owner.epoch],
    op: operation,
    result: operation === undefined ? undefined : (record.result ?? null),
  } satisfies Omit<z.input<typeof wireRecord>, 'beads' | 'events'>);
  yield `${first.slice(1, -1)},"beads":[`;
  let between = '';
  for (const { ledger, id, text } of record.items) {
    yield `${between}${JSON.stringify([ledger, id, text ?? null])}`;
    between = ',';
  }
  yield '],"events":[';
  between = '';
  for (const { ledger, event } of record.events) {
    yield `${between}${JSON.stringify([ledger, event])}`;
    between = ',';
  }
  yield ']}';
}

/** The record, or undefined for a line that is torn or damaged. */
export function decodeRecord(line: string): JournalRecord | undefined {
  const body = line.slice(START_LENGTH);
  if (!line.startsWith(head) || line.slice(head.length, head.length + sumLength) !== checksum(body)) return undefined;
  const parsed = wireRecord.safeParse(JSON.parse(`{${body}`));
  if (!parsed.success)
    throw new UserError(
      'the journal was written by a newer version of this program',
      'Update Gas Town and try again.',
      'unavailable',
    );
  const wire = parsed.data;
  return {
    seq: wire.seq,
    group: wire.g,
    ts: wire.ts,
    actor: wire.actor,
    ...(wire.own === undefined ? {} : { owner: { name: wire.own[0], epoch: wire.own[1] } }),
    ...(wire.op === undefined ? {} : { operation: wire.op, result: wire.result }),
    items: wire.beads.map(([ledger, id, text]) => ({ ledger, id, text: text ?? undefined })),
    events: wire.events.map(([ledger, event]) => ({ ledger, event: event as AuditEvent })),
  };
}

function checksum(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, sumLength);
}
