import type { BeadStore } from '../beads/store';
import type { AddressBook } from '../engine/mail/addresses';
import { crewNames } from '../rigs/crew';
import type { Rigs } from '../rigs/registry';

/** The addresses in a town, read on demand. */
export function townAddresses(rigs: Pick<Rigs, 'get'>, store: BeadStore): AddressBook {
  return {
    isRig: (name) => rigs.get(name) !== undefined,
    crew: (name) => {
      const rig = rigs.get(name);
      return rig ? crewNames(rig) : [];
    },
    polecats: (name) =>
      rigs
        .get(name)
        ?.worktrees()
        .map((worktree) => worktree.name) ?? [],
    isPerson: (name) =>
      store.list({ assignee: name, all: true, limit: 1 }).length > 0 ||
      store.list({ all: true, limit: 0 }).some((bead) => bead.created_by === name),
  };
}
