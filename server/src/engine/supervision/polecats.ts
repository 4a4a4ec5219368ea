import { UserError } from '../../base/errors';
import type { Transaction } from '../../beads/store';
import { safePart } from '../../git/names';
import type { CallContext } from '../../protocol/dispatcher';
import type { SnapshotInfo } from '../../protocol/town';
import { parseAddress, type AgentAddress } from '../../town/layout';
import { worktreeKey } from '../loop/action';
import { requireRig, type EngineContext } from '../loop/context';
import type { Engine } from '../loop/engine';
import { hookedBead } from '../dispatch/done';
import { requestsIn } from '../mergeQueue/requestIndex';
import { stepMark } from '../molecules/molecules';
import type { RigPort } from '../loop/ports';
import { isClosed, withWork, workOf } from '../state/work';

/** Manual operations on polecats. */

/** Consecutive hand-overs without a commit or a closed step in between. */
const MAX_IDLE_HANDOFFS = 3;

export function requirePolecat(agent: string): AgentAddress {
  const address = parseAddress(agent);
  if (address?.role !== 'polecats')
    throw new UserError(`${agent} is not a polecat`, 'write it as <rig>/<name>; see "gt polecat list"', 'not-found');
  return address;
}

/** Ends the calling polecat's session. A fresh one continues with only the bead and this message. */
export async function handOff(
  context: EngineContext,
  caller: CallContext,
  note: { subject?: string; message: string },
): Promise<{ bead: string }> {
  if (!caller.agent)
    throw new UserError(
      '"gt handoff" is for an agent in its own session',
      'a person restarts one: "gt session restart <agent>"',
      'refused',
    );
  const bead = hookedBead(context, caller.agent);
  if (!bead) throw new UserError('there is nothing on your hook to hand over', 'see "gt hook"', 'conflict');
  const address = requirePolecat(caller.agent);
  const progress = (await requireRig(context, address.rig).progress(address.name)) + stepMark(context.store, bead.id);
  const before = workOf(bead).handoff;
  const idle = before?.progress === progress ? before.idle + 1 : 0;
  if (idle >= MAX_IDLE_HANDOFFS)
    throw new UserError(
      'this work was handed over repeatedly without progress',
      'make a commit first, or report why you cannot continue with "gt escalate" and end',
      'refused',
    );
  await context.store.batch({ actor: caller.actor }, (tx) => {
    const current = tx.get(bead.id)!;
    const text = [note.subject, note.message].filter((part) => part?.trim()).join('\n\n');
    // Hooked, not in progress: the next session is a new conversation.
    tx.update(current.id, {
      status: 'hooked',
      metadata: withWork(current, {
        handoff: { message: text, at: context.clock.now().toISOString(), progress, idle },
      }),
    });
    tx.event({
      type: 'handed_off',
      bead: current.id,
      agent: caller.agent,
      rig: parseAddress(caller.agent!)?.rig,
      message: note.subject,
    });
  });
  return { bead: bead.id };
}

/** Resumes the stopped work of an agent. */
export async function resumeWork(
  context: EngineContext,
  caller: CallContext,
  agent: string,
): Promise<{ agent: string; bead: string }> {
  requirePolecat(agent);
  const bead = hookedBead(context, agent);
  if (!bead)
    throw new UserError(`${agent} has nothing on its hook`, 'sling it something: "gt sling <bead> <rig>"', 'conflict');
  await context.store.batch({ actor: caller.actor }, (tx) => {
    const current = tx.get(bead.id)!;
    tx.update(current.id, {
      metadata: withWork(current, { held: undefined, paused: undefined, notBefore: undefined, problem: undefined }),
    });
  });
  return { agent, bead: bead.id };
}

/** Removes a polecat. Its work is kept in a snapshot; its bead waits until it is slung again. */
export async function nuke(
  context: EngineContext,
  caller: CallContext,
  agent: string,
  { force, engine }: { force: boolean; engine: Pick<Engine, 'exclusive'> },
): Promise<{ agent: string; bead?: string; snapshot?: string }> {
  const { rig, name } = requirePolecat(agent);
  // The engine removes worktrees of unassigned work: it must not start between the change of the ledger and the removal
  // here.
  return engine.exclusive(worktreeKey(rig, name), () => removePolecat(context, caller, { agent, rig, name, force }));
}

async function removePolecat(
  context: EngineContext,
  caller: CallContext,
  { agent, rig: rigName, name, force }: { agent: string; rig: string; name: string; force: boolean },
): Promise<{ agent: string; bead?: string; snapshot?: string }> {
  const rig = requireRig(context, rigName);
  const known = rig.worktrees().find((worktree) => worktree.name === name);
  if (!known) throw new UserError(`there is no polecat ${agent}`, 'see "gt polecat list"', 'not-found');
  const bead = known.bead === undefined ? undefined : context.store.get(known.bead);
  const requests = bead ? requestsIn(context.store).openOf(bead.id) : [];
  if (requests.some((request) => request.status === 'in_progress'))
    throw new UserError(`${bead?.id} is being merged right now`, 'check again in a moment', 'conflict');
  if (requests.length > 0 && !force)
    throw new UserError(
      `the work of ${agent} on ${bead?.id} waits to be merged`,
      'wait for it, or use --force: its merge request is closed then',
      'conflict',
    );
  await context.store.batch({ actor: caller.actor }, (tx) => {
    for (const request of requests) tx.close(request.id, `${agent} was nuked by ${caller.actor}`, { force: true });
    if (bead) release(tx, bead.id, agent, caller.actor);
    tx.event({ type: 'nuked', bead: bead?.id, agent, rig: rigName });
  });
  await context.sessions.endAgent(agent, 'ended');
  const snapshot = await rig.retireWorktree(name, bead?.id ?? name);
  return { agent, bead: bead?.id, snapshot };
}

/** Leaves the bead unassigned and held: a person who removes an agent may not want another one to start at once. */
export function release(tx: Transaction, id: string, agent: string, actor: string): void {
  const bead = tx.get(id);
  if (!bead || bead.assignee !== agent || isClosed(bead.status)) return;
  tx.update(id, {
    status: 'open',
    assignee: undefined,
    metadata: withWork(bead, {
      held: true,
      problem: `its agent was ended by ${actor}`,
      branch: undefined,
      base: undefined,
    }),
  });
}

export async function snapshots(rigs: readonly RigPort[], bead?: string): Promise<SnapshotInfo[]> {
  const all = (await Promise.all(rigs.map((rig) => rig.snapshots()))).flat();
  return all
    .filter((snapshot) => bead === undefined || snapshot.bead === safePart(bead))
    .sort((a, b) => b.at.localeCompare(a.at) || b.label.localeCompare(a.label));
}
