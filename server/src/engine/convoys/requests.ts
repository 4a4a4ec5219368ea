import { isExternal } from '../../beads/model/dependencies';
import { UserError } from '../../base/errors';
import { BeadBatch } from '../../protocol/batch';
import { DependencyAdd } from '../../protocol/dependency';
import type { Bead } from '../../protocol/bead';
import type { Dispatcher } from '../../protocol/dispatcher';
import {
  ConvoyAdd,
  ConvoyCheck,
  ConvoyClose,
  ConvoyCreate,
  ConvoyGet,
  ConvoyLand,
  ConvoyLaunch,
  ConvoyList,
  ConvoyPause,
  ConvoyRemove,
  ConvoyRename,
  ConvoyResume,
  ConvoyUnwatch,
  ConvoyWatch,
  type ConvoyInfo,
  type ConvoyListStatus,
  type ConvoyStatus,
} from '../../protocol/town';
import { convoyInfo } from '../state/projection';
import { CONVOY, convoyOf } from '../state/work';
import { pauseConvoy, removeFromConvoy, renameConvoy, resumeConvoy, unwatchConvoy, watchConvoy } from './changeConvoy';
import { needsOf, requireConvoy, stageWarnings, trackedBeads, type ConvoyTown } from './convoys';
import { checkConvoys, closeConvoy, landOwnedConvoy } from './endConvoy';
import { waves } from './graph';
import { addToConvoy, createConvoy, launchConvoy } from './startConvoy';

export function registerConvoyHandlers(dispatcher: Dispatcher, town: ConvoyTown): void {
  dispatcher.on(ConvoyCreate.spec, (params, context) => createConvoy(town, context, params));
  dispatcher.on(ConvoyAdd.spec, (params, context) => addToConvoy(town, context, params.id, params.beads));
  dispatcher.on(ConvoyRemove.spec, (params, context) => removeFromConvoy(town, context, params.id, params.beads));
  dispatcher.on(ConvoyRename.spec, (params, context) => renameConvoy(town, context, params.id, params.title));
  dispatcher.on(ConvoyList.spec, async (params) => listConvoys(town, params));
  dispatcher.on(ConvoyGet.spec, async (params) => convoyStatus(town, requireConvoy(town, params.id)));
  dispatcher.on(ConvoyLaunch.spec, (params, context) => launchConvoy(town, context, params.id, params.force));
  dispatcher.on(ConvoyPause.spec, (params, context) => pauseConvoy(town, context, params.id, params.reason));
  dispatcher.on(ConvoyResume.spec, (params, context) => resumeConvoy(town, context, params.id));
  dispatcher.on(ConvoyClose.spec, (params, context) => closeConvoy(town, context, params.id, params.reason));
  dispatcher.on(ConvoyLand.spec, (params, context) => landOwnedConvoy(town, context, params));
  dispatcher.on(ConvoyCheck.spec, (params, context) => checkConvoys(town, context, params));
  dispatcher.on(ConvoyWatch.spec, (params, context) => watchConvoy(town, context, params.id, params.address));
  dispatcher.on(ConvoyUnwatch.spec, (params, context) => unwatchConvoy(town, context, params.id, params.address));
  acceptTracksEdges(dispatcher, town);
}

/** An edge from a convoy to what it tracks means the same as adding the bead, however it is written. */
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

function convoyNamed(town: ConvoyTown, partial: string): Bead | undefined {
  try {
    const bead = town.store.get(town.store.resolve(partial));
    return bead?.issue_type === CONVOY ? bead : undefined;
  } catch (error) {
    // What it means, if anything, is for the handler of the request to say.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function listConvoys(town: ConvoyTown, { all, status }: { all: boolean; status?: ConvoyListStatus }): ConvoyInfo[] {
  const statuses =
    status === undefined ? undefined : status === 'staged' ? ['staged_ready', 'staged_warnings'] : [status];
  return town.store
    .list({ type: [CONVOY], all: all || status === 'closed', limit: 0, ...(statuses ? { status: statuses } : {}) })
    .map((bead) => convoyInfo(town.store, bead));
}

function convoyStatus(town: ConvoyTown, convoy: Bead): ConvoyStatus {
  const beads = trackedBeads(town.store, convoy);
  const { notify, paused } = convoyOf(convoy);
  return {
    ...convoyInfo(town.store, convoy),
    tracked: town.projection.beadInfos(beads),
    waves: waves(
      beads.map((bead) => bead.id),
      needsOf(town.store, beads),
    ),
    warnings: stageWarnings(town, beads),
    notify,
    ...(paused ? { pause: paused } : {}),
  };
}
