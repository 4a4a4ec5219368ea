import assert from 'node:assert/strict';
import { TownModel } from '../../../client/src/state/townStore';
import { TownSync } from '../../../client/src/state/townSync';
import type { Log } from '../../../client/src/base/log';
import { connectTown, type TownConnection } from '../../../server/src/protocol/transport';
import { FakeTown } from './fakeTown';
import { bead, convoy, rig, snapshot, town } from './samples';
import { until } from './until';

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

describe('the picture of the town in a window', () => {
  let fake: FakeTown;
  let link: TownConnection;
  let model: TownModel;
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
    model = new TownModel();
    sync = new TownSync(model, link, log);
  });

  afterEach(async () => {
    sync.dispose();
    model.dispose();
    link.close();
    await fake.dispose();
  });

  it('is loaded whole, then follows changes', async () => {
    await sync.reload();
    assert.equal(model.convoys.get('hq-c1')?.done, 0);
    const seen: string[] = [];
    model.beads.onDidChange(({ reset, changed }) => seen.push(reset ? 'reset' : [...changed].join()));
    fake.change({
      beads: [bead('toy-a', { phase: 'merged' })],
      convoys: [convoy('hq-c1', ['toy-a', 'toy-b'], { done: 1 })],
    });
    await until(() => model.revision === 2);
    assert.equal(model.convoys.get('hq-c1')?.done, 1);
    assert.equal(model.beads.get('toy-a')?.phase, 'merged');
    assert.deepEqual(seen, ['toy-a']);
    fake.change({}, { beads: ['toy-b'] });
    await until(() => model.revision === 3);
    assert.deepEqual(
      model.beads.all().map((item) => item.id),
      ['toy-a'],
    );
  });

  it('is told once a change, when all of it is in place', async () => {
    await sync.reload();
    const seen: unknown[] = [];
    model.onDidChange((names) =>
      seen.push([[...names].sort(), model.beads.get('toy-a')?.phase, model.convoys.get('hq-c1')?.done]),
    );
    fake.change({ convoys: [convoy('hq-c1', ['toy-a'], { done: 1 })], beads: [bead('toy-a', { phase: 'merged' })] });
    await until(() => seen.length > 0);
    assert.deepEqual(seen, [[['beads', 'convoys'], 'merged', 1]]);
  });

  it('is loaded again where a change was lost', async () => {
    await sync.reload();
    fake.change({ beads: [bead('toy-a', { phase: 'working' })] }, {}, true);
    fake.change({ beads: [bead('toy-b', { phase: 'failed' })] });
    await until(() => model.revision === 3);
    assert.equal(model.beads.get('toy-a')?.phase, 'working');
    assert.equal(model.beads.get('toy-b')?.phase, 'failed');
    assert.equal(fake.calls.filter((method) => method === 'gastown/town/snapshot').length, 2);
  });

  it('misses nothing that changes while it is loaded', async () => {
    const loading = sync.reload();
    await until(() => fake.calls.length > 0);
    for (let done = 1; done <= 20; done++) fake.change({ convoys: [convoy('hq-c1', ['toy-a'], { done })] });
    await loading;
    await until(
      () => model.revision === 21,
      () => model.revision,
    );
    assert.equal(model.convoys.get('hq-c1')?.done, 20);
  });

  it('is right again after the connection broke', async () => {
    await sync.reload();
    await fake.restart();
    fake.change({ town: [town({ up: false })] });
    await link.reconnect();
    await sync.reload();
    assert.equal(model.town?.up, false);
    fake.change({ town: [town({ up: true })] });
    await until(() => model.town?.up === true);
  });

  it('ignores what is older than it, and knows a gap', () => {
    model.reset(snapshot({ revision: 5 }));
    assert.equal(model.apply({ from: 3, to: 4, changes: {} }), 'old');
    assert.equal(model.apply({ from: 6, to: 7, changes: {} }), 'gap');
    assert.equal(model.apply({ from: 5, to: 6, changes: {} }), 'applied');
    assert.equal(model.revision, 6);
  });
});
