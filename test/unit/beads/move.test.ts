import assert from 'node:assert/strict';
import { BeadCreate, BeadMove, BeadShow, CommentAdd, type BeadDetails } from '../../../server/src/protocol/bead';
import { DependencyAdd } from '../../../server/src/protocol/dependency';
import type { Params } from '../../../server/src/protocol/request';
import { openService, refused, type Service } from './service';

describe('a bead that goes to another ledger', () => {
  let service: Service;
  const create = async (title: string, more: Partial<Params<typeof BeadCreate.spec>> = {}): Promise<string> =>
    (await service.call(BeadCreate.spec, { title, ledger: 'hq', ...more })).id;
  const show = async (id: string): Promise<BeadDetails> => (await service.call(BeadShow.spec, { ids: [id] }))[0]!;
  const move = (id: string, more: Partial<Params<typeof BeadMove.spec>> = {}) =>
    service.call(BeadMove.spec, { id, to: 'toy', as: 'move', ...more });
  const edges = (bead: BeadDetails): string[] =>
    (service.store.get(bead.id)?.dependencies ?? []).map((edge) => `${edge.type} ${edge.depends_on_id}`).sort();

  beforeEach(async () => {
    service = await openService(['hq', 'toy']);
  });
  afterEach(() => service.store.close());

  it('is a new one there with all that it was, and the old one is closed', async () => {
    const fields = { description: 'Why', design: 'How', priority: 0, type: 'bug', assignee: 'ann', estimate: 30 };
    const id = await create('One', { ...fields, labels: ['b', 'a'], metadata: { k: { v: 1 } } });
    await service.call(CommentAdd.spec, { id, text: 'hello' }, { actor: 'joe' });
    const result = await move(id);
    assert.deepEqual(result, { source: id, target: result.target, closed: true, remapped: 0 });
    assert.match(result.target, /^toy-/);
    const [old, moved] = [await show(id), await show(result.target)];
    assert.deepEqual([old.status, old.close_reason], ['closed', `Moved to ${moved.id}`]);
    assert.deepEqual(
      [moved.status, moved.title, moved.description, moved.design, moved.priority, moved.issue_type, moved.assignee],
      ['open', 'One', `Why\n\n(Moved from ${id})`, 'How', 0, 'bug', 'ann'],
    );
    assert.deepEqual(
      [moved.labels, moved.metadata, moved.estimated_minutes, moved.comments?.map((each) => [each.author, each.text])],
      [['a', 'b'], { k: { v: 1 } }, 30, [['joe', 'hello']]],
    );
  });

  it('takes what it waits for and what waits for it along', async () => {
    const [before, id, after, epic] = [
      await create('before'),
      await create('it'),
      await create('after'),
      await create('e'),
    ];
    await service.call(DependencyAdd.spec, { from: id, to: before, type: 'blocks' });
    await service.call(DependencyAdd.spec, { from: id, to: epic, type: 'parent-child' });
    await service.call(DependencyAdd.spec, { from: after, to: id, type: 'blocks' });
    const { target, remapped } = await move(id, { to: 'toy-' });
    assert.equal(remapped, 1);
    assert.deepEqual(edges(await show(target)), [`blocks ${before}`, `parent-child ${epic}`]);
    assert.deepEqual(edges(await show(after)), [`blocks ${target}`], 'it still waits, for the one that is open');
  });

  it('leaves the old one open, or its dependencies alone, where that is asked', async () => {
    const [id, after] = [await create('it'), await create('after')];
    await service.call(DependencyAdd.spec, { from: after, to: id, type: 'blocks' });
    const { target, closed } = await move(id, { keepOpen: true, skipDependencies: true, as: 'refile' });
    assert.deepEqual([closed, (await show(id)).status], [false, 'open']);
    assert.deepEqual(edges(await show(after)), [`blocks ${id}`]);
    assert.equal((await show(target)).description, `(Refiled from ${id})`);
  });

  it('is refused where it cannot go, and nothing changes', async () => {
    const id = await create('it');
    const before = JSON.stringify(service.store.get(id));
    await refused(move(id, { to: 'nowhere' }), /rig or prefix "nowhere" not found/, 'not-found');
    await refused(move(id, { to: 'hq' }), /is already in rig "hq"/, 'conflict');
    await refused(move('hq-nope1'), /no issue found/, 'not-found');
    const alone = await openService(['one']);
    const only = (await alone.call(BeadCreate.spec, { title: 'x' })).id;
    await refused(
      alone.call(BeadMove.spec, { id: only, to: 'toy', as: 'refile' }),
      /cannot refile: no routes/,
      'not-found',
    );
    await alone.store.close();
    assert.equal(JSON.stringify(service.store.get(id)), before);
    assert.equal(service.store.list({ all: true, limit: 0 }).length, 1);
  });
});
