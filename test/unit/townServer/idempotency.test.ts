import assert from 'node:assert/strict';
import path from 'node:path';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import type { CallContext } from '../../../server/src/protocol/dispatcher';
import { RigAdd, SessionInput, TownGetSnapshot } from '../../../server/src/protocol/town';
import { IdempotencyCache, operationKey } from '../../../server/src/base/idempotency';
import { runOnce } from '../../../server/src/beads/runOnce';
import type { RequestSpec } from '../../../server/src/protocol/request';
import { tempDir, waitUntil } from '../../helpers/temp';

async function openStore(directory: string): Promise<BeadStore> {
  const store = await BeadStore.open();
  await store.addLedger({ name: 'hq', directory, prefix: 'hq' });
  return store;
}

describe('results of repeated operations', () => {
  const run = (spec: RequestSpec, given: CallContext, handle: () => Promise<unknown>): Promise<unknown> =>
    runOnce(store, spec, given, handle);
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
    assert.equal(await run(RigAdd.spec, context('op'), task), 1);
    assert.equal(await run(RigAdd.spec, context('op'), task), 1);
    await store.close();
    store = await openStore(directory);
    assert.equal(await run(RigAdd.spec, context('op'), task), 1);
    assert.equal(runs, 1);
    assert.equal(await run(RigAdd.spec, context('other'), task), 2);
  });

  it('are those of the batch where the handler has one', async () => {
    const handle = (): Promise<string> =>
      store.batch({ actor: 'ann', operation: 'op' }, (tx) => tx.create('hq', { title: 'One' }).id);
    const id = await run(RigAdd.spec, context('op'), handle);
    // A handler that would refuse now what it did then.
    assert.equal(await run(RigAdd.spec, context('op'), () => Promise.reject(new Error('done already'))), id);
    assert.equal(store.list({ limit: 0 }).length, 1);
  });

  it('are those of the handler where it has several batches, none of which is taken for a repetition', async () => {
    const create = (title: string): Promise<string> =>
      store.batch({ actor: 'ann', operation: 'op' }, (tx) => tx.create('hq', { title }).id);
    const handle = async (): Promise<object> => {
      const first = await create('One');
      return { created: [first, ...(await Promise.all([create('Two'), create('Three')]))] };
    };
    const result = await run(RigAdd.spec, context('op'), handle);
    assert.deepEqual(
      store
        .list({ limit: 0 })
        .map(({ title }) => title)
        .sort(),
      ['One', 'Three', 'Two'],
    );
    const again = (): Promise<unknown> => run(RigAdd.spec, context('op'), () => Promise.reject(new Error('again')));
    assert.deepEqual(await again(), result);
    await store.close();
    store = await openStore(directory);
    assert.deepEqual(await again(), result);
    assert.equal(store.list({ limit: 0 }).length, 3);
  });

  it('are not those of a part to a duplicate that comes between two batches', async () => {
    let goOn = (): void => undefined;
    const handle = async (): Promise<string> => {
      await store.batch({ actor: 'ann', operation: 'op' }, (tx) => tx.create('hq', { title: 'One' }).id);
      await new Promise<void>((resolve) => (goOn = resolve));
      return 'whole';
    };
    const first = run(RigAdd.spec, context('op'), handle);
    await waitUntil('the first batch is done', () => store.list({ limit: 0 }).length === 1);
    const second = run(RigAdd.spec, context('op'), handle);
    goOn();
    assert.deepEqual(await Promise.all([first, second]), ['whole', 'whole']);
  });

  it('are waited for by a duplicate that comes while the first still runs', async () => {
    assert.deepEqual(
      await Promise.all([run(RigAdd.spec, context('op'), task), run(RigAdd.spec, context('op'), task)]),
      [1, 1],
    );
    assert.equal(runs, 1);
  });

  it('are not those of a part of what has failed: a repetition runs again', async () => {
    const first = async (): Promise<never> => {
      await store.batch({ actor: 'ann', operation: 'op' }, (tx) => tx.create('hq', { title: 'One' }).id);
      throw new Error('too late');
    };
    await assert.rejects(run(RigAdd.spec, context('op'), first), /too late/);
    assert.equal(await run(RigAdd.spec, context('op'), task), 1);
  });

  it('are not kept of failures, of reading, and of key presses', async () => {
    await assert.rejects(
      run(RigAdd.spec, context('op'), () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await run(RigAdd.spec, context('op'), task), 1);
    await run(TownGetSnapshot.spec, context('read'), task);
    await run(SessionInput.spec, context('key'), task);
    await run(RigAdd.spec, context(), task);
    assert.equal(store.operations.get('read') ?? store.operations.get('key'), undefined);
  });

  it('belong to one method and one caller', () => {
    const key = operationKey('gastown/rig/add', 'ann', 'op');
    assert.equal(operationKey('gastown/rig/add', 'ann', 'op'), key);
    for (const other of [
      operationKey('gastown/rig/remove', 'ann', 'op'),
      operationKey('gastown/rig/add', 'bob', 'op'),
      operationKey('gastown/rig/add', 'ann', 'op2'),
      operationKey('gastown/rig/add","ann', '', 'op'),
    ])
      assert.notEqual(other, key);
  });

  it('are forgotten by age and by number', () => {
    const cache = new IdempotencyCache(1000, 2);
    for (const [index, key] of ['a', 'b', 'c'].entries()) cache.set(key, key, index * 600);
    assert.deepEqual([cache.get('a'), cache.get('b')?.result, cache.get('c')?.result], [undefined, 'b', 'c']);
    cache.forgetOld(1700);
    assert.deepEqual([cache.get('b'), cache.get('c')?.result], [undefined, 'c']);
  });
});
