import { UserError } from '../../base/errors';
import { cutBytes } from '../../base/text';
import type { Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { MqSubmit } from '../../protocol/town';
import { dropCrewBranch, takeCrewBranch, type CrewWork } from '../../rigs/crewBranches';
import { crewAddress } from '../../rigs/crew';
import type { Rig } from '../../rigs/rig';
import { parseAddress } from '../../town/layout';
import { targetOf } from '../convoys/feature';
import type { EngineContext } from '../loop/context';
import { rigOfBead } from '../state/workingSet';
import { isClosed, MERGE_REQUEST, slingableTypes, withWork, type MergeRequest } from '../state/work';
import { requestsIn } from './requestIndex';

type Wanted = Omit<MqSubmit.Params, 'agent'>;

/**
 * Adds commits of a crew member to the merge queue, as work on a bead: the named one, the one in the branch's name, or
 * a new one. The member's clone does not change, and its session continues.
 */
export async function submitCrewWork(
  context: EngineContext,
  caller: CallContext,
  { rig, name }: { rig: Rig; name: string },
  wanted: Wanted,
): Promise<MqSubmit.Result> {
  const worker = crewAddress(rig.name, name);
  const named = wanted.bead === undefined ? undefined : context.store.resolve(wanted.bead);
  if (named !== undefined) refuseBead(context, context.store.get(named)!, rig.name);
  const work = await takeCrewBranch(rig, name, wanted.branch);
  try {
    return await context.store.batch(caller, (tx) => {
      const source = beadFor(tx, context, { named, work, rig: rig.name, worker });
      const request = addRequest(tx, context, source, { work, worker, rig: rig.name, wanted });
      return { mergeRequest: request.id, bead: source.id, ...(work.isDirty ? { isDirty: true } : {}) };
    });
  } catch (error) {
    await dropCrewBranch(rig, work.branch);
    throw error;
  }
}

function beadFor(
  tx: Transaction,
  context: EngineContext,
  { named, work, rig, worker }: { named: string | undefined; work: CrewWork; rig: string; worker: string },
): Bead {
  const id = named ?? beadNamedBy(context, work.from, rig);
  if (id === undefined) return tx.create(rig, { title: cutBytes(work.subject, 400), type: 'task', assignee: worker });
  const bead = tx.require(id);
  refuseBead(context, bead, rig);
  return bead;
}

/** The bead of the rig whose id is in the name of a branch, such as `fix/toy-a1b2c-login`. */
function beadNamedBy({ store }: EngineContext, branch: string, rig: string): string | undefined {
  const parts = branch.split(/[^A-Za-z0-9.-]+/);
  for (const part of parts) {
    const words = part.split('-');
    for (let end = words.length; end > 1; end -= 1) {
      const bead = store.get(words.slice(0, end).join('-'));
      if (bead && rigOfBead(store, bead) === rig && slingableTypes.has(bead.issue_type) && !isClosed(bead.status))
        return bead.id;
    }
  }
  return undefined;
}

function refuseBead({ store }: EngineContext, bead: Bead, rig: string): void {
  if (rigOfBead(store, bead) !== rig || !slingableTypes.has(bead.issue_type))
    throw new UserError(
      `${bead.id} is not a bead that ${rig} works on`,
      'leave --issue out for a new bead',
      'conflict',
    );
  if (isClosed(bead.status))
    throw new UserError(`${bead.id} is closed`, `reopen it: "bd reopen ${bead.id}"; or leave --issue out`, 'conflict');
  const open = requestsIn(store).openOf(bead.id).at(-1);
  if (open)
    throw new UserError(
      `${bead.id} is in the merge queue already (${open.id})`,
      `wait until it is merged; or take that one back first: "gt mq reject ${bead.id} -m <why>"`,
      'conflict',
    );
  const isPolecats = parseAddress(bead.assignee ?? '')?.role === 'polecats';
  if (isPolecats && ['hooked', 'in_progress', 'in_review'].includes(bead.status))
    throw new UserError(`${bead.assignee} works on ${bead.id}`, 'leave --issue out for a new bead', 'conflict');
}

function addRequest(
  tx: Transaction,
  { store }: EngineContext,
  source: Bead,
  { work, worker, rig, wanted }: { work: CrewWork; worker: string; rig: string; wanted: Wanted },
): Bead {
  const merge: MergeRequest = {
    ...{ source: source.id, rig, branch: work.branch, commit: work.commit, worker, retries: 0 },
    target: targetOf(store, source.id),
    note: wanted.message,
  };
  tx.update(source.id, {
    status: 'in_review',
    assignee: worker,
    metadata: withWork(source, { branch: work.branch, problem: undefined, feedback: undefined }),
  });
  tx.event({ type: 'done', bead: source.id, agent: worker, rig, new: work.commit });
  return tx.create(rig, {
    title: cutBytes(`Merge: ${source.title}`, 400),
    type: MERGE_REQUEST,
    priority: wanted.priority ?? source.priority,
    metadata: { merge },
  });
}
