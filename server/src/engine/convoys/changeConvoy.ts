import { UserError } from '../../base/errors';
import type { CallContext } from '../../protocol/dispatcher';
import type { ConvoyInfo, ConvoyWatch } from '../../protocol/town';
import { parseAddress } from '../../town/layout';
import { MAYOR } from '../mayor/mayor';
import { knownRecipient, recipient } from '../mail/addresses';
import { convoyOf, trackedIds, withConvoy } from '../state/work';
import { refuseCollected } from './featureRules';
import { changeConvoy, refuseClosed, requireConvoy, type ConvoyTown } from './convoys';

/** Stops tracking beads. Their work is left as it is. */
export async function removeFromConvoy(
  town: ConvoyTown,
  context: CallContext,
  id: string,
  ids: readonly string[],
): Promise<ConvoyInfo> {
  const convoy = requireConvoy(town, id);
  const tracked = trackedIds(convoy);
  // A bead may be gone from its ledger: it can still be removed by its full id.
  const named = [...new Set(ids.map((one) => (tracked.includes(one) ? one : town.store.resolve(one))))];
  const unknown = named.find((one) => !tracked.includes(one));
  if (unknown !== undefined)
    throw new UserError(
      `${convoy.id} does not track ${unknown}`,
      `"gt convoy status ${convoy.id}" lists its beads`,
      'not-found',
    );
  refuseCollected(town, convoy, named);
  return changeConvoy(town, context, convoy.id, (tx) => {
    for (const bead of named) tx.removeDependency(convoy.id, bead, 'tracks');
    return { event: 'convoy_changed' };
  });
}

export async function renameConvoy(
  town: ConvoyTown,
  context: CallContext,
  id: string,
  title: string,
): Promise<ConvoyInfo> {
  const convoy = requireConvoy(town, id);
  if (title.trim() === '') throw new UserError('a convoy needs a name', `gt convoy rename ${convoy.id} "…"`);
  return changeConvoy(town, context, convoy.id, (tx) => {
    tx.update(convoy.id, { title: title.trim() });
    return { event: 'convoy_changed' };
  });
}

/** Starts no more of its beads; beads in progress continue. Pausing it again changes the reason. */
export async function pauseConvoy(
  town: ConvoyTown,
  context: CallContext,
  id: string,
  reason?: string,
): Promise<ConvoyInfo> {
  const convoy = requireConvoy(town, id);
  refuseClosed(convoy);
  if (convoy.status !== 'open')
    throw new UserError(`${convoy.id} is staged: none of its beads starts until it is launched`, undefined, 'conflict');
  return changeConvoy(town, context, convoy.id, (tx, current) => {
    const paused = {
      by: context.actor,
      at: tx.now.toISOString(),
      ...(reason?.trim() ? { reason: reason.trim() } : {}),
    };
    tx.update(current.id, { metadata: withConvoy(current, { paused }) });
    return { event: 'convoy_paused', message: paused.reason ?? current.title };
  });
}

export async function resumeConvoy(town: ConvoyTown, context: CallContext, id: string): Promise<ConvoyInfo> {
  const convoy = requireConvoy(town, id);
  if (!convoyOf(convoy).paused)
    throw new UserError(`${convoy.id} is not paused`, `see "gt convoy status ${convoy.id}"`, 'conflict');
  return changeConvoy(town, context, convoy.id, (tx, current) => {
    tx.update(current.id, { metadata: withConvoy(current, { paused: undefined }) });
    return { event: 'convoy_resumed' };
  });
}

/**
 * Adds an address to notify when the convoy lands; by default the caller's.
 * @param nudge whether the agent also gets a line in its terminal
 */
export async function watchConvoy(
  town: ConvoyTown,
  context: CallContext,
  { id, address = context.actor, nudge = false }: ConvoyWatch.Params,
): Promise<ConvoyInfo> {
  const convoy = requireConvoy(town, id);
  refuseClosed(convoy);
  const full = knownRecipient(address, town.addresses, context.actor);
  refuseOthersAddress(context, full);
  if (nudge && !hasTerminal(full))
    throw new UserError(`${full} has no terminal to type into`, 'leave out --nudge: it gets a mail');
  return changeConvoy(town, context, convoy.id, (tx, current) => {
    const { notify, nudge: nudged } = convoyOf(current);
    const isNew = !notify.includes(full) || (nudge && !nudged.includes(full));
    if (!isNew) return undefined;
    const add = (list: readonly string[]): string[] => [...new Set([...list, full])];
    tx.update(current.id, {
      metadata: withConvoy(current, { notify: add(notify), nudge: nudge ? add(nudged) : nudged }),
    });
    return { event: 'convoy_changed' };
  });
}

/** Unsubscribes an address. @throws UserError `not-found` if the address does not watch the convoy */
export async function unwatchConvoy(
  town: ConvoyTown,
  context: CallContext,
  id: string,
  address: string = context.actor,
): Promise<ConvoyInfo> {
  const convoy = requireConvoy(town, id);
  // Older convoys may have addresses that do not exist: they are removed as written.
  const watchers = convoyOf(convoy).notify;
  const full = watchers.includes(address) ? address : recipient(address, town.addresses);
  refuseOthersAddress(context, full);
  if (!watchers.includes(full))
    throw new UserError(
      `${full} does not watch ${convoy.id}`,
      watchers.length > 0 ? `those who do: ${watchers.join(', ')}` : 'nobody does',
      'not-found',
    );
  return changeConvoy(town, context, convoy.id, (tx, current) => {
    const without = (list: readonly string[]): string[] => list.filter((watcher) => watcher !== full);
    const { notify, nudge } = convoyOf(current);
    tx.update(current.id, { metadata: withConvoy(current, { notify: without(notify), nudge: without(nudge) }) });
    return { event: 'convoy_changed' };
  });
}

function hasTerminal(address: string): boolean {
  return address === MAYOR || parseAddress(address) !== undefined;
}

function refuseOthersAddress(context: CallContext, address: string): void {
  if (context.agent !== undefined && address !== context.agent)
    throw new UserError(
      'an agent may only change its own subscription',
      `leave out the address: it is ${context.agent}`,
      'refused',
    );
}
