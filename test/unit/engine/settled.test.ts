import assert from 'node:assert/strict';
import { startSession } from '../../../server/src/engine/dispatch/startSession';
import { escalate, type Escalation } from '../../../server/src/engine/escalation/escalation';
import { closeSettled, settledEscalations } from '../../../server/src/engine/escalation/settled';
import type { Action } from '../../../server/src/engine/loop/action';
import { StaleAction } from '../../../server/src/engine/loop/context';
import { landingKey } from '../../../server/src/engine/mergeQueue/deferMerge';
import { reviewKey } from '../../../server/src/engine/review/conclude';
import { buildView } from '../../../server/src/engine/state/buildView';
import { crashLoopKey, SHORT_LIFE_MS } from '../../../server/src/engine/supervision/crashLoops';
import type { SessionView } from '../../../server/src/sessions/types';
import type { RigSettings } from '../../../server/src/town/config';
import { UserError } from '../../../server/src/base/errors';
import { EngineTown, RUST } from './engineTown';

const settings = {
  ...{
    max_workers: 1,
    worker_spawn_delay: 0,
    max_attempts: 3,
    max_restarts: 3,
    review: 'off',
    reviewers: [],
    review_timeout: 60,
  },
  ...{ max_review_rounds: 3, stall_after: 600, namepool: {}, merge_queue: { max_batch: 16, targets: {} } },
} as unknown as RigSettings;

describe('escalations whose cause is gone', () => {
  let town: EngineTown;
  let shortLives: number[];

  const actions = (): Extract<Action, { type: 'close-escalation' }>[] => {
    const { context } = town;
    const { store, sessions } = context;
    const view = buildView({
      store,
      sessions,
      up: false,
      now: new Date(town.service.now.value),
      awakeSince: 0,
      inFlight: new Set(),
      rigs: [
        {
          port: { ...context.rig('toy')!, pacing: { lastSpawnAt: 0, shortLives }, worktrees: () => [] },
          settings,
          accepted: true,
          unacceptedReviewers: [],
        },
      ],
      consented: () => true,
    });
    return settledEscalations(view).flatMap((action) => (action.type === 'close-escalation' ? [action] : []));
  };
  /** @returns reasons */
  const settle = async (): Promise<string[]> => {
    const due = actions();
    for (const action of due) await closeSettled(action, town.context);
    return due.map(({ reason }) => reason);
  };
  const raise = (cause: Partial<Escalation> & { key: string }): Promise<string> =>
    town.store.batch({ actor: 'deacon' }, (tx) => escalate(tx, { title: cause.key, detail: '', ...cause }));
  const failedStart = async (message = 'the folder is in the way'): Promise<string> => {
    const { id, updated_at: revision } = await town.hooked();
    town.rig.prepareWorktree = () => Promise.reject(new UserError(message, undefined, 'conflict'));
    await startSession({ type: 'start-session', bead: id, rig: 'toy', name: 'rust', revision }, town.context);
    return id;
  };

  beforeEach(async () => {
    town = await EngineTown.open();
    shortLives = [];
  });
  afterEach(() => town.store.close());

  it('about a start are closed with the last bead that waited for it', async () => {
    const [first, second] = [await failedStart(), await failedStart()];
    assert.equal(town.escalations.length, 1);
    assert.deepEqual(await settle(), []);
    await town.close(first);
    assert.deepEqual([await settle(), town.escalations.length], [[], 1]);
    await town.close(second);
    assert.deepEqual([await settle(), town.escalations], [['no bead waits for it'], []]);
  });

  it('about a start are closed when its bead waits for something else, or is off the hook', async () => {
    const bead = await failedStart('the folder is in the way');
    await startSession(
      { type: 'start-session', bead, rig: 'toy', name: 'rust', revision: town.bead(bead).updated_at },
      { ...town.context, rig: () => undefined },
    );
    assert.equal(town.bead(bead).status, 'failed');
    assert.deepEqual(await settle(), ['no bead waits for it']);
    const other = await failedStart('another reason');
    await town.update(other, { status: 'open', assignee: undefined });
    assert.deepEqual(await settle(), ['no bead waits for it']);
  });

  for (const [what, key, status] of [
    ['a failure', (bead: string) => bead, 'failed'],
    ['silence', (bead: string) => `silent-${bead}`, 'in_progress'],
    ['an action that keeps failing', (bead: string) => `bead:${bead}`, 'hooked'],
  ] as const)
    for (const end of ['close', 'delete'] as const)
      it(`about ${what} are closed when their bead is ${end}d`, async () => {
        const { id } = await town.hooked({}, status);
        await raise({ key: key(id), ...(key(id).startsWith('bead:') ? {} : { bead: id, rig: 'toy', agent: RUST }) });
        assert.deepEqual(await settle(), []);
        if (end === 'close') await town.close(id);
        else await town.store.batch({ actor: 'ann' }, (tx) => tx.delete(id));
        assert.deepEqual([await settle(), town.escalations], [[`${id} is closed`], []]);
      });

  it('about a merge or a review are closed when the source is closed', async () => {
    const { bead, request } = await town.submitted();
    await raise({ key: request, bead, rig: 'toy' });
    await raise({ key: reviewKey(request), bead, rig: 'toy' });
    assert.deepEqual(await settle(), []);
    await town.close(bead);
    assert.deepEqual([await settle(), town.escalations], [[`${bead} is closed`, `${bead} is closed`], []]);
  });

  it('about a rig that cannot merge are closed when nothing waits to be merged', async () => {
    const { request } = await town.submitted();
    await raise({ key: landingKey('toy'), rig: 'toy' });
    assert.deepEqual(await settle(), []);
    await town.close(request);
    assert.deepEqual([await settle(), town.escalations], [['nothing waits to be merged'], []]);
  });

  describe('of a crash loop', () => {
    const polecat = (startedAt: number, more: Partial<SessionView> = {}): SessionView => ({
      ...{ id: 's', agent: RUST, role: 'polecat', rig: 'toy', name: 'rust', startedAt },
      ...more,
    });
    beforeEach(async () => {
      await raise({ key: crashLoopKey('toy'), rig: 'toy' });
      town.service.now.value += 1_000;
    });

    it('stay while it goes on, also where no agent has work', async () => {
      shortLives = Array.from({ length: 20 }, () => town.service.now.value);
      assert.deepEqual(await settle(), []);
    });

    it('are closed when no agent of the rig has work', async () => {
      const { id } = await town.hooked();
      assert.deepEqual(await settle(), [], 'the next agents may exit too');
      await town.close(id);
      assert.deepEqual(await settle(), ['no agent of toy has work']);
    });

    it('are closed when an agent that was started since has lived on', async () => {
      await town.hooked();
      const started = town.service.now.value;
      town.sessions.push(polecat(started - 60_000), polecat(started, { exit: { kind: 'exited', code: 1 } }));
      town.service.now.value += SHORT_LIFE_MS - 1;
      assert.deepEqual(await settle(), []);
      town.sessions.push(polecat(started));
      assert.deepEqual(await settle(), []);
      town.service.now.value += 1;
      assert.deepEqual(await settle(), [`${RUST} is running`]);
    });
  });

  it('stay where a person or an agent said something, where the bead is not known, and where the cause is another', async () => {
    const { id } = await town.hooked();
    await raise({ key: 'said-1', bead: id, by: RUST });
    await raise({ key: 'toy-unknown', bead: 'toy-unknown' });
    await raise({ key: 'merge:toy' });
    await raise({ key: 'mayor-silent', agent: 'mayor' });
    await town.close(id);
    assert.deepEqual([await settle(), town.escalations.length], [[], 4]);
  });

  it('are left to the next look where they have changed meanwhile', async () => {
    const bead = await failedStart();
    await town.close(bead);
    const [action] = actions();
    await town.update(action!.escalation, { priority: 0 });
    await assert.rejects(closeSettled(action!, town.context), StaleAction);
    assert.deepEqual(await settle(), ['no bead waits for it']);
  });

  it('called for help by an agent that gave its bead up are closed with it', async () => {
    const { id } = await town.hooked();
    await raise({ key: id, bead: id, by: RUST });
    await town.close(id);
    assert.deepEqual(await settle(), [`${id} is closed`]);
  });
});
