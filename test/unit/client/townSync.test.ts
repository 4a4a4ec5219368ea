import assert from 'node:assert/strict';
import type { ConnectionState } from '../../../client/src/connection/townConnection';
import { TownStore } from '../../../client/src/state/townStore';
import { TownSync, type SyncedConnection } from '../../../client/src/state/townSync';
import { Emitter } from '../../../server/src/base/lifecycle';
import type { BoardList, BoardQuery } from '../../../server/src/protocol/board';
import type { RequestSpec } from '../../../server/src/protocol/request';
import { TownGetSnapshot, type TownDelta } from '../../../server/src/protocol/town';
import { connectTown, type TownConnection } from '../../../server/src/protocol/transport';
import { FakeTown } from './fakeTown';
import { QuietLog } from './quietLog';
import { bead, convoy, rig, snapshot, town } from './samples';
import { until } from './until';

describe('the state of the town in a window', () => {
  let fake: FakeTown;
  let client: TownConnection;
  let states: Emitter<ConnectionState>;
  let store: TownStore;
  let sync: TownSync;

  const connected = (root = fake.root): void => states.fire({ kind: 'ready', root });
  const snapshots = (): number => fake.calls.filter((method) => method === 'gastown/town/snapshot').length;

  beforeEach(async () => {
    fake = new FakeTown();
    Object.assign(
      fake.snapshot,
      snapshot({
        rigs: [rig('toy')],
        convoys: [convoy('hq-c1', ['toy-a', 'toy-b'])],
        beads: [bead('toy-a'), bead('toy-b')],
      }),
    );
    await fake.start();
    client = await connectTown(fake.root, { kind: 'window', actor: 'test' });
    states = new Emitter();
    store = new TownStore();
    sync = new TownSync(
      store,
      {
        call: (spec, params) => client.call(spec, params),
        onNotification: (spec, handler) => client.onNotification(spec, handler),
        onDidChangeState: states.event,
      },
      new QuietLog(),
    );
  });

  afterEach(async () => {
    sync.dispose();
    store.dispose();
    client.close();
    await fake.dispose();
  });

  it('is loaded after the connect, then follows deltas', async () => {
    connected();
    await until(() => store.hasSnapshot);
    assert.equal(store.convoys.get('hq-c1')?.done, 0);
    const seen: string[] = [];
    store.beads.onDidChange(({ reset, changed }) => seen.push(reset ? 'reset' : [...changed].join()));
    fake.change({
      beads: [bead('toy-a', { phase: 'merged' })],
      convoys: [convoy('hq-c1', ['toy-a', 'toy-b'], { done: 1 })],
    });
    await until(() => store.revision === 2);
    assert.equal(store.convoys.get('hq-c1')?.done, 1);
    assert.equal(store.beads.get('toy-a')?.phase, 'merged');
    assert.deepEqual(seen, ['toy-a']);
    fake.change({}, { beads: ['toy-b'] });
    await until(() => store.revision === 3);
    assert.deepEqual(
      store.beads.all().map((item) => item.id),
      ['toy-a'],
    );
  });

  it('tells of a delta once, after all of it has been applied', async () => {
    connected();
    await until(() => store.hasSnapshot);
    const seen: unknown[] = [];
    store.onDidChange((names) =>
      seen.push([[...names].sort(), store.beads.get('toy-a')?.phase, store.convoys.get('hq-c1')?.done]),
    );
    fake.change({ convoys: [convoy('hq-c1', ['toy-a'], { done: 1 })], beads: [bead('toy-a', { phase: 'merged' })] });
    await until(() => seen.length > 0);
    assert.deepEqual(seen, [[['beads', 'convoys'], 'merged', 1]]);
  });

  it('is loaded again when a delta is missing', async () => {
    connected();
    await until(() => store.hasSnapshot);
    fake.change({ beads: [bead('toy-a', { phase: 'working' })] }, {}, true);
    fake.change({ beads: [bead('toy-b', { phase: 'failed' })] });
    await until(() => store.revision === 3);
    assert.equal(store.beads.get('toy-a')?.phase, 'working');
    assert.equal(store.beads.get('toy-b')?.phase, 'failed');
    assert.equal(snapshots(), 2);
  });

  it('misses no delta that arrives while the snapshot is loaded', async () => {
    connected();
    await until(() => fake.calls.length > 0);
    for (let done = 1; done <= 20; done++) fake.change({ convoys: [convoy('hq-c1', ['toy-a'], { done })] });
    await until(
      () => store.revision === 21,
      () => store.revision,
    );
    assert.equal(store.convoys.get('hq-c1')?.done, 20);
  });

  it('is loaded again after the server has cut the connection, as it does when the window is too slow', async () => {
    connected();
    await until(() => store.hasSnapshot);
    fake.cut();
    states.fire({ kind: 'lost', root: fake.root, reason: 'x' });
    assert.ok(store.hasSnapshot, 'the last known state stays');
    fake.change({ town: [town({ up: false })] });
    await client.reconnect();
    connected();
    await until(() => store.town?.up === false);
    fake.change({ town: [town({ up: true })] });
    await until(() => store.town?.up === true);
    assert.equal(snapshots(), 2);
  });

  it('is tried again when the server cannot give it', async () => {
    fake.failSnapshots = 1;
    connected();
    await until(() => store.hasSnapshot);
    assert.equal(snapshots(), 2);
  });

  it('is cleared for another town, and not by its late answer', async () => {
    connected();
    await until(() => store.hasSnapshot);
    states.fire({ kind: 'connecting', root: '/other' });
    assert.equal(store.hasSnapshot, false);
    connected();
    await until(() => fake.calls.length === 2);
    states.fire({ kind: 'none' });
    await client.call(TownGetSnapshot.spec, { once: true }); // answered after the one before it
    assert.equal(store.hasSnapshot, false);
  });

  it('ignores old deltas, and recognizes a gap', () => {
    store.reset(snapshot({ revision: 5 }));
    assert.equal(store.apply({ from: 3, to: 4, changes: {} }), 'old');
    assert.equal(store.apply({ from: 6, to: 7, changes: {} }), 'gap');
    assert.equal(store.apply({ from: 5, to: 6, changes: {} }), 'applied');
    assert.equal(store.revision, 6);
  });

  describe('with lists that the window watches', () => {
    const ready: BoardQuery = { grouping: 'state', text: '', open: [{ key: 'state:ready', limit: 10 }] };
    const failed: BoardQuery = { grouping: 'state', text: '', open: [{ key: 'state:failed', limit: 10 }] };
    const listOf = (id: string): BoardList => ({ id, total: 1, items: [{ kind: 'bead', id: 'toy-a' }] });
    const names = (): string[] => store.lists.all().map(({ id }) => id);

    it('gets them with the snapshot, with every answer, and again after a reconnect', async () => {
      sync.watch(ready);
      assert.deepEqual(fake.watched, [], 'nothing is asked before the connect');
      fake.snapshot.lists = [listOf('state:ready')];
      connected();
      await until(() => sync.watched === ready);
      assert.deepEqual([fake.watched, names()], [[ready], ['state:ready']]);
      fake.watchAnswer = [listOf('state:failed')];
      sync.watch(failed);
      await until(() => sync.watched === failed);
      assert.deepEqual(fake.watched, [ready, failed]);
      assert.ok(store.lists.get('state:failed'));
      fake.change({ lists: [{ ...listOf('state:failed'), total: 7 }] });
      await until(() => store.lists.get('state:failed')?.total === 7);
      connected();
      await until(() => fake.watched.length === 3);
      assert.deepEqual(fake.watched.at(-1), failed);
      await until(() => snapshots() === 2);
    });

    it('asks once for the last of several queries, and reports a failure until the next answer', async () => {
      connected();
      await until(() => store.hasSnapshot);
      fake.failWatches = 1;
      const problems: (string | undefined)[] = [];
      sync.onDidWatch(() => problems.push(sync.watchProblem));
      sync.watch(failed);
      await until(() => problems.length === 1);
      assert.equal(problems[0], 'not now');
      sync.watch(failed);
      sync.watch({ ...failed, text: 'a' });
      sync.watch(ready);
      await until(() => sync.watched === ready);
      assert.equal(sync.watchProblem, undefined);
      assert.deepEqual(
        fake.watched.slice(1).map((query) => query?.open[0]?.key),
        ['state:failed', 'state:failed', 'state:ready'],
      );
    });

    it('keeps a delta that follows an answer until that has come', async () => {
      connected();
      await until(() => store.hasSnapshot);
      const { revision } = store;
      let answer: (delta: TownDelta) => void = () => undefined;
      const listeners: ((delta: TownDelta) => void)[] = [];
      const held = new TownSync(
        store,
        {
          call: ((spec: RequestSpec) =>
            spec === TownGetSnapshot.spec
              ? Promise.resolve(snapshot({ revision }))
              : new Promise((done) => {
                  answer = done as typeof answer;
                })) as SyncedConnection['call'],
          onNotification: ((_spec: unknown, handler: (delta: TownDelta) => void) => {
            listeners.push(handler);
            return { dispose: () => undefined };
          }) as SyncedConnection['onNotification'],
          onDidChangeState: states.event,
        },
        new QuietLog(),
      );
      sync.dispose();
      connected();
      await until(() => held.watched === undefined && store.revision === revision);
      await new Promise((done) => setImmediate(done));
      held.watch(ready);
      const change = (to: number, id: string): TownDelta => ({
        from: to - 1,
        to,
        changes: { lists: { upsert: [listOf(id)], remove: [] } },
      });
      for (const listener of listeners) listener(change(revision + 2, 'state:failed'));
      assert.deepEqual(names(), []);
      answer(change(revision + 1, 'state:ready'));
      await until(() => store.revision === revision + 2);
      assert.deepEqual(names().sort(), ['state:failed', 'state:ready']);
      held.dispose();
    });
  });
});
