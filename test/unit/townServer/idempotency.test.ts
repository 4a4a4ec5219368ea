import assert from 'node:assert/strict';
import path from 'node:path';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import type { CallContext } from '../../../server/src/protocol/dispatcher';
import { RigAdd, SessionInput, TownGetSnapshot } from '../../../server/src/protocol/town';
import { IdempotencyCache } from '../../../server/src/townServer/idempotency';
import { tempDir } from '../../helpers/temp';

async function openStore(directory: string): Promise<BeadStore> {
  const store = await BeadStore.open();
  await store.addLedger({ name: 'hq', directory, prefix: 'hq' });
  return store;
}

describe('first results', () => {
  const context = (operation?: string): CallContext => ({ actor: 'ann', kind: 'person', operation });
  let directory: string;
  let store: BeadStore;
  let runs = 0;
  const task = async (): Promise<number> => {
    await new Promise((done) => setTimeout(done, 5));
    return ++runs;
  };
  beforeEach(async () => {
    directory = path.join(tempDir('results'), '.beads');
    initLedger(directory, 'hq');
    store = await openStore(directory);
    runs = 0;
  });
  afterEach(async () => store.close());

  it('are given again, also by the next server, for a handler that writes no bead', async () => {
    const first = new IdempotencyCache(store);
    assert.equal(await first.run(RigAdd.spec, context('op'), task), 1);
    assert.equal(await first.run(RigAdd.spec, context('op'), task), 1);
    await store.close();
    store = await openStore(directory);
    assert.equal(await new IdempotencyCache(store).run(RigAdd.spec, context('op'), task), 1);
    assert.equal(runs, 1);
    assert.equal(await new IdempotencyCache(store).run(RigAdd.spec, context('other'), task), 2);
  });

  it('are those of the batch where the handler has one', async () => {
    const results = new IdempotencyCache(store);
    const handle = (): Promise<string> =>
      store.batch({ actor: 'ann', operation: 'op' }, (tx) => tx.create('hq', { title: 'One' }).id);
    const id = await results.run(RigAdd.spec, context('op'), handle);
    // A handler that would refuse now what it did then.
    assert.equal(await results.run(RigAdd.spec, context('op'), () => Promise.reject(new Error('done already'))), id);
    assert.equal(store.list({ limit: 0 }).length, 1);
  });

  it('are waited for by a duplicate that comes while the first still runs', async () => {
    const results = new IdempotencyCache(store);
    assert.deepEqual(
      await Promise.all([results.run(RigAdd.spec, context('op'), task), results.run(RigAdd.spec, context('op'), task)]),
      [1, 1],
    );
    assert.equal(runs, 1);
  });

  it('are not kept of failures, of reading, and of key presses', async () => {
    const results = new IdempotencyCache(store);
    await assert.rejects(
      results.run(RigAdd.spec, context('op'), () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await results.run(RigAdd.spec, context('op'), task), 1);
    await results.run(TownGetSnapshot.spec, context('read'), task);
    await results.run(SessionInput.spec, context('key'), task);
    await results.run(RigAdd.spec, context(), task);
    assert.equal(store.operation('read') ?? store.operation('key'), undefined);
  });
});
