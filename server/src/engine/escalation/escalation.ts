import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { BeadStore, Transaction } from '../../beads/store';
import { UserError } from '../../base/errors';
import { cutBytes, firstLine } from '../../base/text';
import { safePart } from '../../git/names';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import { severities, type EscalationInfo, type Severity } from '../../protocol/town';
import { sendMail } from '../mail/mail';
import { ESCALATION, isClosed } from '../state/work';

export interface Escalation {
  /** Identifies the cause: there is at most one open escalation for each. */
  key: string;
  title: string;
  detail: string;
  bead?: string;
  rig?: string;
  agent?: string;
  /** Default for problems of the town itself: `high`. */
  severity?: Severity;
  /** Author of the escalation; missing for the town itself. */
  by?: string;
}

const schema = z.looseObject({
  key: z.string().optional(),
  bead: z.string().optional(),
  rig: z.string().optional(),
  agent: z.string().optional(),
  severity: z.enum(severities).default('high'),
  by: z.string().optional(),
  ackedBy: z.string().optional(),
  ackedAt: z.string().optional(),
});

/** Id of the escalation for a cause. Numbered, because deleted ones leave a tombstone. */
function escalationId(tx: Pick<Transaction, 'get'>, key: string): string {
  const id = `hq-esc-${safePart(key.toLowerCase()).replaceAll('_', '-')}`.replace(/-+/g, '-').replace(/-$/, '');
  let candidate = id;
  for (let number = 2; tx.get(candidate)?.status === 'tombstone'; number += 1) candidate = `${id}-${number}`;
  return candidate;
}

/**
 * Records a problem that needs a person as a bead in the town's ledger. If the cause returns, the escalation is
 * reopened, even if it was acknowledged.
 */
export function escalate(tx: Transaction, escalation: Escalation): string {
  const { key, bead, rig, agent, detail, severity = 'high', by } = escalation;
  const id = escalationId(tx, key);
  const metadata = {
    escalation: Object.fromEntries(
      Object.entries({ key, bead, rig, agent, severity, by }).filter(([, value]) => value !== undefined),
    ),
  };
  const title = cutBytes(escalation.title, 400);
  const priority = severities.indexOf(severity);
  if (tx.get(id)) tx.update(id, { title, description: detail, status: 'open', priority, metadata });
  else
    tx.create('hq', {
      id,
      title,
      description: detail,
      type: ESCALATION,
      priority,
      labels: ['gt:escalation'],
      metadata,
    });
  tx.event({ type: 'escalated', bead, rig, agent, message: title });
  return id;
}

/** Closes the escalation of a cause that is gone. */
export function resolveEscalation(tx: Transaction, key: string, reason: string): void {
  const id = escalationId(tx, key);
  if (isOpen(tx, key)) tx.close(id, reason, { force: true });
}

export function isOpen(reader: Pick<Transaction, 'get'>, key: string): boolean {
  const status = reader.get(escalationId(reader, key))?.status;
  return status !== undefined && status !== 'closed';
}

// ---------------------------------------------------------------- escalations by people and agents

/** The cause of an escalation; empty if its metadata cannot be read. */
export function causeOf(bead: Bead): z.output<typeof schema> {
  const parsed = schema.safeParse((bead.metadata as { escalation?: unknown } | undefined)?.escalation ?? {});
  return parsed.success ? parsed.data : schema.parse({});
}

export function escalationInfo(bead: Bead): EscalationInfo {
  const cause = causeOf(bead);
  return {
    id: bead.id,
    severity: cause.severity,
    title: bead.title,
    detail: bead.description ?? '',
    by: cause.by,
    bead: cause.bead,
    rig: cause.rig,
    agent: cause.agent,
    state: isClosed(bead.status) ? 'closed' : cause.ackedAt === undefined ? 'open' : 'acked',
    createdAt: bead.created_at,
    ackedBy: cause.ackedBy,
    closedReason: bead.close_reason,
  };
}

/** Unacknowledged ones first, then by severity and age. */
export function escalations(store: BeadStore, all = false): EscalationInfo[] {
  const rank = { open: 0, acked: 1, closed: 2 } as const;
  return store
    .list({ type: [ESCALATION], ledger: 'hq', all, limit: 0 })
    .map(escalationInfo)
    .sort(
      (a, b) =>
        rank[a.state] - rank[b.state] ||
        severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
        a.createdAt.localeCompare(b.createdAt),
    );
}

export function requireEscalation(store: BeadStore, id: string): Bead {
  const bead = store.get(store.resolve(id, 'hq'));
  if (bead?.issue_type !== ESCALATION)
    throw new UserError(`${id} is not an escalation`, 'see "gt escalate list"', 'not-found');
  return bead;
}

export interface Raised {
  text: string;
  severity: Severity;
  reason?: string;
  /** Full id of the bead. */
  bead?: string;
}

/** `gt escalate`. An agent's call goes to the Mayor too. */
export async function raise(store: BeadStore, caller: CallContext, raised: Raised): Promise<EscalationInfo> {
  const { text, severity, reason, bead } = raised;
  const title = firstLine(text.trim());
  if (title === '') throw new UserError('describe the problem', 'gt escalate -s high "…"');
  // Escalating the same text twice results in one escalation.
  const key = `said-${createHash('sha256')
    .update([caller.actor, bead ?? '', text].join('\n'))
    .digest('hex')
    .slice(0, 10)}`;
  const detail = [
    text.trim() === title ? '' : text.trim(),
    reason,
    `Escalated by ${caller.actor}${bead ? `, about ${bead}` : ''}.`,
  ]
    .filter(Boolean)
    .join('\n\n');
  const ledger = bead === undefined ? undefined : store.ledgerOf(bead);
  const rig = ledger === 'hq' ? undefined : ledger;
  return store.batch(caller, (tx) => {
    const id = escalate(tx, { key, title, detail, bead, rig, agent: caller.agent, severity, by: caller.actor });
    if (caller.agent !== undefined && caller.agent !== 'mayor') {
      sendMail(tx, {
        from: caller.actor,
        to: 'mayor',
        subject: `Escalation (${severity}): ${title}`,
        body: `${detail}\n\nIt is ${id}.`,
        priority: severity === 'critical' ? 'urgent' : 'high',
      });
    }
    return escalationInfo(tx.get(id)!);
  });
}

export async function acknowledge(
  store: BeadStore,
  caller: CallContext,
  id: string,
  now: Date,
): Promise<EscalationInfo> {
  const { id: full } = requireEscalation(store, id);
  return store.batch(caller, (tx) => {
    const bead = tx.get(full)!;
    if (isClosed(bead.status)) throw new UserError(`${full} is closed`, undefined, 'conflict');
    const metadata = bead.metadata as { escalation?: object } | undefined;
    tx.update(full, {
      metadata: {
        ...metadata,
        escalation: { ...metadata?.escalation, ackedBy: caller.actor, ackedAt: now.toISOString() },
      },
    });
    tx.event({ type: 'escalation_acked', bead: full, message: bead.title });
    return escalationInfo(tx.get(full)!);
  });
}

export async function closeEscalation(
  store: BeadStore,
  caller: CallContext,
  id: string,
  reason: string | undefined,
): Promise<void> {
  const bead = requireEscalation(store, id);
  if (isClosed(bead.status)) return;
  await store.batch({ actor: caller.actor }, (tx) => tx.close(bead.id, reason ?? 'Seen to', { force: true }));
}
