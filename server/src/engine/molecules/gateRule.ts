import type { Action } from '../loop/action';
import type { TownView } from '../state/townView';

/** Opens the gates whose condition this program can check itself, such as the end of a timer. */
export function openGates(view: TownView): Action[] {
  return view.gates
    .filter((gate) => gate.opensAt <= view.now)
    .map((gate): Action => ({ type: 'open-gate', gate: gate.id, revision: gate.revision }));
}
