import type { Action } from '../loop/action';
import { parseAddress } from '../../town/layout';
import { isHooked, sessionOf, type TownView } from '../state/townView';
import { liveSessions } from './capacity';

/** Starts a session for hooked work without a session: after hooking, a crash, or a rejected merge. */
export function sessionStarts(view: TownView): Action[] {
  return view.rigs.flatMap((rig): Action[] => {
    if (!rig.accepted || rig.crashLooping) return [];
    const hooked = view.work.filter((work) => work.rig === rig.name && isHooked(work) && !sessionOf(view, work));
    const starting = hooked.filter((work) => view.inFlight.has(`bead:${work.id}`));
    let free = rig.maxWorkers - liveSessions(view, rig.name) - starting.length;
    const waiting = hooked
      // An agent's last session must be gone before its next one starts.
      .filter((work) => !view.sessions.some((session) => session.agent === work.assignee))
      .filter(
        (work) =>
          !starting.includes(work) && !work.held && !work.waitsForStep && work.consented && work.notBefore <= view.now,
      )
      .sort((a, b) => a.createdAt - b.createdAt || a.id.localeCompare(b.id));
    return waiting.flatMap((work): Action[] => {
      const name = work.assignee ? parseAddress(work.assignee)?.name : undefined;
      if (!name || free <= 0) return [];
      free -= 1;
      return [{ type: 'start-session', bead: work.id, rig: rig.name, name, revision: work.revision }];
    });
  });
}
