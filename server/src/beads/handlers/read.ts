import {
  BeadBlocked,
  BeadCount,
  BeadEvents,
  BeadList,
  BeadReady,
  BeadShow,
  BeadStats,
  LabelList,
  type Bead,
  type Dependency,
} from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import { matchesGlob } from '../../base/glob';
import type { Result } from '../../protocol/request';
import { checkFilter } from './checkFilter';
import type { BeadService } from './common';
import type { BeadFilter, BeadStore } from '../store';
import { isExternal } from '../external/reference';
import { beadDetails, listItem } from '../queries/details';
import { EVENTS_SHOWN } from '../queries/reader';
import { resolveAll, resolveOne } from './common';

export function registerReadHandlers(service: BeadService): void {
  const { dispatcher, store } = service;
  dispatcher.on(BeadShow.spec, async (params, context) =>
    resolveAll(service, context, params.ids, params.ledger).map((id) => beadDetails(store, id)),
  );
  dispatcher.on(BeadList.spec, async (params, context) => {
    const filter = { ...params, ...scope(service, context, params) };
    checkFilter(service, context, filter);
    return store
      .list(filter)
      .map((bead) => ({ ...listItem(store, bead), ...(params.relations ? relationsOf(store, bead) : {}) }));
  });
  dispatcher.on(BeadCount.spec, async (params, context) => {
    const { by, ...given } = params;
    const filter = { ...given, ...scope(service, context, params), all: given.status === undefined, limit: 0 };
    checkFilter(service, context, filter);
    return countedBy(store.list(filter), by);
  });
  dispatcher.on(BeadReady.spec, async (params, context) => {
    const filter = { ...params, ...scope(service, context, params) };
    checkFilter(service, context, filter);
    return store.ready(filter).map((bead) => listItem(store, bead));
  });
  dispatcher.on(BeadBlocked.spec, async (params, context) => {
    const filter = scope(service, context, params);
    const waiting = store.blocked(filter);
    const known = new Set(waiting.map((bead) => bead.id));
    // Status set to `blocked` by hand: the cause is not in the ledger.
    const said = store.list({ ...filter, status: ['blocked'], limit: 0 }).filter((bead) => !known.has(bead.id));
    return [...waiting, ...said].map((bead) => {
      const blockers = store.blockerIds(bead.id);
      return { ...listItem(store, bead), blocked_by_count: blockers.length, blocked_by: blockers };
    });
  });
  dispatcher.on(LabelList.spec, async (params, context) => {
    return store.labels(service.ledgerFor(context, params.ledger));
  });
  dispatcher.on(BeadEvents.spec, async (params, context) => {
    const id = params.id === undefined ? undefined : resolveOne(service, context, params.id, params.ledger);
    const { by, limit = EVENTS_SHOWN } = params;
    const isEverywhere = id !== undefined || (by !== undefined && params.ledger === undefined);
    const ledger = isEverywhere ? undefined : service.ledgerFor(context, params.ledger);
    if (by === undefined) return store.events(id, limit, ledger);
    const found = store
      .events(id, 0, ledger)
      .filter((event) => [event.actor, event.agent ?? ''].some((name) => matchesGlob(by, name)));
    return limit === 0 ? found : found.slice(-limit);
  });
  dispatcher.on(BeadStats.spec, async ({ ledger, assigned }, context) =>
    store.stats(service.ledgerFor(context, ledger), assigned ? context.actor : undefined),
  );
}

/** The ledger of a query; none if it names beads by id or parent, which may be in any ledger. */
function scope(
  service: BeadService,
  context: CallContext,
  params: { ledger?: string | undefined; parent?: string | undefined; ids?: string[] | undefined },
): BeadFilter {
  const parent =
    params.parent === undefined ? {} : { parent: resolveOne(service, context, params.parent, params.ledger) };
  const anywhere = params.ledger === undefined && (params.parent !== undefined || params.ids !== undefined);
  return anywhere ? parent : { ...parent, ledger: service.ledgerFor(context, params.ledger) };
}

const groupsOf: Readonly<Record<string, (bead: Bead) => readonly string[]>> = {
  status: (bead) => [bead.status],
  priority: (bead) => [`P${bead.priority}`],
  type: (bead) => [bead.issue_type],
  assignee: (bead) => [bead.assignee || '(unassigned)'],
  label: (bead) => (bead.labels?.length ? bead.labels : ['(no labels)']),
};

function countedBy(beads: readonly Bead[], by: string | undefined): Result<typeof BeadCount.spec> {
  const counts = new Map<string, number>();
  const groups = by === undefined ? undefined : groupsOf[by];
  for (const bead of groups ? beads : [])
    for (const group of groups?.(bead) ?? []) counts.set(group, (counts.get(group) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return { count: beads.length, groups: sorted.map(([group, count]) => ({ group, count })) };
}

/** Ids of the beads that a bead itself waits for, and of those that wait for it. */
function relationsOf(store: BeadStore, bead: Bead): { blocked_by: string[]; blocks: string[] } {
  const isBlocking = (edge: Dependency): boolean => edge.type === 'blocks';
  const needed = (bead.dependencies ?? []).filter(isBlocking).map((edge) => edge.depends_on_id);
  return {
    blocked_by: needed.filter((id) =>
      isExternal(id) ? store.externals.blocks(id) : store.get(id)?.status !== 'closed',
    ),
    blocks: store.dependents(bead.id, 'blocks').map((other) => other.id),
  };
}
