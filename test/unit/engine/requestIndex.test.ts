import assert from 'node:assert/strict';
import fc from 'fast-check';
import { requestsIn } from '../../../server/src/engine/mergeQueue/requestIndex';
import { MERGE_REQUEST, mergeOf } from '../../../server/src/engine/state/work';
import { openService, putLedger } from '../beads/service';

const mergeFor = (source: string) => ({
  merge: { source, rig: 'toy', branch: 'b', commit: 'c', worker: 'w', retries: 0 },
});
const sources = ['toy-1', 'toy-2', 'toy-3'];

describe('merge requests of a bead', () => {
  it('are, change by change, those that name it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            kind: fc.constantFrom('create', 'create', 'close', 'delete', 'rename', 'rig'),
            at: fc.nat(),
            source: fc.constantFrom(...sources),
          }),
          { maxLength: 25 },
        ),
        async (steps) => {
          const { store, fs, now } = await openService();
          const requests = requestsIn(store);
          const made: string[] = [];
          for (const { kind, at, source } of steps) {
            now.value += 1_000;
            const id = made[at % Math.max(1, made.length)];
            if (kind === 'rig') {
              if (store.ledgerNames().includes('late')) await store.removeLedger('late');
              else await store.addLedger({ name: 'late', directory: putLedger(fs, 'late') });
            } else
              await store.batch({ actor: 'ann' }, (tx) => {
                if (kind === 'create')
                  made.push(tx.create('toy', { title: 'Merge', type: MERGE_REQUEST, metadata: mergeFor(source) }).id);
                else if (id !== undefined && tx.get(id)?.status !== 'tombstone') {
                  if (kind === 'close') tx.close(id, 'done', { force: true });
                  else if (kind === 'delete') tx.delete(id);
                  else tx.update(id, { metadata: mergeFor(source) });
                }
              });
            for (const bead of sources) {
              const named = store
                .list({ type: [MERGE_REQUEST], all: true, limit: 0, sort: 'created', reverse: true })
                .filter((request) => mergeOf(request)?.source === bead);
              assert.deepEqual(
                requests.openOf(bead).map(({ id }) => id),
                named.filter(({ status }) => status !== 'closed').map(({ id }) => id),
              );
              assert.deepEqual(
                requests.of(bead).map((request) => [request.id, request.status]),
                named.map((request) => [request.id, request.status]),
              );
            }
            const open = store.list({ type: [MERGE_REQUEST], limit: 0, sort: 'created', reverse: true });
            assert.deepEqual(
              requests.open().map(({ id }) => id),
              open.map(({ id }) => id),
            );
            assert.deepEqual(requests.open('another'), []);
          }
          await store.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are read through once', async () => {
    const { store } = await openService();
    const requests = requestsIn(store);
    const create = (source: string) =>
      store.batch({ actor: 'ann' }, (tx) =>
        tx.create('toy', { title: 'Merge', type: MERGE_REQUEST, metadata: mergeFor(source) }),
      );
    await create('toy-1');
    let lists = 0;
    const list = store.list.bind(store);
    store.list = (...args) => {
      lists += 1;
      return list(...args);
    };
    assert.equal(requests.of('toy-1').length, 1);
    await create('toy-1');
    await create('toy-2');
    assert.deepEqual([requests.of('toy-1').length, requests.of('toy-2').length, lists], [2, 1, 1]);
    await store.close();
  });

  it('are found by id, bead, branch and part of an id: an open one before closed ones, then the latest', async () => {
    const { store, now } = await openService();
    const requests = requestsIn(store);
    // A real one: part of an id that nobody has could be part of another.
    const source = await store.batch({ actor: 'ann' }, (tx) => tx.create('toy', { title: 'Work' }).id);
    const create = async (branch: string) => {
      now.value += 1_000;
      return store.batch({ actor: 'ann' }, (tx) => {
        const merge = { ...mergeFor(source).merge, branch };
        return tx.create('toy', { title: 'Merge', type: MERGE_REQUEST, metadata: { merge } }).id;
      });
    };
    const close = (id: string) => store.batch({ actor: 'ann' }, (tx) => tx.close(id, 'done', { force: true }));
    const [first, second] = [await create('polecat/one'), await create('polecat/two')];
    assert.equal(requests.find(source)?.id, second);
    await close(second);
    assert.equal(requests.find(source)?.id, first, 'the open one');
    await close(first);
    assert.equal(requests.find(source)?.id, second, 'the latest');
    assert.equal(requests.find('polecat/one')?.id, first);
    assert.equal(requests.find(first.slice('toy-'.length))?.id, first);
    assert.equal(requests.find('polecat/nothing'), undefined);
    assert.deepEqual([requests.open(), requests.waiting(), requests.all('toy').length], [[], [], 2]);
    await store.close();
  });
});
