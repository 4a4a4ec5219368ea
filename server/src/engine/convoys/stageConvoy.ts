import { UserError } from '../../base/errors';
import { cutBytes } from '../../base/text';
import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { PlanNode, StagedPlan } from '../../protocol/convoyPlan';
import type { CallContext } from '../../protocol/dispatcher';
import { CONVOY, isClosed } from '../state/work';
import { rigOfBead } from '../state/workingSet';
import { refuseOtherBranch, wantsFeature } from './featureRules';
import { isStaged, trackable, trackedBeads, type ConvoyTown } from './convoys';
import { planOf, textOf } from './plan';
import { launch, newConvoy } from './startConvoy';

/** Checks beads, the work below an epic, or a staged convoy, and stages them if there are no errors. */
export async function stageConvoy(
  town: ConvoyTown,
  context: CallContext,
  params: { ids: readonly string[]; title?: string; launch: boolean; force: boolean },
): Promise<StagedPlan> {
  const named = [...new Set(params.ids.map((id) => town.store.resolve(id)))].map((id) => town.store.get(id)!);
  const convoy = stagedConvoy(named);
  const isEpic = named.length === 1 && named[0]?.issue_type === 'epic';
  const beads = convoy
    ? trackedBeads(town.store, convoy)
    : trackable(
        town,
        named.map(({ id }) => id),
      );
  if (beads.length === 0)
    throw new UserError(`${convoy?.id ?? 'the convoy'} tracks no beads`, 'add beads with "gt convoy add"', 'conflict');
  const check = await planOf(town, beads, isEpic);
  const status = check.errors.length > 0 ? 'error' : check.warnings.length > 0 ? 'staged_warnings' : 'staged_ready';
  const title = params.title?.trim() || convoy?.title || titleOf(named);
  const plan = {
    ...check,
    status,
    title,
    restaged: convoy !== undefined,
    tree: treeOf(town.store, convoy ? beads : named),
  };
  if (status === 'error') return { ...plan, status, convoy_id: convoy?.id ?? '', launched: false };
  if (params.launch && !params.force && status === 'staged_warnings')
    throw new UserError(textOf(check.warnings), 'fix that, or launch it with --force', 'conflict');
  const isFeature = !convoy && wantsFeature(town, beads);
  if (isFeature) refuseOtherBranch(town, beads);
  return town.store.batch(context, (tx) => {
    const staged = convoy
      ? tx.update(convoy.id, { status, title })
      : newConvoy(tx, { title, status, beads, launched: false, featureBranch: isFeature });
    tx.event({ type: 'convoy_staged', convoy: staged.id, message: title });
    if (params.launch) launch(tx, staged);
    return { ...plan, status, convoy_id: staged.id, launched: params.launch };
  });
}

/** @throws UserError `conflict` for a convoy that is not staged, `invalid` for one among beads */
function stagedConvoy(named: readonly Bead[]): Bead | undefined {
  const convoy = named.find((bead) => bead.issue_type === CONVOY);
  if (!convoy) return undefined;
  if (named.length > 1)
    throw new UserError('only one convoy can be staged at a time', 'name one convoy, one epic, or several beads');
  if (isStaged(convoy)) return convoy;
  throw new UserError(
    `${convoy.id} is ${convoy.status}: only a convoy that has never been open can be staged`,
    isClosed(convoy.status)
      ? `"gt convoy add ${convoy.id} <bead>" opens it again`
      : `"gt convoy launch ${convoy.id}" starts its beads; "gt convoy pause ${convoy.id}" holds them back`,
    'conflict',
  );
}

function titleOf(named: readonly Bead[]): string {
  const [first] = named;
  const more = named.length - 1;
  return cutBytes(more > 0 ? `${first!.title} and ${more} more` : first!.title, 400);
}

/** @param passed ancestors, to detect cycles of parents */
function treeOf(store: BeadStore, beads: readonly Bead[], passed: ReadonlySet<string> = new Set()): PlanNode[] {
  return beads.map((bead) => {
    const { id, title, issue_type: type, status } = bead;
    const children =
      type === 'epic' && !passed.has(id) ? treeOf(store, store.children(id), new Set([...passed, id])) : [];
    const rig = rigOfBead(store, bead);
    return {
      id,
      title,
      type,
      status,
      ...(rig === undefined ? {} : { rig }),
      ...(children.length > 0 ? { children } : {}),
    };
  });
}
