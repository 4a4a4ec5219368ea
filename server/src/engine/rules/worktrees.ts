import type { Action } from '../action';
import type { TownView } from '../view';

/** A merged bead's worktree goes, once nobody is in it. */
export function worktrees(view: TownView): Action[] {
  return view.worktrees.flatMap((worktree): Action[] => {
    const occupied = view.sessions.some((session) => session.role === 'polecat' && session.rig === worktree.rig && session.name === worktree.name);
    if (!worktree.bead || !worktree.finished || occupied) return [];
    return [{ type: 'remove-worktree', rig: worktree.rig, name: worktree.name, bead: worktree.bead }];
  });
}
