import type { EngineContext } from '../loop/context';
import { parseAddress } from '../../town/layout';
import { isHooked } from '../state/townView';
import type { SessionView } from '../../sessions/types';
import { withWork, workOf, type Work } from '../state/work';

/** Selects the work that a person stops. */
export interface StopTarget {
  agent?: string;
  rig?: string;
  all?: boolean;
}

/**
 * Stops work: marks it as held first, then ends the sessions, so that a session that is just starting is stopped too.
 * @returns the agents whose sessions were ended
 */
export async function stopWork(context: EngineContext, actor: string, target: StopTarget): Promise<string[]> {
  const isMeant = (agent: string | undefined): boolean =>
    agent !== undefined &&
    // A crew member is a person's own terminal: it is only stopped if it is named.
    (agent === target.agent ||
      (parseAddress(agent)?.role !== 'crew' &&
        (target.all === true || (target.rig !== undefined && agent.startsWith(`${target.rig}/`)))));
  const beads = context.store
    .list({ status: ['hooked', 'in_progress'], limit: 0 })
    .filter((bead) => isMeant(bead.assignee) && workOf(bead).branch !== undefined);
  if (beads.length > 0) {
    await context.store.batch({ actor }, (tx) => {
      for (const { id } of beads) {
        const bead = tx.get(id);
        if (bead && isHooked(bead))
          tx.update(id, { metadata: withWork(bead, { held: true, problem: 'stopped by a person' }) });
      }
    });
  }
  const live: SessionView[] = context.sessions.all().filter((session) => !session.exit && isMeant(session.agent));
  await Promise.all(live.map((session) => context.sessions.end(session.id, 'stopped')));
  return live.map((session) => session.agent);
}

/**
 * Starting the engine, or slinging again, resumes work that a person stopped. Unhooked work, as after `gt polecat
 * nuke`, waits until it is slung.
 */
export async function releaseHeld(context: EngineContext, actor: string): Promise<void> {
  const held = context.store
    .list({ status: ['hooked', 'in_progress'], limit: 0 })
    .filter((bead) => workOf(bead).held && !waitsForSling(workOf(bead)));
  if (held.length === 0) return;
  await context.store.batch({ actor }, (tx) => {
    for (const { id } of held) {
      const bead = tx.get(id);
      if (bead) tx.update(id, { metadata: withWork(bead, { held: undefined, problem: undefined }) });
    }
  });
}

/**
 * Whether the work was escalated by its agent, so that a person has to sling it again. Work that waits for a step of
 * its molecule resumes automatically.
 */
function waitsForSling({ paused }: Work): boolean {
  return paused !== undefined && paused.mark === undefined;
}
