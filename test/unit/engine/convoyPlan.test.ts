import assert from 'node:assert/strict';
import { trackedIds } from '../../../server/src/engine/state/work';
import { BeadBatch } from '../../../server/src/protocol/batch';
import { BeadUpdate } from '../../../server/src/protocol/bead';
import { ConvoyStage, type PlanFinding } from '../../../server/src/protocol/convoyPlan';
import { ConvoyAdd, ConvoyClose, ConvoyCreate, ConvoyGet, ConvoyLaunch } from '../../../server/src/protocol/town';
import { refused } from '../beads/service';
import { ann, ConvoyTestTown, rust } from './convoyTown';

const categories = (findings: readonly PlanFinding[]): string[] => findings.map(({ category }) => category);

describe('a plan of a convoy', () => {
  let town: ConvoyTestTown;

  const stage = (...ids: string[]) => town.call(ConvoyStage.spec, { ids });
  const convoys = (): number => town.store.list({ type: ['convoy'], all: true, limit: 0 }).length;

  beforeEach(async () => {
    town = await ConvoyTestTown.open();
  });
  afterEach(() => town.store.close());

  it('is staged in waves, with a tree and what each bead waits for', async () => {
    const a = await town.bead('First');
    const b = await town.bead('Second', { needs: [a] });
    const c = await town.bead('Third', { type: 'bug', needs: [a] });
    const plan = await stage(a, b, c);
    assert.deepEqual(
      [plan.status, plan.title, plan.restaged, plan.launched, plan.errors, plan.warnings],
      ['staged_ready', 'First and 2 more', false, false, [], []],
    );
    const [second, third] = [
      { id: b, title: 'Second', type: 'task', rig: 'toy', blocked_by: [a] },
      { id: c, title: 'Third', type: 'bug', rig: 'toy', blocked_by: [a] },
    ].sort((x, y) => x.id.localeCompare(y.id));
    assert.deepEqual(plan.waves, [
      { number: 1, tasks: [{ id: a, title: 'First', type: 'task', rig: 'toy' }] },
      { number: 2, tasks: [second, third] },
    ]);
    assert.deepEqual(
      plan.tree.map(({ id, rig, status }) => [id, rig, status]),
      [a, b, c].map((id) => [id, 'toy', 'open']),
    );
    assert.deepEqual(trackedIds(town.get(plan.convoy_id)), [a, b, c]);
    assert.deepEqual([town.get(plan.convoy_id).status, town.begun()], ['staged_ready', []]);
  });

  it('of an epic has its name, its tree, and says which beads are apart', async () => {
    const epic = await town.bead('Login', { type: 'epic' });
    const a = await town.bead('First');
    const b = await town.bead('Second', { needs: [a] });
    const c = await town.bead('Apart');
    for (const child of [a, b, c]) await town.store.batch(ann, (tx) => tx.setParent(child, epic));
    const plan = await stage(epic);
    assert.deepEqual([plan.title, plan.status, categories(plan.warnings)], ['Login', 'staged_warnings', ['orphan']]);
    assert.deepEqual(plan.warnings[0]?.bead_ids, [c]);
    assert.deepEqual(plan.tree[0]?.children?.map(({ id }) => id).sort(), [a, b, c].sort());
  });

  it('with errors is neither staged nor launched, and says how to repair it', async () => {
    const a = await town.bead('First');
    const b = await town.bead('Second', { needs: [a] });
    const c = await town.bead('Third', { needs: [b] });
    // Written by a pull: `bd dep add` makes no circle.
    await town.store.batch(ann, (tx) => {
      const edge = { ...tx.get(b)!.dependencies![0]!, issue_id: a, depends_on_id: b };
      tx.view.set('toy', { ...tx.get(a)!, dependencies: [edge] });
    });
    const nowhere = await town.bead('Nowhere', {}, 'hq');
    town.rigs.toy = { accepted: false, maxWorkers: 2 };
    town.missingRuntimes.set('toy', 'the command claude was not found on PATH');
    const plan = await stage(a, b, c, nowhere);
    assert.deepEqual(
      [plan.status, plan.convoy_id, categories(plan.errors), convoys()],
      ['error', '', ['cycle', 'no-rig', 'not-accepted', 'no-runtime'], 0],
    );
    assert.deepEqual(
      [...plan.errors[0]!.bead_ids].sort(),
      [a, b].sort(),
      'what only waits for the circle is not in it',
    );
    assert.match(plan.errors[0]!.suggested_fix!, new RegExp(`^bd dep remove (${a} ${b}|${b} ${a})$`));
    assert.deepEqual(
      plan.errors.slice(1).map(({ suggested_fix: fix }) => fix),
      [
        `gt sling ${nowhere} <rig>, or remove it from the convoy`,
        'gt rig accept toy',
        'install it, or choose another one: gt rig set toy agent=<runtime>',
      ],
    );
    await refused(town.call(ConvoyCreate.spec, { title: 'Circle', beads: [a, b], stage: true }), /wait for each other/);
    await refused(
      town.call(ConvoyCreate.spec, { title: 'Now', beads: [a, b], launch: true }),
      /wait for each other.*\n.*not accepted\n.*not found on PATH/,
      'conflict',
    );
    assert.equal(convoys(), 0);
  });

  it('is launched in spite of warnings by force, and never in spite of errors', async () => {
    const [a, b] = [await town.bead('First'), await town.bead('Second', {}, 'lib')];
    const { id, status } = await town.call(ConvoyCreate.spec, { title: 'Both', beads: [a, b], stage: true });
    assert.equal(status, 'staged_warnings');
    await refused(town.call(ConvoyLaunch.spec, { id }), /lands in several rigs/, 'conflict');
    town.rigs.lib = { accepted: false, maxWorkers: 1 };
    await refused(town.call(ConvoyLaunch.spec, { id, force: true }), /commands of lib are not accepted/, 'conflict');
    assert.deepEqual(categories((await town.call(ConvoyGet.spec, { id })).errors), ['not-accepted']);
    town.rigs.lib = { accepted: true, maxWorkers: 1 };
    await town.call(ConvoyLaunch.spec, { id, force: true });
    assert.deepEqual(town.begun().sort(), [a, b].sort());
    assert.deepEqual((await town.call(ConvoyGet.spec, { id })).warnings, [], 'it was launched all the same');
  });

  it('warns of what is worth a look', async () => {
    const outside = await town.bead('Outside');
    const waits = await town.bead('Waits', { needs: [outside] });
    const epic = await town.bead('Of another type', { type: 'event' });
    const many = await Promise.all([1, 2, 3, 4, 5].map((n) => town.bead(`Bead ${n}`)));
    town.rigs.toy = { accepted: true, maxWorkers: 2, blocked: 'its agents end as soon as they start' };
    const plan = await stage(waits, epic, ...many);
    assert.deepEqual(categories(plan.warnings), ['type', 'outside', 'blocked-rig', 'capacity']);
    assert.deepEqual(plan.gated, [{ id: waits, title: 'Waits', type: 'task', gated_by: [outside] }]);
    assert.match(plan.warnings[3]!.message, /^wave 1 has 7 beads/);
    for (const { suggested_fix: fix } of plan.warnings) assert.ok(fix);
  });

  it('five beads in a wave are not a warning, six are', async () => {
    const five = await Promise.all([1, 2, 3, 4, 5].map((n) => town.bead(`Bead ${n}`)));
    assert.deepEqual((await stage(...five)).warnings, []);
    assert.deepEqual(categories((await stage(...five, await town.bead('Bead 6'))).warnings), ['capacity']);
  });

  it('is checked again, and keeps its name and beads', async () => {
    const outside = await town.bead('Outside');
    const waits = await town.bead('Waits', { needs: [outside] });
    const first = await stage(waits);
    assert.equal(first.status, 'staged_warnings');
    await town.call(ConvoyAdd.spec, { id: first.convoy_id, beads: [outside] });
    const second = await stage(first.convoy_id);
    assert.deepEqual(
      [second.status, second.convoy_id, second.restaged, second.title],
      ['staged_ready', first.convoy_id, true, 'Waits'],
    );
    assert.equal(town.get(first.convoy_id).status, 'staged_ready');
    town.rigs.toy = { accepted: false, maxWorkers: 2 };
    const third = await stage(first.convoy_id);
    assert.deepEqual([third.status, third.convoy_id], ['error', first.convoy_id]);
    assert.equal(town.get(first.convoy_id).status, 'staged_ready', 'an error changes nothing');
  });

  it('is launched at once where that is asked for', async () => {
    const [a, b] = [await town.bead('First'), await town.bead('Second', {}, 'lib')];
    await refused(town.call(ConvoyStage.spec, { ids: [a, b], launch: true }), /lands in several rigs/, 'conflict');
    assert.equal(convoys(), 0, 'what is refused leaves nothing behind');
    await refused(town.call(ConvoyStage.spec, { ids: [a], launch: true }, rust), /an agent may not launch/, 'refused');
    const plan = await town.call(ConvoyStage.spec, { ids: [a, b], launch: true, force: true, title: 'Both' });
    assert.deepEqual([plan.launched, town.get(plan.convoy_id).status], [true, 'open']);
    assert.deepEqual(town.begun().sort(), [a, b].sort());
  });

  it('says what a paused engine keeps from starting, and only that', async () => {
    const bead = await town.bead('One');
    town.isUp = false;
    const planned = await stage(bead);
    assert.equal(planned.enginePaused, undefined, 'it starts nothing anyway');
    assert.equal((await town.call(ConvoyLaunch.spec, { id: planned.convoy_id })).enginePaused, true);
    assert.equal((await town.call(ConvoyGet.spec, { id: planned.convoy_id })).enginePaused, true);
    const [tracking, launched] = [
      { title: 'A', beads: [await town.bead('Two')] },
      { title: 'B', beads: [await town.bead('Three')], launch: true },
    ];
    assert.equal((await town.call(ConvoyCreate.spec, tracking)).enginePaused, undefined);
    assert.equal((await town.call(ConvoyCreate.spec, launched)).enginePaused, true);
    town.isUp = true;
    assert.equal((await town.call(ConvoyGet.spec, { id: planned.convoy_id })).enginePaused, undefined);
  });

  it('takes the statuses of a convoy one after the other, by whatever command', async () => {
    const bead = await town.bead('One');
    const { convoy_id: id } = await stage(bead);
    const update = (status: string) => town.call(BeadUpdate.spec, { ids: [id], status, ledger: 'hq' });
    for (const status of ['open', 'in_progress', 'deferred'])
      await refused(update(status), /cannot change from/, 'conflict');
    await refused(town.call(BeadUpdate.spec, { ids: [id], claim: true, ledger: 'hq' }), /to in_progress/);
    await town.call(ConvoyLaunch.spec, { id });
    for (const status of ['staged_ready', 'staged_warnings', 'blocked'])
      await refused(update(status), /cannot change from/, 'conflict');
    await refused(
      town.call(BeadBatch.spec, { operations: [{ op: 'update', id, fields: { status: 'staged_ready' } }] }),
      /to staged_ready/,
    );
    await refused(stage(id), /is open: only a convoy that has never been open can be staged/, 'conflict');
    await town.call(ConvoyClose.spec, { id });
    await refused(update('staged_ready'), /cannot change from/, 'conflict');
    await refused(stage(id), /is closed: only a convoy that has never been open can be staged/, 'conflict');
    await refused(stage(id, bead), /only one convoy can be staged/);
    const cancelled = (await stage(bead)).convoy_id;
    await town.call(ConvoyClose.spec, { id: cancelled });
    assert.equal(town.get(cancelled).status, 'closed');
    const empty = await town.call(ConvoyCreate.spec, { title: 'Empty', stage: true });
    await refused(stage(empty.id), /tracks no beads/, 'conflict');
    await refused(stage('toy-nope'), /no issue found/);
  });

  it('is forecast by the median of finished beads of the same rig and type', async () => {
    const minute = 60_000;
    const { now } = town.service;
    const finished = async (minutes: number, type = 'task', cost?: number) => {
      const started = { at: new Date(now.value).toISOString(), runtime: 'claude' };
      const bead = await town.bead(`Finished ${type}`, { type, metadata: { gastown: { merged: 'c', started } } });
      now.value += minutes * minute;
      await town.close(bead);
      if (cost !== undefined) town.costs.set(bead, cost);
    };
    for (const minutes of [10, 30, 200]) await finished(minutes);
    await finished(7, 'bug', 0.5);
    const a = await town.bead('First');
    const b = await town.bead('Second', { needs: [a] });
    const [c, d] = [await town.bead('Third', { needs: [a] }), await town.bead('Fourth', { needs: [a] })];
    const plan = await stage(a, b, c, d);
    // One, then two workers for three beads of 30 minutes each.
    assert.deepEqual(plan.forecast, { minutes: 90, samples: 3, unknown: [] });
    const chore = await town.bead('Chore', { type: 'chore' });
    const other = await town.bead('Elsewhere', {}, 'lib');
    assert.deepEqual((await stage(a, await town.bead('Bug', { type: 'bug', needs: [a] }), chore, other)).forecast, {
      minutes: 37,
      cost: 0.5,
      cost_unknown: 3,
      samples: 4,
      unknown: [chore, other],
    });
    assert.deepEqual((await stage(chore)).forecast, { samples: 0, unknown: [chore] });
  });
});
