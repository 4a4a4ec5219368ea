import { createHash } from 'node:crypto';
import { z } from 'zod';
import { UserError } from '../../base/errors';
import type { AuditEvent } from '../../protocol/bead';

/** The state of one bead after a batch. Its text is kept, because that is what goes into `issues.jsonl`. */
export interface JournalItem {
  /** Name of the ledger; empty for the one that the journal belongs to. */
  ledger: string;
  id: string;
  /** Undefined for a bead that is gone without a trace (a burnt wisp). */
  text: string | undefined;
}

export interface JournalEvent {
  ledger: string;
  event: AuditEvent;
}

/** One batch. It is whole or it is not there, whatever ledgers it touches: it is one line in one file. */
export interface JournalRecord {
  /** Rises over all journals of a store and over time, so that records of several journals have one order. */
  seq: number;
  /** `seq` of the first record of the same write. */
  group: number;
  ts: string;
  actor: string;
  /** Lease under which it was written; undefined in a ledger that needs none, and in old journals. */
  owner?: { name: string; epoch: number };
  operation?: string;
  result?: unknown;
  items: JournalItem[];
  events: JournalEvent[];
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

/** One line without its end: JSON whose first field is a checksum of everything behind it. */
export function encodeRecord(record: JournalRecord): string {
  const body = JSON.stringify({
    v: 1,
    seq: record.seq,
    g: record.group,
    ts: record.ts,
    actor: record.actor,
    own: record.owner && [record.owner.name, record.owner.epoch],
    op: record.operation,
    result: record.operation === undefined ? undefined : (record.result ?? null),
    beads: record.items.map((item) => [item.ledger, item.id, item.text ?? null]),
    events: record.events.map(({ ledger, event }) => [ledger, { ...event }]),
  } satisfies z.input<typeof wireRecord>).slice(1);
  return `${head}${checksum(body)}${separator}${body}`;
}

/** The record, or undefined for a line that is torn or damaged. */
export function decodeRecord(line: string): JournalRecord | undefined {
  const bodyStart = head.length + sumLength + separator.length;
  if (!line.startsWith(head) || line.slice(head.length, head.length + sumLength) !== checksum(line.slice(bodyStart)))
    return undefined;
  const parsed = wireRecord.safeParse(JSON.parse(`{${line.slice(bodyStart)}`));
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
