import { UserError } from '../../base/errors';
import type { Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { EventType } from '../../protocol/vocabulary';
import type { CallContext } from '../../protocol/dispatcher';
import type { ConvoyCreate, ConvoyInfo } from '../../protocol/town';
import type { PlanCheck } from '../../protocol/convoyPlan';
import { knownRecipient } from '../mail/addresses';
import { featureBranch } from '../../git/featureBranch';
import { convoyInfo } from '../state/projection';
import { FEATURE_LABEL, featureOf } from './feature';
import { refuseOtherBranch, wantsFeature } from './featureRules';
import { CONVOY, isClosed, isLaunched, OWNED_LABEL, trackedIds, withConvoy } from '../state/work';
import {
  changeConvoy,
  isStaged,
  refuseClosed,
  requireConvoy,
  trackable,
  trackedBeads,
  type ConvoyTown,
} from './convoys';
import { planOf, refuseHindered } from './plan';

/** How a convoy is created: `tracking` starts none of its beads. */
type Beginning = 'staged' | 'tracking' | 'launched';

const beginningEvents: Record<Beginning, EventType> = {
  staged: 'convoy_staged',
  tracking: 'convoy_created',
  launched: 'convoy_launched',
};

export async function createConvoy(
  town: ConvoyTown,
  context: CallContext,
  params: Required<Omit<ConvoyCreate.Params, 'featureBranch'>> & Pick<ConvoyCreate.Params, 'featureBranch'>,
): Promise<ConvoyInfo> {
  if (params.launch && params.stage)
    throw new UserError('a convoy is staged or launched, not both', 'leave out one of --stage and --launch');
  const beads = trackable(town, params.beads);
  const isFeature = params.featureBranch ?? wantsFeature(town, beads);
  if (isFeature) refuseOtherBranch(town, beads);
  const notify = params.notify.map((address) => knownRecipient(address, town.addresses, context.actor));
  const beginning: Beginning = params.stage ? 'staged' : params.launch ? 'launched' : 'tracking';
  const plan = beginning === 'tracking' ? undefined : await planOf(town, beads);
  if (plan && beginning === 'launched') refuseHindered(plan, { force: false, strict: false });
  const status = plan && beginning === 'staged' ? stagedStatus(plan) : 'open';
  return town.store.batch(context, (tx) => {
    const convoy = newConvoy(tx, {
      title: params.title,
      status,
      beads,
      notify: [...new Set(notify)],
      owned: params.owned,
      featureBranch: isFeature,
      launched: beginning === 'launched',
    });
    tx.event({ type: beginningEvents[beginning], convoy: convoy.id, message: params.title });
    return convoyInfo(town.store, convoy, tx);
  });
}

/** Creates a convoy within the given batch. Its id starts with `hq-cv-`. */
export function newConvoy(
  tx: Transaction,
  convoy: {
    title: string;
    status: 'open' | 'staged_ready' | 'staged_warnings';
    beads: readonly Bead[];
    notify?: readonly string[];
    owned?: boolean;
    featureBranch?: boolean;
    launched: boolean;
  },
): Bead {
  const labels = [...(convoy.owned ? [OWNED_LABEL] : []), ...(convoy.featureBranch ? [FEATURE_LABEL] : [])];
  const { id } = tx.create('hq', {
    title: convoy.title,
    type: CONVOY,
    status: convoy.status,
    infix: 'cv',
    labels: labels.length > 0 ? labels : undefined,
    metadata: {
      convoy: {
        notify: [...(convoy.notify ?? [])],
        ...(convoy.launched ? { launched_at: tx.now.toISOString() } : {}),
      },
    },
  });
  for (const bead of convoy.beads) tx.addDependency(id, bead.id, 'tracks');
  if (convoy.featureBranch)
    tx.update(id, { metadata: withConvoy(tx.require(id), { feature: { branch: featureBranch(id), rigs: {} } }) });
  return tx.require(id);
}

/** Adds beads to a convoy, and reopens a closed one. */
export async function addToConvoy(
  town: ConvoyTown,
  context: CallContext,
  id: string,
  ids: readonly string[],
): Promise<ConvoyInfo> {
  const convoy = requireConvoy(town, id);
  const beads = trackable(town, ids);
  if (featureOf(convoy)) refuseOtherBranch(town, beads, convoy.id);
  return changeConvoy(town, context, convoy.id, (tx, current) => {
    const tracked = new Set(trackedIds(current));
    for (const bead of beads) if (!tracked.has(bead.id)) tx.addDependency(current.id, bead.id, 'tracks');
    const reopened = isClosed(current.status) && beads.some((bead) => !isClosed(bead.status));
    if (reopened) reopen(tx, current);
    return { event: reopened ? 'convoy_reopened' : 'convoy_changed' };
  });
}

export async function launchConvoy(
  town: ConvoyTown,
  context: CallContext,
  id: string,
  force: boolean,
): Promise<ConvoyInfo> {
  const convoy = requireConvoy(town, id);
  refuseClosed(convoy);
  if (!isStaged(convoy) && isLaunched(convoy))
    throw new UserError(`${convoy.id} was launched already`, 'see "gt convoy status"', 'conflict');
  const beads = trackedBeads(town.store, convoy);
  if (beads.length === 0)
    throw new UserError(`${convoy.id} tracks no beads`, 'add beads with "gt convoy add"', 'conflict');
  refuseHindered(await planOf(town, beads), { force, strict: isStaged(convoy) });
  return changeConvoy(town, context, convoy.id, (tx, current) => {
    launch(tx, current);
    return undefined;
  });
}

/** Opens a convoy whose plan was checked, and starts its beads. */
export function launch(tx: Transaction, convoy: Bead): void {
  const metadata = withConvoy(convoy, { launched_at: tx.now.toISOString() });
  tx.update(convoy.id, { status: 'open', metadata });
  tx.event({ type: 'convoy_launched', convoy: convoy.id, message: convoy.title });
}

/**
 * A plan may have errors while it is being edited; they only block its launch. A dependency cycle is refused at once.
 */
function stagedStatus(plan: PlanCheck): 'staged_ready' | 'staged_warnings' {
  const circles = plan.errors.filter(({ category }) => category === 'cycle');
  if (circles.length > 0) refuseHindered({ ...plan, errors: circles }, { force: true, strict: false });
  return plan.errors.length + plan.warnings.length > 0 ? 'staged_warnings' : 'staged_ready';
}

/** Reopens a convoy. Landed commits of its feature branch stay landed; commits kept when it was closed are restored. */
function reopen(tx: Transaction, convoy: Bead): void {
  const feature = featureOf(convoy);
  const rigs = Object.fromEntries(Object.entries(feature?.rigs ?? {}).filter(([, { landed }]) => landed === undefined));
  tx.update(convoy.id, {
    status: 'open',
    metadata: withConvoy(convoy, {
      cancelled: undefined,
      ...(feature ? { feature: { branch: feature.branch, rigs } } : {}),
    }),
    ...(feature ? { labels: [...new Set([...(convoy.labels ?? []), FEATURE_LABEL])] } : {}),
  });
}
