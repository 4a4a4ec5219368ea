import type { Transaction } from '../beads/store';
import { ESCALATION } from './work';

/**
 * Files what needs a person as a bead in the town's ledger. One open escalation for one cause:
 * `key` names the cause.
 */
export function escalate(tx: Transaction, options: { key: string; title: string; detail: string; bead?: string; rig?: string; agent?: string }): void {
  const id = `hq-esc-${options.key.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`.slice(0, 100);
  const metadata = { escalation: { key: options.key, bead: options.bead, rig: options.rig, agent: options.agent } };
  const title = options.title.slice(0, 300);
  const known = tx.get(id);
  if (known) {
    tx.update(id, { title, description: options.detail, status: 'open', metadata });
  } else {
    tx.create('hq', { id, title, description: options.detail, type: ESCALATION, priority: 1, labels: ['gt:escalation'], metadata });
  }
  tx.event({ type: 'escalated', bead: options.bead, rig: options.rig, agent: options.agent, message: options.title });
}
