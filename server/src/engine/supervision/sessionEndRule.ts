import type { Action } from '../loop/action';
import { isHooked, sessionOf, type TownView } from '../state/townView';
import type { SessionView } from '../../sessions/types';

/** Grace period for an agent after `gt done`, to finish its output. */
export const FAREWELL_MS = 700;

/**
 * Ends sessions of polecats that are done or no longer have their bead, and removes the records of sessions ended for
 * that.
 */
export function sessionEnds(view: TownView): Action[] {
  return view.sessions
    .filter((session) => session.role === 'polecat')
    .flatMap((session): Action[] => {
      if (isStillWanted(view, session)) return [];
      if (session.exit) return [{ type: 'forget-session', session: session.id }];
      if (session.doneAt !== undefined && view.now - session.doneAt < FAREWELL_MS) return [];
      return [{ type: 'end-session', session: session.id }];
    });
}

function isStillWanted(view: TownView, session: SessionView): boolean {
  return view.work.some((work) => isHooked(work) && sessionOf(view, work)?.id === session.id);
}
