import type { Action } from '../loop/action';
import { isHooked, sessionOf, type RigView, type TownView, type WorkView } from '../state/townView';
import type { SessionView } from '../../sessions/types';

/** A session without any output by then is stuck at its start. */
export const START_LIMIT_MS = 120_000;

/**
 * Supervises silent polecats: stalled, or idle at their prompt with unsubmitted work. An agent that asks a question is
 * left alone: a person is notified.
 */
export function stalls(view: TownView): Action[] {
  return view.work.filter(isHooked).flatMap((work): Action[] => {
    const session = sessionOf(view, work);
    const rig = view.rigs.find((candidate) => candidate.name === work.rig);
    if (!session?.look || session.exit || session.asks !== undefined || !rig || work.held) return [];
    if (view.now < silentUntil(view, session, work, rig)) return [];
    return [
      {
        type: 'handle-stall',
        bead: work.id,
        rig: work.rig,
        session: session.id,
        agent: session.agent,
        revision: work.revision,
      },
    ];
  });
}

/** Deadline after which a session counts as stalled; system sleep and every supervision step reset it. */
export function silentUntil(view: TownView, session: SessionView, work: WorkView, rig: RigView): number {
  const since = Math.max(session.look?.lastOutputAt ?? session.startedAt, work.stallHandledAt, view.awakeSince);
  return since + (session.look?.saidNothing ? Math.min(START_LIMIT_MS, rig.stallMs) : rig.stallMs);
}
