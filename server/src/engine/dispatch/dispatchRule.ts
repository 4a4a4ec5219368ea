import type { Action } from '../loop/action';
import { freeName } from '../../town/names';
import { isHooked, type RigView, type TownView, type WorkView } from '../state/townView';
import { freeWorkers } from './capacity';
import { overlapOf } from './overlaps';
import { takenNames } from './takenNames';

/** Assigns ready beads to free workers, by priority, then age. */
export function dispatch(view: TownView): Action[] {
  return view.rigs.flatMap((rig) => dispatchRig(view, rig));
}

function dispatchRig(view: TownView, rig: RigView): Action[] {
  if (!rig.accepted || rig.crashLooping || view.now < rig.lastSpawnAt + rig.spawnDelayMs) return [];
  const held = view.work.filter((work) => isHooked(work) || work.status === 'in_review');
  const taken = takenNames(rig.name, {
    worktrees: view.worktrees.filter((worktree) => worktree.rig === rig.name),
    sessions: view.sessions,
    assignees: held.map(({ assignee }) => assignee),
  });
  let free = freeWorkers(view, rig.name, rig.maxWorkers);
  if (rig.spawnDelayMs > 0) free = Math.min(free, 1);
  const actions: Action[] = [];
  const chosen: WorkView[] = [];
  for (const work of readyWork(view, rig.name)) {
    if (free <= 0) break;
    if (work.wantedName && taken.has(work.wantedName)) continue;
    if (overlapOf({ work: [...view.work, ...chosen] }, rig, work)) continue;
    chosen.push({ ...work, status: 'hooked' });
    const name = work.wantedName ?? freeName(taken, rig.pool);
    taken.add(name);
    free -= 1;
    actions.push({ type: 'hook', bead: work.id, rig: rig.name, name, revision: work.revision });
  }
  return actions;
}

function readyWork(view: TownView, rig: string): WorkView[] {
  return view.work
    .filter((work) => work.rig === rig && work.slung && work.status === 'open')
    .filter((work) => !work.blocked && !work.held && work.pausedBy === undefined)
    .filter((work) => !work.waitsForStep && work.consented && work.notBefore <= view.now)
    .sort((a, b) => a.priority - b.priority || a.createdAt - b.createdAt || a.id.localeCompare(b.id));
}
