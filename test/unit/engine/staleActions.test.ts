import assert from 'node:assert/strict';
import type { Action } from '../../../server/src/engine/loop/action';
import { StaleAction } from '../../../server/src/engine/loop/context';
import { execute } from '../../../server/src/engine/loop/execute';
import { ask } from '../../../server/src/engine/mayor/mayor';
import { EngineTown } from './engineTown';

const OLD = '2020-01-01T00:00:00Z';
const waiting = { state: 'waiting' as const, patch: 'patch', commit: 'candidate', base: 'base', reviewers: {} };
const exit = { kind: 'killed' as const, code: null };
const limits = { maxAttempts: 3, maxRestarts: 3, maxReviewRounds: 3 };

/** Every action that names the revision that it was decided on. `subject` is the bead of that revision. */
const cases: Record<string, (town: EngineTown) => Promise<{ subject: string; action: Action }>> = {
  hook: async (town) => {
    const { id } = await town.create();
    return { subject: id, action: { type: 'hook', bead: id, rig: 'toy', name: 'rust', revision: OLD } };
  },
  'start-session': async (town) => {
    const { id } = await town.hooked();
    return { subject: id, action: { type: 'start-session', bead: id, rig: 'toy', name: 'rust', revision: OLD } };
  },
  'record-death': async (town) => {
    const { id } = await town.hooked();
    return { subject: id, action: { type: 'record-death', bead: id, session: 's1', exit, revision: OLD, ...limits } };
  },
  resubmit: async (town) => {
    const { id } = await town.hooked({}, 'in_review');
    return { subject: id, action: { type: 'resubmit', bead: id, revision: OLD } };
  },
  'handle-stall': async (town) => {
    const { id } = await town.hooked();
    const agent = 'toy/polecats/rust';
    return { subject: id, action: { type: 'handle-stall', bead: id, rig: 'toy', session: 's1', agent, revision: OLD } };
  },
  merge: async (town) => {
    const { request } = await town.submitted();
    const requests = [{ mergeRequest: request, revision: OLD }];
    return { subject: request, action: { type: 'merge', rig: 'toy', requests, maxBatch: 16, ...limits } };
  },
  'request-review': async (town) => {
    const { request } = await town.submitted();
    const action = { type: 'request-review' as const, mergeRequest: request, rig: 'toy', revision: OLD, ...limits };
    return { subject: request, action };
  },
  'review-by-script': async (town) => {
    const { request } = await town.submitted({ review: waiting });
    const action = { type: 'review-by-script' as const, mergeRequest: request, rig: 'toy', revision: OLD, ...limits };
    return { subject: request, action };
  },
  'review-by-agent': async (town) => {
    const { request } = await town.submitted({ review: waiting });
    return {
      subject: request,
      action: { type: 'review-by-agent', mergeRequest: request, rig: 'toy', reviewer: 'agent', revision: OLD },
    };
  },
  'record-review-timeout': async (town) => {
    const { request } = await town.submitted({ review: waiting });
    const problem = 'gave no answer';
    const rest = { session: 's1', problem, stopped: false, revision: OLD };
    return {
      subject: request,
      action: { type: 'record-review-timeout', mergeRequest: request, rig: 'toy', reviewer: 'agent', ...rest },
    };
  },
  'start-mayor': async (town) => {
    const { id } = await town.store.batch({ actor: 'ann' }, (tx) => ask(tx, 'ann', 'plan this'));
    return { subject: id, action: { type: 'start-mayor', item: id, revision: OLD, runtime: 'claude' } };
  },
  'record-mayor': async (town) => {
    const { id } = await town.store.batch({ actor: 'ann' }, (tx) => ask(tx, 'ann', 'plan this'));
    const rest = { session: 's1', problem: 'silent', held: false, runtime: 'claude' };
    return { subject: id, action: { type: 'record-mayor', item: id, revision: OLD, ...rest } };
  },
  'land-convoy': async (town) => {
    const bead = await town.create();
    const convoy = await town.create({ type: 'convoy' }, 'hq');
    await town.store.batch({ actor: 'ann' }, (tx) => tx.addDependency(convoy.id, bead.id, 'tracks'));
    await town.close(bead.id);
    return { subject: convoy.id, action: { type: 'land-convoy', convoy: convoy.id, revision: OLD } };
  },
  'open-gate': async (town) => {
    const { id } = await town.create({ type: 'gate' });
    return { subject: id, action: { type: 'open-gate', gate: id, revision: OLD } };
  },
};

describe('an action whose bead has changed since it was decided on', () => {
  let town: EngineTown;
  beforeEach(async () => {
    town = await EngineTown.open();
  });
  afterEach(() => town.store.close());

  for (const [type, prepare] of Object.entries(cases))
    it(`is refused and writes nothing: ${type}`, async () => {
      const { subject, action } = await prepare(town);
      const before = [town.bead(subject), town.store.revision];
      await assert.rejects(execute(action, town.context), StaleAction);
      assert.deepEqual([town.bead(subject), town.store.revision], before);
    });

  for (const [type, prepare] of Object.entries(cases))
    it(`is carried out where it has not: ${type}`, async () => {
      const { subject, action } = await prepare(town);
      const { revision } = town.store;
      const current = town.bead(subject).updated_at;
      const seen =
        action.type === 'merge'
          ? { ...action, requests: [{ mergeRequest: subject, revision: current }] }
          : ({ ...action, revision: current } as Action);
      await execute(seen, town.context);
      assert.ok(town.store.revision > revision || town.calls.includes('start'), 'it has done something');
    });
});
