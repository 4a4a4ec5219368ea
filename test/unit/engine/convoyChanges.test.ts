import assert from 'node:assert/strict';
import { strandedConvoys } from '../../../server/src/engine/convoys/stranded';
import { hook } from '../../../server/src/engine/dispatch/hook';
import { hasWork } from '../../../server/src/engine/state/pendingWork';
import { convoyOf, trackedIds } from '../../../server/src/engine/state/work';
import {
  ConvoyAdd,
  ConvoyCheck,
  ConvoyClose,
  ConvoyCreate,
  ConvoyGet,
  ConvoyLand,
  ConvoyPause,
  ConvoyRemove,
  ConvoyRename,
  ConvoyResume,
  ConvoyUnwatch,
  ConvoyWatch,
} from '../../../server/src/protocol/town';
import { nudgeWatchers } from '../../../server/src/engine/convoys/nudgeWatchers';
import { refused } from '../beads/service';
import { ann, ConvoyTestTown, rust } from './convoyTown';
import { EngineTown } from './engineTown';

describe('changes of a convoy', () => {
  let town: ConvoyTestTown;
  let one: string;
  let two: string;

  const create = (params: { launch?: boolean; stage?: boolean; owned?: boolean; notify?: string[] } = {}) =>
    town.call(ConvoyCreate.spec, { title: 'Both', beads: [one, two], ...params });

  beforeEach(async () => {
    town = await ConvoyTestTown.open();
    [one, two] = [await town.bead('One'), await town.bead('Two', {}, 'lib')];
  });
  afterEach(() => town.store.close());

  it('remove takes beads out, and leaves their work as it is', async () => {
    const { id } = await create({ launch: true });
    assert.equal((await town.call(ConvoyRemove.spec, { id, beads: [one] })).total, 1);
    assert.deepEqual(town.begun(), [two]);
    assert.equal(town.get(one).status, 'open');
    await refused(town.call(ConvoyRemove.spec, { id, beads: [one] }), /does not track/, 'not-found');
    await refused(town.call(ConvoyRemove.spec, { id: one, beads: [two] }), /is not a convoy/, 'not-found');
    await refused(town.call(ConvoyRemove.spec, { id, beads: [two] }, rust), /under way/, 'refused');
    assert.deepEqual(trackedIds(town.get(id)), [two]);
    await town.store.batch(ann, (tx) => tx.delete(two));
    assert.deepEqual(trackedIds(town.get(id)), []);
  });

  it('rename gives another name', async () => {
    const { id } = await create();
    assert.equal((await town.call(ConvoyRename.spec, { id, title: ' Login ' })).title, 'Login');
    await refused(town.call(ConvoyRename.spec, { id, title: ' ' }), /needs a name/);
    assert.equal((await town.call(ConvoyRename.spec, { id, title: 'By an agent' }, rust)).title, 'By an agent');
    assert.equal(town.get(id).title, 'By an agent');
  });

  it('pause starts nothing new, says so, and ends with resume', async () => {
    const { id } = await create({ launch: true });
    await town.update(two, { status: 'hooked', assignee: 'lib/polecats/nux' });
    const paused = await town.call(ConvoyPause.spec, { id, reason: ' the API changes ' });
    assert.equal(paused.paused, true);
    const status = await town.call(ConvoyGet.spec, { id });
    assert.deepEqual(status.pause, { by: 'ann', at: '2026-03-01T12:00:00.000Z', reason: 'the API changes' });
    assert.deepEqual(town.begun(), []);
    const reason = { kind: 'convoy-paused', convoy: { id, title: 'Both', status: 'open' } };
    assert.deepEqual(town.whyNots().of(town.get(one)), [reason]);
    assert.deepEqual(town.whyNots().of(town.get(two)), [], 'what is in work goes on');
    assert.deepEqual(strandedConvoys(town.store, town.whyNots()), []);
    await town.close(two);
    const [stranded] = strandedConvoys(town.store, town.whyNots());
    assert.deepEqual([stranded?.kind, stranded?.reasons], ['stuck', [`${one}: its convoy ${id} is paused`]]);
    assert.deepEqual(
      (await town.sling(one)).map(({ pausedBy }) => pausedBy),
      [id],
    );
    assert.deepEqual(town.begun(), [], 'a sling does not get around it');
    const resumed = await town.call(ConvoyResume.spec, { id });
    assert.equal(resumed.paused, undefined);
    assert.deepEqual(town.begun(), [one]);
    await refused(town.call(ConvoyResume.spec, { id }), /is not paused/, 'conflict');
  });

  it('a bead that another launched convoy tracks starts in spite of the pause', async () => {
    const { id } = await create({ launch: true });
    await town.call(ConvoyCreate.spec, { title: 'Other', beads: [one], launch: true });
    await town.call(ConvoyPause.spec, { id });
    assert.deepEqual(town.begun(), [one]);
  });

  it('a pause that comes between the decision and the hook holds the bead', async () => {
    const engine = await EngineTown.open();
    const bead = await engine.create();
    await engine.create(
      { type: 'convoy', metadata: { convoy: { launched_at: 'x', paused: { by: 'ann', at: 'x' } } } },
      'hq',
    );
    const [convoy] = engine.store.list({ type: ['convoy'], limit: 0 });
    await engine.store.batch(ann, (tx) => tx.addDependency(convoy!.id, bead.id, 'tracks'));
    const action = { type: 'hook', bead: bead.id, rig: 'toy', name: 'rust', revision: bead.updated_at } as const;
    await assert.rejects(hook(action, engine.context), /was paused/);
    assert.equal(engine.bead(bead.id).status, 'open');
    void engine.store.close();
  });

  it('only what is open is paused, and only by a person', async () => {
    const { id } = await create({ stage: true });
    await refused(town.call(ConvoyPause.spec, { id }), /is staged/, 'conflict');
    const other = await create();
    await refused(town.call(ConvoyPause.spec, { id: other.id }, rust), /an agent may not pause/, 'refused');
    await town.call(ConvoyPause.spec, { id: other.id });
    await refused(town.call(ConvoyResume.spec, { id: other.id }, rust), /an agent may not resume/, 'refused');
    await town.call(ConvoyClose.spec, { id: other.id });
    await refused(town.call(ConvoyPause.spec, { id: other.id }), /is closed/, 'conflict');
    assert.equal(convoyOf(town.get(other.id)).paused, undefined, 'a closed one is not paused');
  });

  it('close ends it with a reason, says what goes on, and tells those who watch it', async () => {
    const { id } = await create({ launch: true, notify: ['ann'] });
    await town.update(two, { status: 'hooked', assignee: 'lib/polecats/nux' });
    const end = await town.call(ConvoyClose.spec, { id, reason: 'not needed' });
    assert.deepEqual([end.status, end.running, end.waiting, end.cancelled], ['closed', [two], [one], 'not needed']);
    assert.deepEqual([town.get(two).status, town.get(one).status], ['hooked', 'open']);
    assert.deepEqual(town.begun(), []);
    assert.deepEqual(town.mail('ann'), [
      {
        subject: `🚚 Convoy Closed: Both (${id})`,
        body: `Closed by ann: not needed\n\nIssues (2):\n  ○ ${one}: One\n  ○ ${two}: Two\n\nDuration: 0s`,
      },
    ]);
    await refused(town.call(ConvoyClose.spec, { id }), /is closed/, 'conflict');
    const again = await town.call(ConvoyAdd.spec, { id, beads: [await town.bead('Three')] });
    assert.deepEqual([again.status, again.cancelled], ['open', undefined]);
  });

  it('close takes a plan back, also an agent its own', async () => {
    const { id } = await create({ stage: true });
    assert.equal((await town.call(ConvoyClose.spec, { id }, rust)).status, 'closed');
    const launched = await create({ launch: true });
    await refused(town.call(ConvoyClose.spec, { id: launched.id }, rust), /under way/, 'refused');
  });

  it('land is for owned ones: when all is closed, or by force', async () => {
    const plain = await create();
    await refused(town.call(ConvoyLand.spec, { id: plain.id }), /lands automatically/, 'conflict');
    const owned = await create({ owned: true, notify: ['ann'] });
    await refused(town.call(ConvoyLand.spec, { id: owned.id }), new RegExp(`open beads: ${one}, ${two}`), 'conflict');
    await refused(town.call(ConvoyLand.spec, { id: owned.id, force: true }, rust), /may not land/, 'refused');
    const dry = await town.call(ConvoyLand.spec, { id: owned.id, force: true, dryRun: true });
    assert.deepEqual([dry.waiting, town.get(owned.id).status], [[one, two], 'open']);
    const forced = await town.call(ConvoyLand.spec, { id: owned.id, force: true });
    assert.equal(forced.status, 'closed');
    assert.match(town.mail('ann')[0]!.body, new RegExp(`○ ${one}: One`));
    await refused(town.call(ConvoyLand.spec, { id: owned.id }), /is closed/, 'conflict');
    const second = await create({ owned: true });
    await town.close(one, two);
    assert.equal((await town.call(ConvoyLand.spec, { id: second.id })).status, 'closed');
    const empty = await town.call(ConvoyCreate.spec, { title: 'Empty', owned: true });
    await refused(town.call(ConvoyLand.spec, { id: empty.id }), /tracks no beads/, 'conflict');
    const staged = await create({ owned: true, stage: true });
    await refused(town.call(ConvoyLand.spec, { id: staged.id }), /is staged/, 'conflict');
  });

  it('check lands what is done, without the engine', async () => {
    const done = await create({ notify: ['ann'] });
    const owned = await create({ owned: true });
    const open = await town.call(ConvoyCreate.spec, { title: 'Open', beads: [await town.bead('Three')] });
    assert.deepEqual(await town.call(ConvoyCheck.spec, {}), []);
    await town.close(one, two);
    const ids = async (params: { id?: string; dryRun?: boolean }) =>
      (await town.call(ConvoyCheck.spec, params)).map(({ id }) => id);
    assert.deepEqual(await ids({ dryRun: true }), [done.id]);
    assert.equal(town.get(done.id).status, 'open');
    assert.deepEqual(await ids({ id: open.id }), []);
    assert.deepEqual(await ids({ id: owned.id }), []);
    assert.deepEqual(await ids({}), [done.id]);
    assert.deepEqual(await ids({}), []);
    assert.equal(town.mail('ann').length, 1);
    await refused(town.call(ConvoyCheck.spec, { id: one }), /is not a convoy/, 'not-found');
  });

  it('watch and unwatch change who is told', async () => {
    const { id } = await create();
    const watchers = async () => (await town.call(ConvoyGet.spec, { id })).notify;
    await town.call(ConvoyWatch.spec, { id });
    await town.call(ConvoyWatch.spec, { id });
    await town.call(ConvoyWatch.spec, { id, address: 'mayor/' });
    await town.call(ConvoyWatch.spec, { id }, rust);
    assert.deepEqual(await watchers(), ['ann', 'mayor', 'toy/polecats/rust']);
    await refused(town.call(ConvoyWatch.spec, { id, address: 'toy/nux' }), /no crew member or polecat nux/);
    await refused(town.call(ConvoyWatch.spec, { id, address: 'mayor/' }, rust), /its own subscription/, 'refused');
    await refused(town.call(ConvoyUnwatch.spec, { id, address: 'mayor/' }, rust), /its own subscription/, 'refused');
    await town.call(ConvoyUnwatch.spec, { id, address: 'mayor' });
    await town.call(ConvoyUnwatch.spec, { id }, rust);
    await refused(town.call(ConvoyUnwatch.spec, { id, address: 'Bob' }), /Bob does not watch/, 'not-found');
    assert.deepEqual(await watchers(), ['ann']);
    await town.call(ConvoyUnwatch.spec, { id });
    assert.deepEqual(await watchers(), []);
    await town.call(ConvoyClose.spec, { id });
    await refused(town.call(ConvoyWatch.spec, { id }), /is closed/, 'conflict');
  });

  it('are told in their terminals where agents want that', async () => {
    const { id } = await create({ launch: true });
    const nudged = async () => (await town.call(ConvoyGet.spec, { id })).nudge;
    await town.call(ConvoyWatch.spec, { id }, rust);
    assert.equal(await nudged(), undefined);
    await town.call(ConvoyWatch.spec, { id, nudge: true }, rust);
    await town.call(ConvoyWatch.spec, { id, address: 'toy/joe', nudge: true });
    await refused(town.call(ConvoyWatch.spec, { id, nudge: true }), /ann has no terminal/);
    assert.deepEqual(await nudged(), ['toy/polecats/rust', 'toy/crew/joe']);
    await town.call(ConvoyUnwatch.spec, { id, address: 'toy/joe' });
    await town.call(ConvoyWatch.spec, { id, address: 'mayor/', nudge: true });
    const typed: string[] = [];
    const session = (agent: string, more: object = {}) => ({ id: `s-${agent}`, agent, ...more });
    const sessions = {
      all: () => [session('mayor'), session('toy/polecats/rust', { exit: {} }), session('toy/crew/joe')] as never,
      takesNudges: () => true,
      nudge: async (to: string, text: string) => void typed.push(`${to} ${text}`),
    };
    nudgeWatchers(town.store, sessions, { type: 'convoy_closed', convoy: id });
    nudgeWatchers(town.store, sessions, { type: 'convoy_landed', convoy: id });
    assert.deepEqual(typed, [`s-mayor Convoy ${id} has landed: Both. See "gt mail inbox".`]);
  });

  it('a server has nothing to do for a convoy that is paused', async () => {
    const { id } = await create({ launch: true });
    assert.equal(hasWork(town.view()), true);
    await town.call(ConvoyPause.spec, { id });
    assert.equal(hasWork(town.view()), false);
  });
});
