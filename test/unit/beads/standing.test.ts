import assert from 'node:assert/strict';
import path from 'node:path';
import fc from 'fast-check';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore, type Transaction } from '../../../server/src/beads/store';
import { boardStates } from '../../../server/src/protocol/board';
import { tempDir } from '../../helpers/temp';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const DAY = 86_400_000;

type Change = (tx: Transaction, ids: readonly string[]) => void;

/** Any change that a batch may hold; a change that is refused changes nothing. */
const change: fc.Arbitrary<Change> = fc.oneof(
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

describe('how beads stand', function () {
  this.timeout(240_000);

  /** Everything that the index answers: lists by state with their order, counts, the tree, what is ready and blocked. */
  function answers(store: BeadStore): unknown {
    const { board } = store;
    board.refresh();
    const ids = (state: (typeof boardStates)[number]) => board.inState({ state }, [], 1000);
    return {
      states: boardStates.map((state) => [state, ids(state)]),
      counts: board.stateCounts().sort((a, b) => a.state.localeCompare(b.state)),
      epics: [board.topCount('epic'), board.atTop('epic', 1000)],
      loose: [board.topCount('loose'), board.atTop('loose', 1000)],
      ready: store.ready({ limit: 0 }).map(({ id }) => id),
      blocked: store.blocked({ limit: 0 }).map(({ id }) => id),
      free: store.list({ withoutSteps: 'all', limit: 0, all: true }).map(({ id }) => id),
    };
  }

  it('is the same when it was kept change by change as when it is worked out from the file', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 25 }),
        fc.integer({ min: 0, max: 4 }),
        async (batches, days) => {
          const directory = path.join(tempDir('standing'), '.beads');
          initLedger(directory, 'toy');
          let now = NOW;
          const open = async (): Promise<BeadStore> => {
            const store = await BeadStore.open({ clock: () => new Date(now) });
            await store.addLedger({ name: 'toy', directory });
            return store;
          };
          const store = await open();
          await store.batch({ actor: 'me' }, (tx) => {
            for (let index = 0; index < 5; index += 1) tx.create('toy', { title: `Bead ${index}` });
          });
          for (const changes of batches) {
            const ids = store.list({ all: true, limit: 0 }).map(({ id }) => id);
            await store
              .batch({ actor: 'me' }, (tx) => {
                for (const each of changes) each(tx, ids);
              })
              .catch(() => undefined); // refused: a circle, a step out of turn
          }
          now += days * DAY;
          const kept = answers(store);
          await store.checkpoint();
          await store.close();
          const fresh = await open();
          assert.deepEqual(kept, answers(fresh));
          assert.deepEqual(fresh.list({ status: ['open'], limit: 0 }).filter((bead) => bead.ephemeral).length, 0);
          await fresh.close();
        },
      ),
      { numRuns: process.env.GASTOWN_SOAK ? 2000 : 150 },
    );
  });
});
