import { parseAddress } from '../../town/layout';

/** Sources of polecat names in use. */
export interface NameHolders {
  /** Folders of polecats in the rig. */
  worktrees: Iterable<{ name: string }>;
  /** Sessions of all rigs, live or with a record. */
  sessions: Iterable<{ role: string; rig?: string; name: string }>;
  /** Addresses that have a bead on their hook or in review. */
  assignees: Iterable<string | undefined>;
}

/** Names in a rig that a new polecat must not get: those of folders, sessions and assignees. */
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
