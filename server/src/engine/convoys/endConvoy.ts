import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { ConvoyEnd, ConvoyInfo } from '../../protocol/town';
import { convoyInfo } from '../state/projection';
import { requestsIn } from '../mergeQueue/requestIndex';
import { isClosed, isOwned, withConvoy } from '../state/work';
import { featureOf, rigsToLand } from './feature';
import { changeConvoy, refuseClosed, requireConvoy, trackedBeads, type ConvoyTown } from './convoys';
import { isDone, land } from './landConvoy';
import { tellClosed } from './notice';
import { openConvoys } from './wanted';

const IN_WORK = new Set(['hooked', 'in_progress', 'in_review']);

/**
 * Closes a convoy before its work is done. Beads in progress continue; beads that were not slung by name no longer
 * start.
 */
export async function closeConvoy(
  town: ConvoyTown,
  context: CallContext,
  id: string,
  reason: string,
): Promise<ConvoyEnd> {
  const convoy = requireConvoy(town, id);
  refuseClosed(convoy);
  return town.store.batch(context, (tx) => {
    const current = tx.require(convoy.id);
    refuseLanding(town, current);
    const beads = trackedBeads(tx, current);
    const text = reason.trim() || 'Closed';
    tx.update(current.id, { metadata: withConvoy(current, { paused: undefined, cancelled: text }) });
    tx.close(current.id, text, { force: true });
    tellClosed(tx, current, beads, text);
    tx.event({ type: 'convoy_closed', convoy: current.id, message: text });
    return { ...convoyInfo(town.store, tx.require(current.id), tx), ...openOf(beads) };
  });
}

/**
 * Lands a convoy created with `--owned`.
 * @param force even with open beads
 * @param dryRun only return what would happen
 */
export async function landOwnedConvoy(
  town: ConvoyTown,
  context: CallContext,
  { id, force, dryRun }: { id: string; force: boolean; dryRun: boolean },
): Promise<ConvoyEnd> {
  const convoy = requireConvoy(town, id);
  refuseClosed(convoy);
  if (!isOwned(convoy))
    throw new UserError(
      `${convoy.id} lands automatically when its beads are closed`,
      'only a convoy that was created with --owned is landed by hand; "gt convoy close" ends this one now',
      'conflict',
    );
  const beads = trackedBeads(town.store, convoy);
  const open = openOf(beads);
  if (convoy.status !== 'open' || beads.length === 0)
    throw new UserError(
      convoy.status === 'open' ? `${convoy.id} tracks no beads` : `${convoy.id} is staged`,
      `"gt convoy close ${convoy.id}" closes it`,
      'conflict',
    );
  if (!isDone(town.store, convoy) && !force)
    throw new UserError(
      `${convoy.id} has open beads: ${[...open.running, ...open.waiting].join(', ')}`,
      'wait for them, remove them with "gt convoy remove", or land it with --force',
      'conflict',
    );
  const feature = featureOf(convoy);
  if (feature && rigsToLand(convoy).length > 0) {
    if (open.running.length + open.waiting.length > 0)
      throw new UserError(
        `${convoy.id} has a feature branch, which lands when all of its beads are closed: ${[...open.running, ...open.waiting].join(', ')}`,
        'wait for them, or remove them with "gt convoy remove"',
        'conflict',
      );
    if (dryRun) return { ...convoyInfo(town.store, convoy), ...open };
    return changeConvoy(town, context, convoy.id, (tx, current) => {
      const requested = { by: context.actor, at: tx.now.toISOString() };
      tx.update(current.id, { metadata: withConvoy(current, { feature: { ...featureOf(current)!, requested } }) });
      return { event: 'convoy_changed', message: `${context.actor} lands it` };
    }).then((info) => ({ ...info, ...open }));
  }
  if (dryRun) return { ...convoyInfo(town.store, convoy), ...open };
  return town.store.batch(context, (tx) => {
    land(tx, tx.require(convoy.id));
    return { ...convoyInfo(town.store, tx.require(convoy.id), tx), ...open };
  });
}

/**
 * Lands the convoys whose beads are all closed, also while the engine is paused.
 * @param id the convoy to check; all open ones if it is missing
 * @returns those that landed, or would
 */
export async function checkConvoys(
  town: ConvoyTown,
  context: CallContext,
  { id, dryRun }: { id?: string; dryRun: boolean },
): Promise<ConvoyInfo[]> {
  const candidates = id === undefined ? openConvoys(town.store) : [requireConvoy(town, id)];
  const done = candidates.filter(
    (convoy) =>
      convoy.status === 'open' && !isOwned(convoy) && isDone(town.store, convoy) && rigsToLand(convoy).length === 0,
  );
  if (dryRun || done.length === 0) return done.map((convoy) => convoyInfo(town.store, convoy));
  return town.store.batch(context, (tx) =>
    done
      .map((convoy) => tx.require(convoy.id))
      .filter((convoy) => convoy.status === 'open' && isDone(tx, convoy) && rigsToLand(convoy).length === 0)
      .map((convoy) => convoyInfo(town.store, land(tx, convoy), tx)),
  );
}

function openOf(beads: readonly Bead[]): Pick<ConvoyEnd, 'running' | 'waiting'> {
  const open = beads.filter((bead) => !isClosed(bead.status));
  const ids = (isMeant: (bead: Bead) => boolean): string[] => open.filter(isMeant).map(({ id }) => id);
  return { running: ids(({ status }) => IN_WORK.has(status)), waiting: ids(({ status }) => !IN_WORK.has(status)) };
}

/** A push in progress cannot be undone. */
function refuseLanding({ store }: ConvoyTown, convoy: Bead): void {
  const landing = requestsIn(store)
    .openOf(convoy.id)
    .find(({ status }) => status === 'in_progress');
  if (landing)
    throw new UserError(
      `${convoy.id} is landing right now (${landing.id})`,
      `check again in a moment: "gt convoy status ${convoy.id}"`,
      'conflict',
    );
}
