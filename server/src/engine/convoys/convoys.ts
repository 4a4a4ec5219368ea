import type { BeadStore } from '../../beads/store';
import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import {
  ConvoyAdd,
  ConvoyCreate,
  ConvoyGet,
  ConvoyLaunch,
  ConvoyList,
  type ConvoyInfo,
  type ConvoyStatus,
} from '../../protocol/town';
import { convoyInfo, type Projection } from '../state/projection';
import { waves } from './graph';
import { withoutEpics } from '../dispatch/epics';
import { refuseStep } from '../molecules/molecules';
import { CONVOY, isClosed, slingableTypes, trackedIds, withConvoy } from '../state/work';

/** What convoys need to know of the town. */
export interface ConvoyTown {
  store: BeadStore;
  projection: Projection;
  isRig(ledger: string): boolean;
}

const BLOCKING = new Set(['blocks', 'conditional-blocks', 'waits-for']);

export function registerConvoyHandlers(dispatcher: Dispatcher, town: ConvoyTown): void {
  dispatcher.on(ConvoyCreate.spec, (params, context) => createConvoy(town, context, params));
  dispatcher.on(ConvoyAdd.spec, (params, context) => addToConvoy(town, context, params.id, params.beads));
  dispatcher.on(ConvoyList.spec, async (params) =>
    town.store.list({ type: [CONVOY], all: params.all, limit: 0 }).map((bead) => convoyInfo(town.store, bead)),
  );
  dispatcher.on(ConvoyGet.spec, async (params) => convoyStatus(town, requireConvoy(town, params.id)));
  dispatcher.on(ConvoyLaunch.spec, (params, context) => launchConvoy(town, context, params.id, params.force));
}

/** What an agent plans, a person launches: nothing that an agent writes begins to run by itself. */
function refuseAgent(context: CallContext, hint: string): void {
  if (context.kind === 'agent') throw new UserError('an agent does not launch work', hint, 'refused');
}

async function createConvoy(
  town: ConvoyTown,
  context: CallContext,
  params: { title: string; beads: string[]; stage: boolean; notify: string[] },
): Promise<ConvoyInfo> {
  if (!params.stage) refuseAgent(context, 'stage it: gt convoy create … --stage; a person launches it');
  const beads = trackable(town, params.beads);
  const warnings = stageWarnings(town, beads);
  const status = params.stage ? (warnings.length > 0 ? 'staged_warnings' : 'staged_ready') : 'open';
  if (!params.stage && warnings.length > 0)
    throw new UserError(warnings.join('\n'), 'fix that, or stage the convoy and launch it with --force', 'conflict');
  return town.store.batch(context, (tx) => {
    const convoy = tx.create('hq', {
      title: params.title,
      type: CONVOY,
      status,
      metadata: { convoy: { notify: params.notify, launched_at: params.stage ? undefined : new Date().toISOString() } },
    });
    for (const bead of beads) tx.addDependency(convoy.id, bead.id, 'tracks');
    tx.event({ type: params.stage ? 'convoy_staged' : 'convoy_launched', convoy: convoy.id, message: params.title });
    return convoyInfo(town.store, tx.get(convoy.id)!, tx);
  });
}

async function addToConvoy(town: ConvoyTown, context: CallContext, id: string, ids: string[]): Promise<ConvoyInfo> {
  if (!requireConvoy(town, id).status.startsWith('staged'))
    refuseAgent(context, 'a person adds to a convoy that is under way');
  const beads = trackable(town, ids);
  return town.store.batch(context, (tx) => {
    const convoy = requireConvoy(town, id);
    const tracked = new Set((convoy.dependencies ?? []).map((edge) => edge.depends_on_id));
    for (const bead of beads) if (!tracked.has(bead.id)) tx.addDependency(convoy.id, bead.id, 'tracks');
    const reopened = isClosed(convoy.status) && beads.some((bead) => !isClosed(bead.status));
    if (reopened) tx.update(convoy.id, { status: 'open' });
    tx.event({ type: reopened ? 'convoy_reopened' : 'convoy_changed', convoy: convoy.id, message: convoy.title });
    return convoyInfo(town.store, tx.get(convoy.id)!, tx);
  });
}

async function launchConvoy(town: ConvoyTown, context: CallContext, id: string, force: boolean): Promise<ConvoyInfo> {
  refuseAgent(context, 'a person launches the convoy');
  const convoy = requireConvoy(town, id);
  const beads = trackedBeads(town.store, convoy);
  if (!convoy.status.startsWith('staged')) {
    throw new UserError(
      `${convoy.id} is ${convoy.status}, not staged`,
      convoy.status === 'closed' ? 'add beads to it with "gt convoy add"; that reopens it' : 'it is under way already',
      'conflict',
    );
  }
  if (beads.length === 0)
    throw new UserError(`${convoy.id} tracks nothing`, 'add beads with "gt convoy add"', 'conflict');
  const warnings = stageWarnings(town, beads);
  if (warnings.length > 0 && !force)
    throw new UserError(warnings.join('\n'), 'fix that, or launch it with --force', 'conflict');
  return town.store.batch(context, (tx) => {
    tx.update(convoy.id, { status: 'open', metadata: withConvoy(convoy, { launched_at: new Date().toISOString() }) });
    tx.event({ type: 'convoy_launched', convoy: convoy.id, message: convoy.title });
    return convoyInfo(town.store, tx.get(convoy.id)!, tx);
  });
}

function convoyStatus(town: ConvoyTown, convoy: Bead): ConvoyStatus {
  const beads = trackedBeads(town.store, convoy);
  return {
    ...convoyInfo(town.store, convoy),
    tracked: town.projection.beadInfos(beads),
    waves: waves(
      beads.map((bead) => bead.id),
      needsOf(town.store, beads),
    ),
    warnings: stageWarnings(town, beads),
  };
}

export function requireConvoy(town: Pick<ConvoyTown, 'store'>, id: string): Bead {
  const bead = town.store.get(town.store.resolve(id, 'hq'));
  if (bead?.issue_type !== CONVOY) throw new UserError(`${id} is no convoy`, 'see "gt convoy list"', 'not-found');
  return bead;
}

export function trackedBeads(store: BeadStore, convoy: Bead): Bead[] {
  return trackedIds(convoy).flatMap((id) => store.get(id) ?? []);
}

/** What each bead waits for, by the dependency types that hold work back. */
export function needsOf(store: BeadStore, beads: readonly Bead[]): Map<string, string[]> {
  return new Map(
    beads.map((bead) => [
      bead.id,
      (bead.dependencies ?? [])
        .filter((edge) => BLOCKING.has(edge.type))
        .map((edge) => edge.depends_on_id)
        .filter((id) => store.get(id)),
    ]),
  );
}

function trackable(town: ConvoyTown, ids: readonly string[]): Bead[] {
  const resolved = withoutEpics(
    town.store,
    ids.map((id) => town.store.resolve(id)),
  );
  return resolved.map((id) => {
    const bead = town.store.get(id);
    if (!bead || bead.status === 'tombstone')
      throw new UserError(`there is no bead ${id}`, 'see "bd list"', 'not-found');
    if (bead.issue_type === CONVOY) throw new UserError(`${id} is a convoy itself`, 'track its beads instead');
    refuseStep(town.store, bead);
    return bead;
  });
}

/** What would keep the convoy from landing by itself. */
function stageWarnings(town: ConvoyTown, beads: readonly Bead[]): string[] {
  const warnings: string[] = [];
  waves(
    beads.map((bead) => bead.id),
    needsOf(town.store, beads),
  );
  const inside = new Set(beads.map((bead) => bead.id));
  for (const bead of beads) {
    if (isClosed(bead.status)) continue;
    if (!slingableTypes.has(bead.issue_type))
      warnings.push(`${bead.id} is of type ${bead.issue_type}, which no agent works on`);
    if (!town.isRig(town.store.ledgerOf(bead.id) ?? 'hq')) warnings.push(`${bead.id} belongs to no rig`);
    for (const blocker of town.store.blockerIds(bead.id)) {
      if (!inside.has(blocker)) warnings.push(`${bead.id} waits for ${blocker}, which this convoy does not track`);
    }
  }
  return warnings;
}
