import { isHooked, sessionOf, type TownView } from '../state/townView';

/** Live polecat sessions. Reviewers, crew and the Mayor do not count against capacity. */
export function liveSessions(view: TownView, rig: string): number {
  return view.sessions.filter((session) => session.role === 'polecat' && session.rig === rig && !session.exit).length;
}

/** Free worker slots: live sessions and hooked work that still waits for its session occupy one each. */
export function freeWorkers(view: TownView, rig: string, maxWorkers: number): number {
  const waiting = view.work.filter((work) => {
    const session = sessionOf(view, work);
    return work.rig === rig && isHooked(work) && !work.held && (!session || session.exit !== undefined);
  });
  return maxWorkers - liveSessions(view, rig) - waiting.length;
}
