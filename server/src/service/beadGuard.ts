import { UserError } from '../base/errors';
import type { BeadStore } from '../beads/store';
import { isHooked } from '../engine/view';
import { engineTypes, enginesKeys } from '../engine/work';
import { BeadClose, BeadCreate, BeadDelete, BeadReopen, BeadUpdate, type Bead } from '../protocol/bead';
import type { CallContext, Dispatcher } from '../protocol/dispatcher';
import { refuseForeignStep } from './stepRules';

/** What the engine writes on a bead is its own: a client that could write it would dispatch or merge by hand. */
function refuseEngineData(params: { type?: string; metadata?: Record<string, unknown> }): void {
  const type = engineTypes.find((candidate) => candidate === params.type?.replaceAll('-', '_'));
  if (type) throw new UserError(`beads of type ${type} are made by the town itself`, type === 'convoy' ? 'use "gt convoy create"' : type === 'message' ? 'use "gt mail send"' : undefined, 'refused');
  const key = enginesKeys.find((candidate) => params.metadata && candidate in params.metadata);
  if (key) throw new UserError(`the metadata key "${key}" belongs to the engine`, 'use "gt sling"', 'refused');
}

/**
 * Work that is on a hook or in the merge queue ends by `gt done` and a merge. An agent that closed, deleted or gave
 * away such a bead, its own or another's, would lose the commits to sight.
 */
export function refuseWorkInHand(store: BeadStore, ids: readonly string[], context: CallContext): void {
  if (context.kind !== 'agent') return;
  for (const partial of ids) {
    const bead = store.get(store.resolve(partial));
    if (bead && refuseForeignStep(store, bead, context)) continue;
    if (!bead || !(isHooked(bead) || bead.status === 'in_review')) continue;
    throw bead.assignee === context.agent
      ? new UserError(`${bead.id} is on your hook`, 'run "gt done": it is closed when its work is merged', 'refused')
      : new UserError(`${bead.id} is in the hands of ${bead.assignee ?? 'another agent'}`, 'leave it to them', 'refused');
  }
}

/** Mail and requests say who wrote what: an agent that changed one would put words into somebody's mouth. */
function refuseMail(store: BeadStore, ids: readonly string[], context: CallContext): void {
  if (context.kind !== 'agent') return;
  for (const partial of ids) {
    const bead = store.get(store.resolve(partial));
    if (bead?.issue_type === 'message') throw new UserError(`${bead.id} is a mail`, `use "gt mail ack ${bead.id}" or "gt mail reply"; a request to the Mayor: "gt mayor plan"`, 'refused');
  }
}

/** Puts these checks around the handlers of beads, and takes note of scripts that are written through this town's socket. */
export function guardBeadHandlers(dispatcher: Dispatcher, store: BeadStore, acceptScript: (bead: Bead, by: string) => void): void {
  dispatcher.wrap(BeadCreate.spec, (next) => async (params, context) => {
    refuseEngineData(params);
    const bead = await next(params, context);
    acceptScript(bead, context.actor);
    return bead;
  });
  dispatcher.wrap(BeadUpdate.spec, (next) => async (params, context) => {
    refuseEngineData(params);
    refuseMail(store, params.ids, context);
    if (params.status !== undefined || params.assignee !== undefined || params.claim) refuseWorkInHand(store, params.ids, context);
    const beads = await next(params, context);
    if (params.description !== undefined) for (const bead of beads) acceptScript(bead, context.actor);
    return beads;
  });
  for (const spec of [BeadClose.spec, BeadReopen.spec, BeadDelete.spec]) {
    dispatcher.wrap<typeof spec>(spec, (next) => async (params, context) => {
      refuseMail(store, params.ids, context);
      refuseWorkInHand(store, params.ids, context);
      return next(params, context);
    });
  }
}
