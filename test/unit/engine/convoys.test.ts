import assert from 'node:assert/strict';
import { BeadBatch } from '../../../server/src/protocol/batch';
import { strandedConvoys } from '../../../server/src/engine/convoys/stranded';
import { trackedIds } from '../../../server/src/engine/state/work';
import { DependencyAdd } from '../../../server/src/protocol/dependency';
import { ConvoyAdd, ConvoyCreate, ConvoyGet, ConvoyLaunch, ConvoyList } from '../../../server/src/protocol/town';
import { refused } from '../beads/service';
import { ann, ConvoyTestTown, rust } from './convoyTown';

describe('convoys', () => {
  let town: ConvoyTestTown;

  beforeEach(async () => {
    town = await ConvoyTestTown.open();
  });
  afterEach(() => town.store.close());

  it('track, and start nothing before somebody launches them', async () => {
    const [one, two] = [await town.bead('One'), await town.bead('Two', {}, 'lib')];
    const convoy = await town.call(ConvoyCreate.spec, { title: 'Both', beads: [one, two] });
    assert.match(convoy.id, /^hq-cv-[a-z0-9]{3,8}$/);
    assert.deepEqual([convoy.status, convoy.launchedAt, convoy.total], ['open', undefined, 2]);
    assert.deepEqual(town.begun(), []);
    assert.deepEqual(
      strandedConvoys(town.store, town.whyNots()).map(({ id, kind }) => [id, kind]),
      [[convoy.id, 'ready']],
    );
    const launched = await town.call(ConvoyLaunch.spec, { id: convoy.id });
    assert.equal(launched.launchedAt, '2026-03-01T12:00:00.000Z');
    assert.deepEqual(town.begun().sort(), [one, two].sort());
    assert.deepEqual(strandedConvoys(town.store, town.whyNots()), []);
    await refused(town.call(ConvoyLaunch.spec, { id: convoy.id }), /was launched already/, 'conflict');
  });

  it('that go nowhere say for each bead what it waits for, with the ancestor that is blocked', async () => {
    const obstacle = await town.bead('Obstacle', { assignee: 'Bob' });
    const parent = await town.bead('Parent', { type: 'epic', needs: [obstacle] });
    const child = await town.bead('Child', { parent });
    await town.call(ConvoyCreate.spec, { title: 'One', beads: [child] });
    await town.sling(child);
    const [stranded] = strandedConvoys(town.store, {
      of: () => [{ kind: 'parent', bead: { id: parent } }],
    });
    assert.deepEqual([stranded?.kind, stranded?.reasons], ['stuck', [`${child}: waits for its parent ${parent}`]]);
  });

  it('are launched at once where that is asked for', async () => {
    const one = await town.bead('One');
    const convoy = await town.call(ConvoyCreate.spec, { title: 'Now', beads: [one], launch: true });
    assert.ok(convoy.launchedAt);
    assert.deepEqual(town.begun(), [one]);
    await refused(
      town.call(ConvoyCreate.spec, { title: 'Both', beads: [one], launch: true, stage: true }),
      /staged or launched, not both/,
    );
    const outside = await town.bead('Outside');
    const waits = await town.bead('Waits', { needs: [outside] });
    await refused(
      town.call(ConvoyCreate.spec, { title: 'Hindered', beads: [waits], launch: true }),
      /which this convoy does not track/,
      'conflict',
    );
    assert.equal((await town.call(ConvoyList.spec, {})).length, 1, 'what is refused leaves nothing behind');
  });

  for (const stage of [false, true])
    it(`start one bead that is slung by name, of a ${stage ? 'staged' : 'tracking'} one`, async () => {
      const [one, two] = [await town.bead('One'), await town.bead('Two')];
      const convoy = await town.call(ConvoyCreate.spec, { title: 'Both', beads: [one, two], stage });
      const [slung] = await town.sling(one);
      assert.equal(slung?.convoy, convoy.id, 'it needs no convoy of its own');
      assert.deepEqual(town.begun(), [one]);
      assert.deepEqual(town.whyNots().hints(town.get(two)), [{ kind: 'unslung' }]);
      assert.deepEqual(town.whyNots().hints(town.get(one)), []);
    });

  it('land when all is closed, launched or not, and tell everybody who asked for it', async () => {
    const [one, two] = [await town.bead('Update API endpoint'), await town.bead('Add validation', {}, 'lib')];
    const convoy = await town.call(ConvoyCreate.spec, {
      title: 'Deploy v2.0',
      beads: [one, two],
      notify: ['mayor/', 'human', 'toy/joe', 'ann', 'overseer'],
    });
    assert.deepEqual((await town.call(ConvoyGet.spec, { id: convoy.id })).notify, [
      'mayor',
      'overseer',
      'toy/crew/joe',
      'ann',
    ]);
    await town.land();
    assert.equal(town.get(convoy.id).status, 'open');
    town.service.now.value += 135 * 60_000;
    await town.close(one, two);
    await town.land();
    assert.equal(town.get(convoy.id).status, 'closed');
    const notice = {
      subject: `🚚 Convoy Landed: Deploy v2.0 (${convoy.id})`,
      body: `Issues (2):\n  ✓ ${one}: Update API endpoint\n  ✓ ${two}: Add validation\n\nDuration: 2h 15m`,
    };
    for (const address of ['mayor', 'overseer', 'toy/crew/joe', 'ann'])
      assert.deepEqual(town.mail(address), [notice], address);
    await town.land();
    assert.equal(town.mail('ann').length, 1, 'it is told once');
  });

  it('refuse an address that nobody has, and make nothing then', async () => {
    for (const [address, message] of [
      ['toy/nux', /toy has no crew member or polecat nux/],
      ['toy/crew/nux', /toy has no crew member nux/],
      ['toy/polecats/nux', /toy has no crew member or polecat nux/],
      ['nowhere/witness', /there is no rig nowhere/],
      ['Bub', /there is no Bub in this town/],
      ['toy/x/y', /is not an address/],
      [' ', /that is not an address/],
    ] as const)
      await refused(town.call(ConvoyCreate.spec, { title: 'Told', notify: ['mayor/', address] }), message);
    assert.deepEqual(await town.call(ConvoyList.spec, { all: true }), []);
  });

  it('do not land by themselves where they are owned', async () => {
    const one = await town.bead('One');
    const convoy = await town.call(ConvoyCreate.spec, { title: 'Mine', beads: [one], owned: true });
    assert.deepEqual([convoy.owned, town.get(convoy.id).labels], [true, ['gt:owned']]);
    await town.close(one);
    await town.land();
    assert.equal(town.get(convoy.id).status, 'open');
  });

  it('are opened again by what is added, however it is written', async () => {
    const adders = {
      'gt convoy add': (id: string, bead: string) => town.call(ConvoyAdd.spec, { id, beads: [bead] }),
      'bd dep add': (id: string, bead: string) =>
        town.call(DependencyAdd.spec, { from: id, to: bead, type: 'tracks', ledger: 'hq' }),
      'bd batch': (id: string, bead: string) =>
        town.call(BeadBatch.spec, { operations: [{ op: 'dep-add', from: id, to: bead, type: 'tracks' }] }),
    };
    for (const [name, add] of Object.entries(adders)) {
      const [one, two] = [await town.bead('One'), await town.bead('Two', {}, 'lib')];
      const convoy = await town.call(ConvoyCreate.spec, { title: name, beads: [one] });
      await town.close(one);
      await town.land();
      assert.equal(town.get(convoy.id).status, 'closed', name);
      await add(convoy.id, two);
      assert.deepEqual([town.get(convoy.id).status, trackedIds(town.get(convoy.id))], ['open', [one, two]], name);
    }
  });

  it('take the work below an epic, by both commands', async () => {
    const epic = await town.bead('Login', { type: 'epic' });
    const [one, two] = [await town.bead('One'), await town.bead('Two')];
    for (const child of [one, two]) await town.store.batch(ann, (tx) => tx.setParent(child, epic));
    const convoy = await town.call(ConvoyCreate.spec, { title: 'Login', beads: [epic] });
    assert.deepEqual([...convoy.beads].sort(), [one, two].sort());
    const empty = await town.call(ConvoyCreate.spec, { title: 'Empty' });
    const edge = await town.call(DependencyAdd.spec, { from: empty.id, to: epic, type: 'tracks', ledger: 'hq' });
    assert.equal(edge.issue_id, empty.id);
    assert.deepEqual(trackedIds(town.get(empty.id)).sort(), [one, two].sort());
    await refused(
      town.call(DependencyAdd.spec, { from: empty.id, to: convoy.id, type: 'tracks', ledger: 'hq' }),
      /is a convoy itself/,
    );
  });

  it('are listed by status', async () => {
    const one = await town.bead('One');
    const ids: Record<string, string> = {};
    for (const [name, params] of Object.entries({
      open: { beads: [one] },
      staged_ready: { beads: [one], stage: true },
      staged_warnings: { beads: [await town.bead('Waits', { needs: [one] })], stage: true },
      closed: { beads: [] },
    }))
      ids[name] = (await town.call(ConvoyCreate.spec, { title: name, ...params })).id;
    await town.close(ids.closed!);
    const list = async (params: object) => (await town.call(ConvoyList.spec, params)).map(({ title }) => title).sort();
    assert.deepEqual(await list({}), ['open', 'staged_ready', 'staged_warnings']);
    assert.deepEqual(await list({ all: true }), ['closed', 'open', 'staged_ready', 'staged_warnings']);
    for (const status of ['open', 'closed', 'staged_ready', 'staged_warnings'])
      assert.deepEqual(await list({ status }), [status]);
    assert.deepEqual(await list({ status: 'staged' }), ['staged_ready', 'staged_warnings']);
  });

  it('an agent plans them, and launches none', async () => {
    const [one, two] = [await town.bead('One'), await town.bead('Two')];
    const planned = await town.call(ConvoyCreate.spec, { title: 'Planned', beads: [one] }, rust);
    await town.call(ConvoyAdd.spec, { id: planned.id, beads: [two] }, rust);
    assert.deepEqual(town.begun(), []);
    await refused(
      town.call(ConvoyCreate.spec, { title: 'Now', beads: [one], launch: true }, rust),
      /an agent may not launch work/,
      'refused',
    );
    await refused(town.call(ConvoyLaunch.spec, { id: planned.id }, rust), /an agent may not launch work/, 'refused');
    await town.call(ConvoyLaunch.spec, { id: planned.id });
    const more = await town.bead('More');
    await refused(
      town.call(ConvoyAdd.spec, { id: planned.id, beads: [more] }, rust),
      /may not change a convoy that is under way/,
      'refused',
    );
    await refused(
      town.call(DependencyAdd.spec, { from: planned.id, to: more, type: 'tracks', ledger: 'hq' }, rust),
      /may not change a convoy that is under way/,
      'refused',
    );
  });
});
