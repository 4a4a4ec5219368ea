import assert from 'node:assert/strict';
import { TownStore } from '../../../client/src/state/townStore';
import { TownSync } from '../../../client/src/state/townSync';
import type { Log } from '../../../client/src/base/editor';
import { connectTown, type TownConnection } from '../../../server/src/protocol/transport';
import { FakeTown } from './fakeTown';
import { bead, convoy, rig, snapshot, town } from './samples';
import { until } from './until';

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

describe('the picture of the town in a window', () => {
  let fake: FakeTown;
  let link: TownConnection;
  let store: TownStore;
  let sync: TownSync;

  beforeEach(async () => {
    fake = new FakeTown();
    Object.assign(
      fake.picture,
      snapshot({
        rigs: [rig('toy')],
        convoys: [convoy('hq-c1', ['toy-a', 'toy-b'])],
        beads: [bead('toy-a'), bead('toy-b')],
      }),
    );
    await fake.start();
    link = await connectTown(fake.root, { kind: 'window', actor: 'test' });
    store = new TownStore();
    sync = new TownSync(store, link, log);
  });

  afterEach(async () => {
    sync.dispose();
    store.dispose();
    link.close();
    await fake.dispose();
  });

  it('is loaded whole, then follows changes', async () => {
    await sync.reload();
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

  it('is told once a change, when all of it is in place', async () => {
    await sync.reload();
    const seen: unknown[] = [];
    store.onDidChange((names) =>
      seen.push([[...names].sort(), store.beads.get('toy-a')?.phase, store.convoys.get('hq-c1')?.done]),
    );
    fake.change({ convoys: [convoy('hq-c1', ['toy-a'], { done: 1 })], beads: [bead('toy-a', { phase: 'merged' })] });
    await until(() => seen.length > 0);
    assert.deepEqual(seen, [[['beads', 'convoys'], 'merged', 1]]);
  });

  it('is loaded again where a change was lost', async () => {
    await sync.reload();
    fake.change({ beads: [bead('toy-a', { phase: 'working' })] }, {}, true);
    fake.change({ beads: [bead('toy-b', { phase: 'failed' })] });
    await until(() => store.revision === 3);
    assert.equal(store.beads.get('toy-a')?.phase, 'working');
    assert.equal(store.beads.get('toy-b')?.phase, 'failed');
    assert.equal(fake.calls.filter((method) => method === 'gastown/town/snapshot').length, 2);
  });

  it('misses nothing that changes while it is loaded', async () => {
    const loading = sync.reload();
    await until(() => fake.calls.length > 0);
    for (let done = 1; done <= 20; done++) fake.change({ convoys: [convoy('hq-c1', ['toy-a'], { done })] });
    await loading;
    await until(
      () => store.revision === 21,
      () => store.revision,
    );
    assert.equal(store.convoys.get('hq-c1')?.done, 20);
  });

  it('is right again after the connection broke', async () => {
    await sync.reload();
    await fake.restart();
    fake.change({ town: [town({ up: false })] });
    await link.reconnect();
    await sync.reload();
    assert.equal(store.town?.up, false);
    fake.change({ town: [town({ up: true })] });
    await until(() => store.town?.up === true);
  });

  it('ignores what is older than it, and knows a gap', () => {
    store.reset(snapshot({ revision: 5 }));
    assert.equal(store.apply({ from: 3, to: 4, changes: {} }), 'old');
    assert.equal(store.apply({ from: 6, to: 7, changes: {} }), 'gap');
    assert.equal(store.apply({ from: 5, to: 6, changes: {} }), 'applied');
    assert.equal(store.revision, 6);
  });
});
