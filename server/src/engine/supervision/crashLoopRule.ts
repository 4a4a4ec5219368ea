import type { Action } from '../loop/action';
import { crashLoopKey } from './crashLoops';
import type { TownView } from '../state/townView';

/** Where agents die as soon as they are started, starting more of them helps nobody: a person is told. */
export function crashLoops(view: TownView): Action[] {
  return view.rigs
    .filter((rig) => rig.crashLooping && !rig.crashLoopReported)
    .map((rig) => ({
      type: 'escalate',
      key: crashLoopKey(rig.name),
      rig: rig.name,
      title: `${rig.name}: agents die as soon as they are started`,
      detail: `Within a minute several agents of ${rig.name} ended right after their start, so no more are started for now. Look at what their terminals say ("gt peek <agent>"); it goes on by itself once that has passed.`,
    }));
}
