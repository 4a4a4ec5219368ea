import fc from 'fast-check';
import type { BeadStore, Transaction } from '../../../server/src/beads/store';
import { boardStates } from '../../../server/src/protocol/board';

export const NOW = Date.parse('2026-01-01T00:00:00Z');
export const DAY = 86_400_000;

export type Change = (tx: Transaction, ids: readonly string[]) => void;

/** Any change that a batch may hold; a change that is refused changes nothing. */
export const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({
      type: fc.constantFrom('task', 'epic', 'molecule', 'bug', 'message', 'gate'),
      priority: fc.nat(4),
      ephemeral: fc.boolean(),
    })
    .map(
      ({ type, priority, ephemeral }): Change =>
        (tx) => {
          tx.create('toy', { title: 'New', type, priority, ...(ephemeral ? { ephemeral } : {}) });
        },
    ),
  fc
    .record({
      from: fc.nat(),
      to: fc.nat(),
      type: fc.constantFrom('blocks', 'parent-child', 'conditional-blocks', 'waits-for', 'attached-to', 'related'),
    })
    .map(
      ({ from, to, type }): Change =>
        (tx, ids) => {
          tx.addDependency(ids[from % ids.length]!, ids[to % ids.length]!, type);
        },
    ),
  fc.record({ from: fc.nat(), at: fc.nat() }).map(
    ({ from, at }): Change =>
      (tx, ids) => {
        const bead = tx.require(ids[from % ids.length]!);
        const edges = bead.dependencies ?? [];
        const edge = edges[at % Math.max(1, edges.length)];
        if (edge) tx.removeDependency(bead.id, edge.depends_on_id, edge.type);
      },
  ),
  fc
    .record({
      id: fc.nat(),
      status: fc.constantFrom('open', 'in_progress', 'hooked', 'in_review', 'blocked', 'failed', 'deferred', 'pinned'),
    })
    .map(
      ({ id, status }): Change =>
        (tx, ids) => {
          tx.update(ids[id % ids.length]!, { status });
        },
    ),
  fc.record({ id: fc.nat(), days: fc.integer({ min: -2, max: 3 }) }).map(
    ({ id, days }): Change =>
      (tx, ids) => {
        tx.update(ids[id % ids.length]!, { status: 'deferred', defer_until: new Date(NOW + days * DAY).toISOString() });
      },
  ),
  fc.record({ id: fc.nat(), reason: fc.constantFrom('done', 'failed: no way') }).map(
    ({ id, reason }): Change =>
      (tx, ids) =>
        tx.close(ids[id % ids.length]!, reason, { force: true }),
  ),
  fc.nat().map(
    (id): Change =>
      (tx, ids) =>
        void tx.reopen(ids[id % ids.length]!, ''),
  ),
  fc.nat().map(
    (id): Change =>
      (tx, ids) =>
        void tx.delete(ids[id % ids.length]!),
  ),
  fc.record({ id: fc.nat(), title: fc.string() }).map(
    ({ id, title }): Change =>
      (tx, ids) => {
        tx.update(ids[id % ids.length]!, { title: `T ${title}` });
      },
  ),
);

/** Everything that the index answers: lists by state with their order, counts, the tree, what is ready and blocked. */
export function answers(store: BeadStore): unknown {
  const { board } = store;
  board.refresh();
  const ids = (state: (typeof boardStates)[number]) => board.inState({ state }, [], 1000);
  return {
    states: boardStates.map((state) => [state, ids(state)]),
    counts: board.stateCounts().sort((a, b) => `${a.state} ${a.ledger}`.localeCompare(`${b.state} ${b.ledger}`)),
    found: board.found('new').map(({ id }) => id),
    epics: [board.topCount('epic'), board.atTop('epic', 1000)],
    loose: [board.topCount('loose'), board.atTop('loose', 1000)],
    ready: store.ready({ limit: 0 }).map(({ id }) => id),
    blocked: store.blocked({ limit: 0 }).map(({ id }) => id),
    free: store.list({ withoutSteps: 'all', limit: 0, all: true }).map(({ id }) => id),
  };
}
