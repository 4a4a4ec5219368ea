import { parseAddress } from '../../town/layout';

/** What can hold the name of a polecat. */
export interface NameHolders {
  /** Folders of polecats in the rig. */
  worktrees: Iterable<{ name: string }>;
  /** Of all rigs, living or not yet forgotten. */
  sessions: Iterable<{ role: string; rig?: string; name: string }>;
  /** Addresses that have a bead on their hook or in review. */
  assignees: Iterable<string | undefined>;
}

/** The names in a rig that no new polecat may get: each is a folder's, a session's, or that of a bead's assignee. */
export function takenNames(rig: string, { worktrees, sessions, assignees }: NameHolders): Set<string> {
  const taken = new Set<string>();
  for (const { name } of worktrees) taken.add(name);
  for (const session of sessions) if (session.role === 'polecat' && session.rig === rig) taken.add(session.name);
  for (const assignee of assignees) {
    const address = parseAddress(assignee ?? '');
    if (address?.rig === rig) taken.add(address.name);
  }
  return taken;
}
