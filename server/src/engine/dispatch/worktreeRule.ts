import type { Action } from '../loop/action';
import { parseAddress } from '../../town/layout';
import { isHooked, type TownView } from '../state/townView';
import { dispatch } from './dispatchRule';

/** After this time a start no longer delays the removal of worktrees. */
const START_MS = 10_000;

/**
 * Removes the worktree of a merged bead once no session uses it. Starts of agents in the same repository have priority.
 */
export function removableWorktrees(view: TownView): Action[] {
  const finished = view.worktrees.filter((worktree) => worktree.bead && worktree.finished);
  if (finished.length === 0) return [];
  const busy = beginning(view);
  return finished.flatMap((worktree): Action[] => {
    const occupied = view.sessions.some(
      (session) => session.role === 'polecat' && session.rig === worktree.rig && session.name === worktree.name,
    );
    if (occupied || busy.has(worktree.rig)) return [];
    return [{ type: 'remove-worktree', rig: worktree.rig, name: worktree.name, bead: worktree.bead! }];
  });
}

/** Rigs in which an agent is being started: changes of a repository run one at a time, and a removal can wait. */
function beginning(view: TownView): Set<string> {
  const hooks = dispatch(view).flatMap((action) =>
    action.type === 'hook' && !view.inFlight.has(`hook:${action.rig}`) ? [action.rig] : [],
  );
  const starts = view.work.filter(
    (work) =>
      isHooked(work) &&
      !work.held &&
      !work.waitsForStep &&
      work.notBefore <= view.now &&
      Math.abs(view.now - Date.parse(work.revision)) < START_MS &&
      !view.sessions.some((session) => session.bead === work.id),
  );
  return new Set([...hooks, ...starts.flatMap((work) => parseAddress(work.assignee ?? '')?.rig ?? [])]);
}
