import { UserError } from '../../base/errors';
import type { Transaction } from '../../beads/store';
import { polecatBranch } from '../../git/names';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { SnapshotInfo } from '../../protocol/town';
import { parseAddress, polecatAddress } from '../../town/layout';
import { freeName } from '../../town/names';
import { takenNames } from '../dispatch/takenNames';
import type { EngineContext } from '../loop/context';
import type { RigPort } from '../loop/ports';
import { requestsIn } from '../mergeQueue/requestIndex';
import { isHooked } from '../state/townView';
import { isClosed, withWork, workOf } from '../state/work';
import { release, snapshots } from './polecats';

/** The polecat that takes the restored work. */
interface NewOwner {
  name: string;
  agent: string;
  branch: string;
  attempt: number;
}

/** A request to restore work. */
export interface RestoreRequest {
  bead: string;
  /** The snapshot; by default the newest one of the bead. */
  label: string | undefined;
  /** Names for polecats of the rig. */
  pool: readonly string[];
}

/** Restores a bead from a snapshot to a new polecat, which starts on a person's request. */
export async function restore(
  context: EngineContext,
  caller: CallContext,
  rig: RigPort,
  { bead: id, label, pool }: RestoreRequest,
): Promise<{ agent: string; bead: string }> {
  const snapshot = await requireSnapshot(rig, id, label);
  const bead = requireRestorable(context, id);
  // Hooked and held first: the engine removes worktrees of unassigned beads.
  const owner = await context.store.batch({ actor: caller.actor }, (tx) => {
    if (tx.get(id)!.updated_at !== bead.updated_at)
      throw new UserError(`${id} has just changed`, 'try again', 'conflict');
    return hookRestored(tx, context, caller, { bead: tx.get(id)!, rig, pool, commit: snapshot.commit });
  });
  try {
    await restoreWorktree(context, caller, rig, { bead, owner, commit: snapshot.commit });
  } catch (error) {
    await context.store.batch({ actor: caller.actor }, (tx) => release(tx, id, owner.agent, caller.actor));
    throw error;
  }
  return { agent: owner.agent, bead: id };
}

async function requireSnapshot(rig: RigPort, bead: string, label: string | undefined): Promise<SnapshotInfo> {
  const known = (await snapshots([rig], bead)).find((snapshot) => label === undefined || snapshot.label === label);
  if (known) return known;
  throw new UserError(
    label === undefined ? `there is no snapshot of ${bead}` : `there is no snapshot ${label} of ${bead}`,
    'see "gt polecat snapshots"',
    'not-found',
  );
}

function requireRestorable(context: EngineContext, id: string): Bead {
  const bead = context.store.get(id);
  if (!bead) throw new UserError(`there is no bead ${id}`, undefined, 'not-found');
  if (isClosed(bead.status)) throw new UserError(`${id} is closed`, `"bd reopen ${id}" first`, 'conflict');
  if (isHooked(bead) || bead.status === 'in_review')
    throw new UserError(
      `${id} is assigned to ${bead.assignee ?? 'an agent'}`,
      `end that first: "gt polecat nuke ${bead.assignee ?? ''}"`,
      'conflict',
    );
  return bead;
}

/** Reserves the name in its own step: the engine assigns names in its batches. */
function hookRestored(
  tx: Transaction,
  context: EngineContext,
  caller: CallContext,
  { bead, rig, pool, commit }: { bead: Bead; rig: RigPort; pool: readonly string[]; commit: string },
): NewOwner {
  const now = context.clock.now();
  const name = freeName(namesIn(context, rig), pool);
  const owner: NewOwner = {
    name,
    agent: polecatAddress(rig.name, name),
    branch: polecatBranch(name, bead.id, now),
    attempt: Math.max(1, workOf(bead).attempt),
  };
  // A failed merge request must not be retried next to the restored work.
  for (const request of requestsIn(context.store).openOf(bead.id))
    tx.close(request.id, `${bead.id} was restored from a snapshot`, { force: true });
  tx.update(bead.id, {
    status: 'hooked',
    assignee: owner.agent,
    metadata: withWork(bead, {
      slung: workOf(bead).slung ?? { rig: rig.name, by: caller.actor, at: now.toISOString() },
      branch: owner.branch,
      base: undefined,
      attempt: owner.attempt,
      held: true,
      deaths: 0,
      startFailures: 0,
      problem: 'restored from a snapshot; it waits to be started',
    }),
  });
  tx.event({ type: 'restored', bead: bead.id, agent: owner.agent, rig: rig.name, new: commit });
  return owner;
}

function namesIn(context: EngineContext, rig: RigPort): Set<string> {
  const held = context.store.list({ status: ['hooked', 'in_progress', 'in_review'], limit: 0 });
  return takenNames(rig.name, {
    worktrees: rig.worktrees(),
    sessions: context.sessions.all(),
    assignees: held.map(({ assignee }) => assignee),
  });
}

async function restoreWorktree(
  context: EngineContext,
  caller: CallContext,
  rig: RigPort,
  { bead, owner, commit }: { bead: Bead; owner: NewOwner; commit: string },
): Promise<void> {
  const { name, agent, branch, attempt } = owner;
  const work = { bead: bead.id, title: bead.title, branch, attempt };
  const { base, authors } = await rig.restoreSnapshot(name, commit, work);
  const formerWorkers = authors.filter((author) => parseAddress(author)?.role === 'polecats' && author !== agent);
  await context.store.batch({ actor: caller.actor }, (tx) =>
    tx.update(bead.id, { metadata: withWork(tx.get(bead.id)!, { base, formerWorkers }) }),
  );
}
