import type { Transaction } from '../beads/store';
import { cutBytes } from '../base/text';
import { safePart } from '../git/names';
import { ESCALATION } from './work';

export interface Escalation {
  /** Names the cause: there is one open escalation for one cause. */
  key: string;
  title: string;
  detail: string;
  bead?: string;
  rig?: string;
  agent?: string;
}

/** Id of the escalation for a cause. Deleted ones leave a tombstone, so there may be a second and a third. */
function escalationId(tx: Pick<Transaction, 'get'>, key: string): string {
  const id = `hq-esc-${safePart(key.toLowerCase()).replaceAll('_', '-')}`.replace(/-+/g, '-').replace(/-$/, '');
  let candidate = id;
  for (let number = 2; tx.get(candidate)?.status === 'tombstone'; number += 1) candidate = `${id}-${number}`;
  return candidate;
}

/** Files what needs a person as a bead in the town's ledger. */
export function escalate(tx: Transaction, escalation: Escalation): void {
  const { key, bead, rig, agent, detail } = escalation;
  const id = escalationId(tx, key);
  const metadata = { escalation: { key, bead, rig, agent } };
  const title = cutBytes(escalation.title, 400);
  if (tx.get(id)) tx.update(id, { title, description: detail, status: 'open', metadata });
  else tx.create('hq', { id, title, description: detail, type: ESCALATION, priority: 1, labels: ['gt:escalation'], metadata });
  tx.event({ type: 'escalated', bead, rig, agent, message: title });
}

/** The cause is gone by itself: nobody needs to look any more. */
export function settle(tx: Transaction, key: string, reason: string): void {
  const id = escalationId(tx, key);
  if (isOpen(tx, key)) tx.close(id, reason, { force: true });
}

export function isOpen(reader: Pick<Transaction, 'get'>, key: string): boolean {
  const status = reader.get(escalationId(reader, key))?.status;
  return status !== undefined && status !== 'closed';
}
