import type { Action } from '../loop/action';
import { crashLoopKey } from './crashLoops';
import type { TownView } from '../state/townView';

/** If agents keep exiting right after their start, starts pause and a person is notified. */
export function crashLoops(view: TownView): Action[] {
  return view.rigs
    .filter((rig) => rig.crashLooping && !rig.crashLoopReported)
    .map((rig) => ({
      type: 'escalate',
      key: crashLoopKey(rig.name),
      rig: rig.name,
      title: `${rig.name}: agents exit right after their start`,
      detail: `Several agents of ${rig.name} exited right after their start within a minute, so no more are started for now. Check their terminals ("gt peek <agent>"); starts resume automatically a minute later.`,
    }));
}
