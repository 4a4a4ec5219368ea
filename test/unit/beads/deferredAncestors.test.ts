import assert from 'node:assert/strict';
import path from 'node:path';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import { tempDir } from '../../helpers/temp';
import { answers, DAY, NOW } from './histories';

/** An epic with a child, which has a child, which has one more. */
async function family(): Promise<{ store: BeadStore; directory: string; ids: string[]; at: (now: number) => void }> {
  const directory = path.join(tempDir('deferred'), '.beads');
  initLedger(directory, 'toy');
  let now = NOW;
  const store = await BeadStore.open({ clock: () => new Date(now) });
  await store.addLedger({ name: 'toy', directory });
  const ids = await store.batch({ actor: 'me' }, (tx) => {
    const made = ['epic', 'epic', 'task', 'task'].map((type) => tx.create('toy', { title: type, type }).id);
    made.slice(1).forEach((id, index) => tx.addDependency(id, made[index]!, 'parent-child'));
    return made;
  });
  return { store, directory, ids, at: (time) => void (now = time) };
}

const ready = (store: BeadStore): string[] => store.ready({ limit: 0 }).map(({ id }) => id);

describe('what belongs to a deferred bead', () => {
  for (const until of [undefined, new Date(NOW + DAY).toISOString()]) {
    it(`is not ready, however far below it stands: deferred ${until === undefined ? 'for good' : 'until tomorrow'}`, async () => {
      const { store, ids, at } = await family();
      assert.deepEqual(ready(store).sort(), [...ids].sort());
      await store.batch({ actor: 'me' }, (tx) => void tx.update(ids[0]!, { status: 'deferred', defer_until: until }));
      assert.deepEqual(ready(store), []);
      assert.equal(store.deferringBead(ids[3]!)?.id, ids[0]);
      assert.equal(store.board.stateCounts().find(({ state }) => state === 'ready')?.count ?? 0, 0);
      at(NOW + 2 * DAY);
      assert.equal(ready(store).length, until === undefined ? 0 : 4);
      at(NOW);
      assert.deepEqual(ready(store), [], 'the clock was put back');
      await store.batch({ actor: 'me' }, (tx) => void tx.update(ids[0]!, { status: 'open', defer_until: undefined }));
      assert.equal(ready(store).length, 4);
      await store.close();
    });
  }

  it('is not ready behind somebody who works on what lies between, and is once that is closed', async () => {
    const { store, directory, ids } = await family();
    await store.batch({ actor: 'me' }, (tx) => void tx.update(ids[1]!, { status: 'in_progress' }));
    await store.batch({ actor: 'me' }, (tx) => void tx.update(ids[0]!, { status: 'deferred' }));
    assert.deepEqual(ready(store), []);
    const kept = answers(store);
    await store.checkpoint();
    const fresh = await BeadStore.open({ clock: () => new Date(NOW) });
    await fresh.addLedger({ name: 'toy', directory });
    assert.deepEqual(answers(fresh), kept);
    await fresh.close();
    await store.batch({ actor: 'me' }, (tx) => void tx.close(ids[1]!, 'Done', { force: true }));
    assert.deepEqual(ready(store).sort(), [ids[2]!, ids[3]!].sort());
    await store.close();
  });

  it('is shown with includeDeferred', async () => {
    const { store, ids } = await family();
    await store.batch({ actor: 'me' }, (tx) => void tx.update(ids[0]!, { status: 'deferred' }));
    assert.ok(store.ready({ limit: 0, includeDeferred: true }).some(({ id }) => id === ids[3]));
    await store.close();
  });
});
