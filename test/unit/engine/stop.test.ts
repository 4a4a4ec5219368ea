import assert from 'node:assert/strict';
import { done } from '../../../server/src/engine/dispatch/done';
import { releaseHeld, stopWork } from '../../../server/src/engine/dispatch/stop';
import { attachMolecule } from '../../../server/src/engine/molecules/molecules';
import { closeStep, graphOf } from '../../../server/src/formulas/pour/molecule';
import { openStepsOf } from '../../../server/src/engine/molecules/openSteps';
import { withWork } from '../../../server/src/engine/state/work';
import { cooked, workflow } from '../formulas/samples';
import { EngineTown, RUST } from './engineTown';

const gate = '[[steps]]\nid = "b"\ntitle = "Do b"\nneeds = ["a"]\ngate = { type = "human", id = "ann" }\n';
const agent = { actor: RUST, kind: 'agent' as const, agent: RUST };

describe('work that waits', () => {
  let town: EngineTown;
  let id: string;
  const slung = async (steps: string[], more = ''): Promise<void> => {
    ({ id } = await town.hooked({}, 'in_progress'));
    await town.store.batch({ actor: 'deacon' }, (tx) => {
      const molecule = attachMolecule(tx, tx.require(id), 'toy', cooked({ work: workflow('work', steps, more) }));
      tx.update(id, { metadata: withWork(tx.require(id), { molecule }) });
    });
  };
  const steps = () => openStepsOf(graphOf(town.store), town.bead(id))!;
  const close = (step: string, by: 'agent' | 'person' = 'agent') =>
    town.store.batch(by === 'agent' ? agent : { actor: 'ann' }, (tx) =>
      closeStep(tx, step, { reason: 'done', force: true, auto: false, actor: RUST }),
    );
  const defer = () => done(town.context, agent, { status: 'deferred', message: 'the gate is closed' });

  beforeEach(async () => {
    town = await EngineTown.open();
  });
  afterEach(() => town.store.close());

  it('for a person goes on when the engine is started', async () => {
    ({ id } = await town.hooked({}, 'in_progress'));
    await stopWork(town.context, 'ann', { all: true });
    assert.deepEqual([town.work(id).held, town.work(id).problem], [true, 'stopped by a person']);
    await releaseHeld(town.context, 'ann');
    assert.deepEqual([town.work(id).held, town.work(id).problem], [undefined, undefined]);
  });

  it('for a gate goes on when that opens, also where a person stopped and started everything meanwhile', async () => {
    await slung(['a'], gate);
    await close(steps().open[0]!.issue.id);
    await defer();
    const { paused } = town.work(id);
    assert.deepEqual([paused?.status, paused?.mark], ['deferred', steps().mark]);
    await stopWork(town.context, 'ann', { all: true });
    await releaseHeld(town.context, 'ann');
    assert.deepEqual([town.work(id).held, town.work(id).paused], [undefined, paused]);
  });

  it('for a person, because its agent gave it up, does not go on with the engine', async () => {
    ({ id } = await town.hooked({}, 'in_progress'));
    await done(town.context, agent, { status: 'escalated', message: 'I cannot' });
    await releaseHeld(town.context, 'ann');
    assert.equal(town.work(id).held, true);
  });

  it('for a gate that opens just before its agent says so, and is killed, goes on at once, and not again and again', async () => {
    await slung(['a'], gate);
    const session = { id: 's1', agent: RUST, role: 'polecat' as const, rig: 'toy', name: 'rust', bead: id };
    const exit = { kind: 'killed' as const, code: null };
    town.sessions.push({ ...session, exit, startedAt: town.service.now.value });
    await close(steps().open[0]!.issue.id);
    town.service.now.value += 1_000;
    await close(steps().gates[0]!.id, 'person');
    await defer();
    assert.notEqual(town.work(id).paused?.mark, steps().mark);
    assert.deepEqual([town.work(id).paused?.mark, town.work(id).held], ['unseen', undefined]);
    town.service.now.value += 1_000;
    town.sessions[0] = { ...session, startedAt: town.service.now.value };
    await town.update(id, { status: 'in_progress' });
    await defer();
    assert.deepEqual([town.work(id).paused?.mark, town.work(id).held], [steps().mark, undefined]);
  });

  for (const left of [1, 0])
    it(`for a step that a person closes just before its agent says so goes on at once, with ${left} of 2 open`, async () => {
      await slung(['a', 'b']);
      town.sessions.push({
        ...{ id: 's1', agent: RUST, role: 'polecat', rig: 'toy', name: 'rust', bead: id },
        startedAt: town.service.now.value,
      });
      for (const { issue } of steps().open.slice(left)) await close(issue.id, 'person');
      await defer();
      assert.deepEqual([town.work(id).paused?.mark, town.work(id).held], ['unseen', undefined]);
    });

  const changes: [string, () => Promise<unknown>][] = [
    ['reopens', async () => town.store.batch({ actor: 'ann' }, (tx) => tx.reopen(closed))],
    [
      'adds',
      async () =>
        town.store.batch({ actor: 'ann' }, (tx) =>
          tx.create('toy', { title: 'One more', parent: rootOf(town.work(id)) }),
        ),
    ],
    [
      'edits',
      async () => town.store.batch({ actor: 'ann' }, (tx) => tx.update(steps().open[0]!.issue.id, { notes: 'do it' })),
    ],
  ];
  let closed: string;
  const rootOf = ({ molecule }: { molecule?: string | undefined }): string => molecule!;
  for (const [what, change] of changes)
    it(`for a step that a person ${what} just before its agent says so goes on at once, and not again and again`, async () => {
      await slung(['a', 'b', 'c']);
      const session = { id: 's1', agent: RUST, role: 'polecat' as const, rig: 'toy', name: 'rust', bead: id };
      town.sessions.push({ ...session, startedAt: town.service.now.value });
      closed = steps().open[0]!.issue.id;
      await close(closed);
      town.service.now.value += 1_000;
      await change();
      await defer();
      assert.deepEqual([town.work(id).paused?.mark, town.work(id).held], ['unseen', undefined]);
      town.service.now.value += 1_000;
      town.sessions[0] = { ...session, startedAt: town.service.now.value };
      await town.update(id, { status: 'in_progress' });
      await defer();
      assert.deepEqual([town.work(id).paused?.mark, town.work(id).held], [steps().mark, undefined]);
    });

  it('for a step that the engine marks as the one that its agent is at is not a change', async () => {
    await slung(['a'], gate);
    town.sessions.push({
      ...{ id: 's1', agent: RUST, role: 'polecat', rig: 'toy', name: 'rust', bead: id },
      startedAt: town.service.now.value,
    });
    town.service.now.value += 1_000;
    const [first] = steps().open;
    await town.store.batch({ actor: 'toy/witness' }, (tx) =>
      tx.update(first!.issue.id, { status: 'in_progress', assignee: RUST }),
    );
    await defer();
    assert.notEqual(town.work(id).paused?.mark, 'unseen');
  });

  it('for something else waits for a person, also where its agent has done every step', async () => {
    await slung(['a', 'b']);
    town.sessions.push({
      ...{ id: 's1', agent: RUST, role: 'polecat', rig: 'toy', name: 'rust', bead: id },
      startedAt: town.service.now.value,
    });
    for (const { issue } of steps().open) await close(issue.id);
    await defer();
    assert.deepEqual([town.work(id).paused?.mark, town.work(id).held], [undefined, true]);
  });

  it('for another branch of its molecule goes on with that', async () => {
    await slung(['a', 'x'], gate);
    await close(steps().open[0]!.issue.id);
    await defer();
    assert.deepEqual([town.work(id).paused?.mark, town.work(id).held], [steps().mark, undefined]);
  });
});
