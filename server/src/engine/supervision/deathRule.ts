import type { Action } from '../loop/action';
import { isHooked, sessionOf, type TownView } from '../state/townView';

/** Records a session that ended with work on its hook: as a failed attempt, a crash, or a stop by a person. */
export function deaths(view: TownView): Action[] {
  return view.work.filter(isHooked).flatMap((work): Action[] => {
    const session = sessionOf(view, work);
    const rig = view.rigs.find((candidate) => candidate.name === work.rig);
    if (!session?.exit || !rig) return [];
    return [
      {
        type: 'record-death',
        bead: work.id,
        session: session.id,
        exit: session.exit,
        revision: work.revision,
        maxAttempts: rig.maxAttempts,
        maxRestarts: rig.maxRestarts,
      },
    ];
  });
}
