import { wavesOf } from '../../base/graph';
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
import { ConvoyStage, type Started } from '../../protocol/convoyPlan';
import { convoyInfo } from '../state/projection';
import { CONVOY, convoyOf, isClosed } from '../state/work';
import { pauseConvoy, removeFromConvoy, renameConvoy, resumeConvoy, unwatchConvoy, watchConvoy } from './changeConvoy';
import { isStaged, requireConvoy, trackedBeads, type ConvoyTown } from './convoys';
import { guardConvoyBeads } from './beadRequests';
import { checkConvoys, closeConvoy, landOwnedConvoy } from './endConvoy';
import { featureInfo } from './featureInfo';
import { needsOf } from './needs';
import { planOf } from './plan';
import { hinders } from './checkPlan';
import { stageConvoy } from './stageConvoy';
import { addToConvoy, createConvoy, launchConvoy } from './startConvoy';

export function registerConvoyHandlers(dispatcher: Dispatcher, town: ConvoyTown): void {
  const started = <T extends object>(result: T): T & Started =>
    town.isUp() ? result : { ...result, enginePaused: true };
  dispatcher.on(ConvoyCreate.spec, async (params, context) => {
    const info = await createConvoy(town, context, params);
    return params.launch ? started(info) : info;
  });
  dispatcher.on(ConvoyAdd.spec, (params, context) => addToConvoy(town, context, params.id, params.beads));
  dispatcher.on(ConvoyRemove.spec, (params, context) => removeFromConvoy(town, context, params.id, params.beads));
  dispatcher.on(ConvoyRename.spec, (params, context) => renameConvoy(town, context, params.id, params.title));
  dispatcher.on(ConvoyList.spec, async (params) => listConvoys(town, params));
  dispatcher.on(ConvoyGet.spec, async (params) => started(await convoyStatus(town, requireConvoy(town, params.id))));
  dispatcher.on(ConvoyLaunch.spec, async (params, context) =>
    started(await launchConvoy(town, context, params.id, params.force)),
  );
  dispatcher.on(ConvoyStage.spec, async (params, context) => {
    const plan = await stageConvoy(town, context, params);
    return plan.launched ? started(plan) : plan;
  });
  dispatcher.on(ConvoyPause.spec, (params, context) => pauseConvoy(town, context, params.id, params.reason));
  dispatcher.on(ConvoyResume.spec, (params, context) => resumeConvoy(town, context, params.id));
  dispatcher.on(ConvoyClose.spec, (params, context) => closeConvoy(town, context, params.id, params.reason));
  dispatcher.on(ConvoyLand.spec, (params, context) => landOwnedConvoy(town, context, params));
  dispatcher.on(ConvoyCheck.spec, (params, context) => checkConvoys(town, context, params));
  dispatcher.on(ConvoyWatch.spec, (params, context) => watchConvoy(town, context, params));
  dispatcher.on(ConvoyUnwatch.spec, (params, context) => unwatchConvoy(town, context, params.id, params.address));
  guardConvoyBeads(dispatcher, town);
}

function listConvoys(town: ConvoyTown, { all, status }: { all: boolean; status?: ConvoyListStatus }): ConvoyInfo[] {
  const statuses =
    status === undefined ? undefined : status === 'staged' ? ['staged_ready', 'staged_warnings'] : [status];
  return town.store
    .list({ type: [CONVOY], all: all || status === 'closed', limit: 0, ...(statuses ? { status: statuses } : {}) })
    .map((bead) => convoyInfo(town.store, bead));
}

async function convoyStatus(town: ConvoyTown, convoy: Bead): Promise<ConvoyStatus> {
  const beads = trackedBeads(town.store, convoy);
  const { notify, nudge, paused } = convoyOf(convoy);
  const needs = needsOf(town.store, beads);
  return {
    ...convoyInfo(town.store, convoy),
    tracked: town.projection.beadInfos(beads),
    waves: wavesOf(beads.map(({ id }) => id).sort(), (id) => needs.get(id) ?? []).waves,
    ...(await findingsOf(town, convoy, beads)),
    notify,
    ...(nudge.length > 0 ? { nudge } : {}),
    ...(paused ? { pause: paused } : {}),
    ...(await featureWithCommits(town, convoy)),
  };
}

async function featureWithCommits(town: ConvoyTown, convoy: Bead): Promise<Pick<ConvoyStatus, 'feature'>> {
  const feature = featureInfo(town.store, convoy);
  if (!feature) return {};
  const rigs = await Promise.all(
    feature.rigs.map(async (rig) => {
      const ahead = rig.state === 'landed' ? undefined : await town.commitsAhead(rig.rig, feature.branch);
      return ahead === undefined ? rig : { ...rig, ahead };
    }),
  );
  return { feature: { ...feature, rigs } };
}

/** The findings about a plan; for an open convoy, those that keep it from landing automatically. */
async function findingsOf(
  town: ConvoyTown,
  convoy: Bead,
  beads: readonly Bead[],
): Promise<Pick<ConvoyStatus, 'errors' | 'warnings'>> {
  if (isClosed(convoy.status)) return { errors: [], warnings: [] };
  const { errors, warnings } = await planOf(town, beads);
  return { errors, warnings: isStaged(convoy) ? warnings : warnings.filter(hinders) };
}
