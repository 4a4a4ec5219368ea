import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import { startSession } from '../../../server/src/engine/dispatch/startSession';
import { StaleAction } from '../../../server/src/engine/loop/context';
import { withWork } from '../../../server/src/engine/state/work';
import { EngineTown, RUST, unavailable } from './engineTown';

const refusal = (code?: 'consent' | 'conflict'): UserError => new UserError('it cannot be started', 'install it', code);

describe('the start of a session', () => {
  let town: EngineTown;
  let id: string;
  const start = (revision = town.bead(id).updated_at): Promise<void> =>
    startSession({ type: 'start-session', bead: id, rig: 'toy', name: 'rust', revision }, town.context);

  beforeEach(async () => {
    town = await EngineTown.open();
    ({ id } = await town.hooked());
  });
  afterEach(() => town.store.close());

  it('makes the worktree, writes down where it begins, then starts the agent', async () => {
    const requests: unknown[] = [];
    town.host.start = async (request) => {
      requests.push([request, town.bead(id).status, town.work(id).base]);
    };
    await start();
    assert.deepEqual(requests, [
      [
        { agent: RUST, bead: id, runtime: 'claude', model: undefined, attempt: 1, resume: false },
        'in_progress',
        'base',
      ],
    ]);
    assert.deepEqual(town.calls, ['worktree']);
  });

  it('resumes what was in progress, with the runtime that the bead was slung with', async () => {
    const slung = { rig: 'toy', by: 'ann', at: '2026-01-01T00:00:00Z', runtime: 'codex', model: 'large' };
    ({ id } = await town.hooked({ slung, attempt: 2 }, 'in_progress'));
    town.host.start = async ({ runtime, model, attempt, resume }) =>
      void town.calls.push(`${runtime} ${model} ${attempt} ${resume}`);
    await start();
    assert.deepEqual(town.calls, ['worktree', 'codex large 2 true']);
  });

  it('is dropped where the bead has changed before it or while the worktree was made', async () => {
    await assert.rejects(start('2020-01-01T00:00:00Z'), StaleAction);
    assert.deepEqual(town.calls, []);
    town.rig.prepareWorktree = async () => {
      await town.update(id, { priority: 0 });
      return { base: 'base' };
    };
    await assert.rejects(start(), StaleAction);
    assert.deepEqual([town.bead(id).status, town.calls], ['hooked', []]);
  });

  it('stops short of the agent where a person stopped the work meanwhile', async () => {
    const hold = () =>
      town.store.batch({ actor: 'ann' }, (tx) => tx.update(id, { metadata: withWork(tx.require(id), { held: true }) }));
    town.host.start = async () => {
      town.calls.push('start');
      await hold();
    };
    await start();
    assert.deepEqual(town.calls, ['worktree', 'start', 'end'], 'what was just started is ended');
  });

  it('waits and is tried again where something is away, a bounded number of times', async () => {
    town.rig.prepareWorktree = unavailable;
    for (let failures = 1; failures <= 8; failures += 1) {
      await start();
      const { startFailures, problem, notBefore } = town.work(id);
      assert.deepEqual([town.bead(id).status, startFailures, problem], ['hooked', failures, 'the network is away']);
      assert.ok(Date.parse(notBefore ?? '') > town.service.now.value);
    }
    assert.deepEqual(town.escalations, []);
    await start();
    assert.deepEqual([town.bead(id).status, town.work(id).attempt], ['failed', 1]);
    assert.match(town.escalations.join(), /failed: the network is away/);
  });

  it('forgets earlier failures once it succeeds', async () => {
    town.rig.prepareWorktree = unavailable;
    await start();
    delete town.rig.prepareWorktree;
    await start();
    assert.deepEqual([town.bead(id).status, town.work(id).startFailures], ['in_progress', 0]);
  });

  it('fails at once, with what to do, where trying again would not help', async () => {
    town.host.start = () => Promise.reject(refusal());
    await start();
    assert.deepEqual([town.bead(id).status, town.work(id).feedback], ['failed', 'it cannot be started\ninstall it']);
    assert.equal(town.escalations.length, 1);
  });

  it('waits for a person where a folder needs a hand, asks once, and asks no more once it has started', async () => {
    town.host.start = () => Promise.reject(refusal('conflict'));
    await start();
    await start();
    assert.deepEqual(
      [town.bead(id).status, town.work(id).startFailures, town.escalations],
      ['hooked', 0, ['toy cannot start work: it cannot be started']],
    );
    delete town.host.start;
    await start();
    assert.deepEqual([town.bead(id).status, town.escalations], ['in_progress', []]);
  });

  it('waits without counting where a person has to agree first', async () => {
    town.host.start = () => Promise.reject(refusal('consent'));
    await assert.rejects(start(), StaleAction);
    assert.deepEqual([town.work(id).startFailures, town.escalations], [0, []]);
  });

  it('leaves a bead alone that was closed while its start failed', async () => {
    for (const fail of [
      unavailable,
      ...(['conflict', undefined] as const).map((code) => () => Promise.reject(refusal(code))),
    ]) {
      ({ id } = await town.hooked());
      town.rig.prepareWorktree = async () => {
        await town.close(id);
        return fail();
      };
      await assert.rejects(start(), StaleAction);
      assert.deepEqual([town.bead(id).status, town.escalations], ['closed', []]);
    }
    delete town.rig.prepareWorktree;
    ({ id } = await town.hooked());
    town.host.start = async () => {
      await town.close(id);
      return unavailable();
    };
    await assert.rejects(start(), StaleAction);
    assert.equal(town.bead(id).status, 'closed');
  });

  it('that fails after the bead was marked as in progress is counted too', async () => {
    town.host.start = unavailable;
    await start();
    assert.deepEqual([town.bead(id).status, town.work(id).startFailures], ['hooked', 1]);
  });

  it('is a defect that the engine reports where something else is thrown', async () => {
    town.rig.prepareWorktree = () => Promise.reject(new TypeError('x is not a function'));
    await assert.rejects(start(), TypeError);
    assert.deepEqual([town.bead(id).status, town.work(id).startFailures], ['hooked', 0]);
  });
});
