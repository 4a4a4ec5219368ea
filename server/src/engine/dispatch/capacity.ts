import { isHooked, sessionOf, type TownView } from '../state/townView';

/** Living polecats: reviewers, crew and the Mayor take nobody's place. */
export function liveSessions(view: TownView, rig: string): number {
  return view.sessions.filter((session) => session.role === 'polecat' && session.rig === rig && !session.exit).length;
}

/** Workers that new beads could get: live sessions and hooked work that still waits for its session are taken. */
export function freeWorkers(view: TownView, rig: string, maxWorkers: number): number {
  const waiting = view.work.filter((work) => {
    const session = sessionOf(view, work);
    return work.rig === rig && isHooked(work) && !work.held && (!session || session.exit !== undefined);
  });
  return maxWorkers - liveSessions(view, rig) - waiting.length;
}
