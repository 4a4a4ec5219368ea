import type { BeadStore } from '../../beads/store';
import type { AuditEvent } from '../../protocol/bead';
import type { SessionPort } from '../loop/ports';
import { convoyOf } from '../state/work';

/**
 * Types a line into the terminals of agents that watch a convoy, after it has landed. Their mail has the same content.
 */
export function nudgeWatchers(
  store: Pick<BeadStore, 'get'>,
  sessions: Pick<SessionPort, 'all' | 'takesNudges' | 'nudge'>,
  { type, convoy }: Pick<AuditEvent, 'type' | 'convoy'>,
): void {
  const landed = type === 'convoy_landed' && convoy !== undefined ? store.get(convoy) : undefined;
  const agents = landed ? convoyOf(landed).nudge : [];
  for (const { id, agent, exit } of agents.length > 0 ? sessions.all() : []) {
    if (exit || !agents.includes(agent) || !sessions.takesNudges(id)) continue;
    // The session may be ending: the mail stays.
    void sessions
      .nudge(id, `Convoy ${landed!.id} has landed: ${landed!.title}. See "gt mail inbox".`)
      .catch(() => undefined);
  }
}
