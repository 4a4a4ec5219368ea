import { elapsedText } from '../../base/elapsed';
import type { Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import { actors } from '../loop/context';
import { sendMail } from '../mail/mail';
import { convoyOf, isClosed } from '../state/work';

/** Maximum number of beads that the message about a convoy names; the rest is counted. */
const NAMED = 100;

/** Notifies subscribers that a convoy has landed. Part of the batch that lands it, so that a crash cannot lose it. */
export function tellLanded(tx: Transaction, convoy: Bead, tracked: readonly Bead[]): void {
  tell(tx, convoy, `🚚 Convoy Landed: ${convoy.title} (${convoy.id})`, [
    ...issueLines(tracked),
    '',
    `Duration: ${elapsedText(startOf(convoy), tx.now.getTime())}`,
  ]);
}

/** Notifies subscribers that a person closed the convoy before its work was done. */
export function tellClosed(tx: Transaction, convoy: Bead, tracked: readonly Bead[], reason: string): void {
  tell(tx, convoy, `🚚 Convoy Closed: ${convoy.title} (${convoy.id})`, [
    `Closed by ${tx.actor}: ${reason}`,
    '',
    ...issueLines(tracked),
    '',
    `Duration: ${elapsedText(startOf(convoy), tx.now.getTime())}`,
  ]);
}

/** Start time of a convoy: its launch, because a plan may have waited long before it. */
function startOf(convoy: Bead): number {
  return Date.parse(convoyOf(convoy).launched_at ?? convoy.created_at);
}

function issueLines(tracked: readonly Bead[]): string[] {
  const more = tracked.length - NAMED;
  return [
    `Issues (${tracked.length}):`,
    ...tracked.slice(0, NAMED).map((bead) => `  ${isClosed(bead.status) ? '✓' : '○'} ${bead.id}: ${bead.title}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function tell(tx: Transaction, convoy: Bead, subject: string, lines: readonly string[]): void {
  const body = lines.join('\n');
  for (const to of new Set(convoyOf(convoy).notify))
    sendMail(tx, { from: actors.engine, to, priority: 'low', subject, body });
}
