import assert from 'node:assert/strict';
import { sling } from '../../../server/src/engine/dispatch/sling';
import { trackedIds } from '../../../server/src/engine/state/work';
import type { CallContext } from '../../../server/src/protocol/dispatcher';
import type { Bead } from '../../../server/src/protocol/bead';
import { EngineTown, RUST } from './engineTown';

const ann: CallContext = { actor: 'ann', kind: 'person' };

describe('slinging an epic', () => {
  let town: EngineTown;
  const sling_ = (...beads: string[]) => sling(town.store, ann, { beads, rig: 'toy' });
  const below = async (parent: string, bead: Partial<Bead> & { title: string; type?: string }): Promise<string> => {
    const { id } = await town.create(bead as never);
    await town.store.batch({ actor: 'ann' }, (tx) => tx.setParent(id, parent));
    return id;
  };
  const convoys = (): Bead[] => town.store.list({ type: ['convoy'], limit: 0 });

  beforeEach(async () => {
    town = await EngineTown.open();
  });
  afterEach(() => town.store.close());

  it('slings all that can be worked on below it, at any depth, in one convoy that is called like it', async () => {
    const epic = (await town.create({ title: 'Login', type: 'epic' })).id;
    const inner = await below(epic, { title: 'Forms', type: 'epic' });
    const task = await below(epic, { title: 'API' });
    const deep = await below(inner, { title: 'Button', type: 'bug' });
    await below(epic, { title: 'Of ann', assignee: 'ann' });
    await below(epic, { title: 'Later', status: 'deferred' });
    const done = await below(epic, { title: 'Done' });
    await town.close(done);
    const results = await sling_(epic);
    assert.deepEqual(results.map(({ bead }) => bead).sort(), [deep, task].sort());
    assert.deepEqual(
      convoys().map((convoy) => [convoy.title, trackedIds(convoy).sort()]),
      [['Login', [deep, task].sort()]],
    );
    assert.deepEqual(new Set(results.map(({ convoy }) => convoy)), new Set([convoys()[0]!.id]));
    assert.equal(town.work(task).slung?.rig, 'toy');
    assert.equal(town.work(inner).slung, undefined);
  });

  it('leaves work in the convoy that it has, and repeats nothing', async () => {
    const epic = (await town.create({ title: 'Login', type: 'epic' })).id;
    const [first, second] = [await below(epic, { title: 'First' }), await below(epic, { title: 'Second' })];
    const [own] = await sling_(first);
    const results = await sling_(epic, first);
    assert.equal(results.length, 2);
    assert.equal(results.find(({ bead }) => bead === first)?.convoy, own!.convoy);
    assert.equal(convoys().length, 2);
    await town.update(second, { status: 'hooked', assignee: RUST });
    assert.deepEqual(
      (await sling_(epic)).map(({ bead, changed }) => [bead, changed]).sort(),
      [
        [first, true],
        [second, false],
      ].sort(),
    );
    assert.equal(convoys().length, 2);
  });

  it('is refused where nothing below it can be worked on, or to one agent where there is more', async () => {
    const epic = (await town.create({ title: 'Login', type: 'epic' })).id;
    await assert.rejects(sling_(epic), /no agent can work on anything below the epic/);
    for (const title of ['First', 'Second']) await below(epic, { title });
    await assert.rejects(sling(town.store, ann, { beads: [epic], rig: 'toy', agent: 'rust' }), /one bead at a time/);
    await town.close(epic);
    await assert.rejects(sling_(epic), /is closed/);
  });
});
