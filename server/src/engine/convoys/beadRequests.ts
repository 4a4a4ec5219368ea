import { isExternal } from '../../beads/external/reference';
import { UserError } from '../../base/errors';
import { BeadBatch } from '../../protocol/batch';
import { BeadUpdate, type Bead } from '../../protocol/bead';
import { DependencyAdd, DependencyRemove } from '../../protocol/dependency';
import type { Dispatcher } from '../../protocol/dispatcher';
import { CONVOY, trackedIds } from '../state/work';
import { isStaged, type ConvoyTown } from './convoys';
import { refuseCollected } from './featureRules';
import { addToConvoy } from './startConvoy';

/** Applies the rules of the convoy commands to `bd` requests on convoys. */
export function guardConvoyBeads(dispatcher: Dispatcher, town: ConvoyTown): void {
  acceptTracksEdges(dispatcher, town);
  guardRemovedEdges(dispatcher, town);
  guardStatus(dispatcher, town);
}

/** A `tracks` edge from a convoy, however it is written, is the same as `gt convoy add`. */
function acceptTracksEdges(dispatcher: Dispatcher, town: ConvoyTown): void {
  dispatcher.wrap(DependencyAdd.spec, (next) => async (params, context) => {
    const convoy = params.type === 'tracks' ? convoyNamed(town, params.from) : undefined;
    if (!convoy || isExternal(params.to)) return next(params, context);
    const { beads } = await addToConvoy(town, context, convoy.id, [params.to]);
    const edges = (town.store.get(convoy.id)?.dependencies ?? []).filter((edge) => edge.type === 'tracks');
    const meant = town.store.resolve(params.to);
    const edge =
      edges.find((one) => one.depends_on_id === meant) ?? edges.findLast((one) => beads.includes(one.depends_on_id));
    return edge ?? next(params, context);
  });
  dispatcher.wrap(BeadBatch.spec, (next) => async (params, context) => {
    const added = params.operations.flatMap((operation) =>
      operation.op === 'dep-add' && operation.type === 'tracks' ? [operation] : [],
    );
    const closed = added.filter(({ from }) => convoyNamed(town, from)?.status === 'closed');
    const result = await next(params, context);
    for (const { from, to } of closed) await addToConvoy(town, context, from, [to]);
    return result;
  });
}

/** As with `gt convoy remove`, an edge to a bead whose work is on the feature branch cannot be removed. */
function guardRemovedEdges(dispatcher: Dispatcher, town: ConvoyTown): void {
  const refuse = ({ from, to }: { from: string; to: string }): void => {
    const convoy = convoyNamed(town, from);
    const bead = convoy && beadNamed(town, to);
    if (bead && trackedIds(convoy).includes(bead.id)) refuseCollected(town, convoy, [bead.id]);
  };
  dispatcher.wrap(DependencyRemove.spec, (next) => async (params, context) => {
    refuse(params);
    return next(params, context);
  });
  dispatcher.wrap(BeadBatch.spec, (next) => async (params, context) => {
    for (const operation of params.operations) if (operation.op === 'dep-remove') refuse(operation);
    return next(params, context);
  });
}

/** The convoy with this id or part of an id; undefined for other beads, and if there is none. */
export function convoyNamed(town: Pick<ConvoyTown, 'store'>, partial: string): Bead | undefined {
  const bead = beadNamed(town, partial);
  return bead?.issue_type === CONVOY ? bead : undefined;
}

function beadNamed(town: Pick<ConvoyTown, 'store'>, partial: string): Bead | undefined {
  try {
    return town.store.get(town.store.resolve(partial));
  } catch (error) {
    // The handler of the request reports an id that is unknown or ambiguous.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Status changes of a convoy that `bd update` may make, by current status. All others have their own commands. */
const TRANSITIONS: Readonly<Record<string, readonly string[]>> = {
  open: ['open', 'closed'],
  closed: ['closed', 'open'],
  staged_ready: ['staged_ready', 'staged_warnings', 'closed'],
  staged_warnings: ['staged_ready', 'staged_warnings', 'closed'],
};

function guardStatus(dispatcher: Dispatcher, town: ConvoyTown): void {
  const refuse = (id: string, status: string | undefined): void => {
    const convoy = status === undefined ? undefined : convoyNamed(town, id);
    if (!convoy || status === undefined || (TRANSITIONS[convoy.status] ?? []).includes(status)) return;
    throw new UserError(
      `a convoy cannot change from ${convoy.status} to ${status}`,
      isStaged(convoy)
        ? `"gt convoy launch ${convoy.id}" starts it, "gt convoy close ${convoy.id}" ends it`
        : `"gt convoy pause ${convoy.id}" holds its beads back, "gt convoy close ${convoy.id}" closes it`,
      'conflict',
    );
  };
  dispatcher.wrap(BeadUpdate.spec, (next) => async (params, context) => {
    for (const id of params.ids) refuse(id, params.claim ? 'in_progress' : params.status);
    return next(params, context);
  });
  dispatcher.wrap(BeadBatch.spec, (next) => async (params, context) => {
    for (const operation of params.operations)
      if (operation.op === 'update') refuse(operation.id, operation.fields.status);
    return next(params, context);
  });
}
