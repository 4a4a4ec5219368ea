import assert from 'node:assert/strict';
import path from 'node:path';
import fc from 'fast-check';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore, type Transaction } from '../../../server/src/beads/store';
import { Projection } from '../../../server/src/engine/state/projection';
import type { RigInfo, TownDelta, TownInfo, TownSnapshot } from '../../../server/src/protocol/town';
import { EntityCollection } from '../../../server/src/townServer/snapshot/entityCollection';
import { SnapshotModel } from '../../../server/src/townServer/snapshot/snapshotModel';
import { tempDir } from '../../helpers/temp';

describe('a collection of entities', () => {
  it('says what is new, different and gone', () => {
    const items = new EntityCollection<{ id: string; title: string }>();
    assert.equal(
      items.replace([
        { id: 'a', title: '1' },
        { id: 'b', title: '1' },
      ]).upsert.length,
      2,
    );
    assert.deepEqual(
      items.replace([
        { id: 'a', title: '2' },
        { id: 'c', title: '1' },
      ]),
      {
        upsert: [
          { id: 'a', title: '2' },
          { id: 'c', title: '1' },
        ],
        remove: ['b'],
      },
    );
    assert.deepEqual(
      items.replace([
        { id: 'a', title: '2' },
        { id: 'c', title: '1' },
      ]),
      { upsert: [], remove: [] },
    );
    assert.deepEqual(
      items.apply([], (id) => id === 'a'),
      { upsert: [], remove: ['c'] },
    );
  });
});

type Change = (tx: Transaction, ids: readonly string[]) => void;
const pick = (ids: readonly string[], at: number): string => ids[at % ids.length]!;

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constantFrom('task', 'epic', 'molecule', 'convoy').map(
    (type): Change =>
      (tx) => {
        if (type !== 'convoy') tx.create('toy', { title: 'New', type });
        else tx.create('hq', { title: 'Convoy', type, metadata: { convoy: { launched_at: '2026-01-01T00:00:00Z' } } });
      },
  ),
  fc
    .record({ from: fc.nat(), to: fc.nat(), type: fc.constantFrom('blocks', 'parent-child', 'tracks', 'attached-to') })
    .map(
      ({ from, to, type }): Change =>
        (tx, ids) =>
          void tx.addDependency(pick(ids, from), pick(ids, to), type),
    ),
  fc.record({ from: fc.nat(), at: fc.nat() }).map(
    ({ from, at }): Change =>
      (tx, ids) => {
        const bead = tx.require(pick(ids, from));
        const edge = bead.dependencies?.[at % Math.max(1, bead.dependencies.length)];
        if (edge) tx.removeDependency(bead.id, edge.depends_on_id, edge.type);
      },
  ),
  fc
    .record({
      id: fc.nat(),
      status: fc.constantFrom('open', 'in_progress', 'hooked', 'in_review', 'failed', 'deferred'),
    })
    .map(
      ({ id, status }): Change =>
        (tx, ids) =>
          void tx.update(pick(ids, id), { status }),
    ),
  fc.nat().map(
    (id): Change =>
      (tx, ids) => {
        const metadata = {
          merge: { source: pick(ids, id), rig: 'toy', branch: 'b', commit: 'c', worker: 'w', retries: 0 },
        };
        tx.create('toy', { title: 'Merge', type: 'merge_request', metadata });
      },
  ),
  fc.nat().map(
    (id): Change =>
      (tx, ids) =>
        void tx.close(pick(ids, id), 'done', { force: true }),
  ),
  fc.nat().map(
    (id): Change =>
      (tx, ids) =>
        void tx.reopen(pick(ids, id), ''),
  ),
  fc.nat().map(
    (id): Change =>
      (tx, ids) =>
        void tx.delete(pick(ids, id)),
  ),
  fc.record({ id: fc.nat(), title: fc.string() }).map(
    ({ id, title }): Change =>
      (tx, ids) =>
        void tx.update(pick(ids, id), { title: `T ${title}` }),
  ),
);

describe('the snapshot of a town', function () {
  this.timeout(240_000);

  function modelOf(store: BeadStore): SnapshotModel {
    return new SnapshotModel({
      store,
      projection: new Projection(store, () => 'person'),
      town: () => ({ id: 'town', name: 'town' }) as TownInfo,
      rigs: () => [{ id: 'toy' } as RigInfo],
      agents: () => [],
      attention: () => [],
    });
  }

  /** What a client has that got a snapshot and these deltas. */
  function apply(snapshot: TownSnapshot, delta: TownDelta | undefined): TownSnapshot {
    if (!delta) return snapshot;
    assert.equal(delta.from, snapshot.revision);
    const merged = <T extends { id: string }>(items: T[], by?: { upsert: T[]; remove: string[] }): T[] => {
      const known = new Map(items.map((item) => [item.id, item]));
      for (const item of by?.upsert ?? []) known.set(item.id, item);
      for (const id of by?.remove ?? []) known.delete(id);
      return [...known.values()];
    };
    return {
      ...snapshot,
      revision: delta.to,
      convoys: merged(snapshot.convoys, delta.changes.convoys),
      beads: merged(snapshot.beads, delta.changes.beads),
    };
  }

  const byId = <T extends { id: string }>(items: readonly T[]): T[] =>
    [...items].sort((a, b) => a.id.localeCompare(b.id));
  const shown = ({ beads, convoys }: TownSnapshot) => ({ beads: byId(beads), convoys: byId(convoys) });

  it('that was kept change by change is the one that is made anew', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 25 }), async (batches) => {
        const store = await BeadStore.open();
        for (const name of ['hq', 'toy']) {
          const directory = path.join(tempDir('snapshot'), '.beads');
          initLedger(directory, name);
          await store.addLedger({ name, directory });
        }
        await store.batch({ actor: 'me' }, (tx) => {
          for (let index = 0; index < 5; index += 1) tx.create('toy', { title: `Bead ${index}` });
        });
        const model = modelOf(store);
        model.update();
        let client = model.snapshot();
        store.onDidChange(({ ids }) => model.changed(ids));
        for (const changes of batches) {
          const ids = store.list({ all: true, limit: 0 }).map(({ id }) => id);
          await store
            .batch({ actor: 'me' }, (tx) => {
              for (const each of changes) each(tx, ids);
            })
            .catch(() => undefined); // refused: a circle, for example
          client = apply(client, model.update());
          const fresh = modelOf(store);
          fresh.update();
          assert.deepEqual(shown(client), shown(fresh.snapshot()));
        }
        await store.close();
      }),
      { numRuns: process.env.GASTOWN_SOAK ? 1500 : 100 },
    );
  });

  it('says nothing where nothing changed, and rises by one where something did', async () => {
    const directory = path.join(tempDir('snapshot'), '.beads');
    initLedger(directory, 'toy');
    const store = await BeadStore.open();
    await store.addLedger({ name: 'toy', directory });
    const model = modelOf(store);
    model.update();
    const before = model.snapshot().revision;
    assert.equal(model.update(), undefined);
    const { id } = await store.batch({ actor: 'me' }, (tx) => tx.create('toy', { title: 'One' }));
    model.changed([id]);
    assert.deepEqual(
      [model.update()?.changes.beads?.upsert.map((bead) => bead.title), model.snapshot().revision],
      [['One'], before + 1],
    );
    await store.close();
  });
});
