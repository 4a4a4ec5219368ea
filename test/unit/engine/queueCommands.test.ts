import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import { mergeRequests, type QueueSources } from '../../../server/src/engine/mergeQueue/mergeRequests';
import { processQueue } from '../../../server/src/engine/mergeQueue/processQueue';
import { reorder } from '../../../server/src/engine/mergeQueue/reorder';
import { requestsIn } from '../../../server/src/engine/mergeQueue/requestIndex';
import { retryMerge } from '../../../server/src/engine/mergeQueue/retryMerge';
import { submitWork, workToSubmit } from '../../../server/src/engine/mergeQueue/submit';
import { giveVerdict } from '../../../server/src/engine/review/review';
import type { CallContext } from '../../../server/src/protocol/dispatcher';
import type { MqListFilter, MqReorder } from '../../../server/src/protocol/town';
import type { SessionView } from '../../../server/src/sessions/types';
import { BRANCH, EngineTown, RUST } from './engineTown';

const ann: CallContext = { actor: 'ann', kind: 'person' };

describe('what people do with the merge queue', () => {
  let town: EngineTown;
  beforeEach(async () => {
    town = await EngineTown.open();
    town.rig.submittable = async () => ({ commit: 'tip' });
  });
  afterEach(() => town.store.close());

  const sources = (): QueueSources => ({
    store: town.store,
    now: new Date(town.service.now.value),
    reviewSetting: () => town.review,
    filesOf: () => undefined,
    targetBranch: () => 'main',
  });
  const listed = (filter: MqListFilter = {}): string[] => mergeRequests(sources(), filter).map(({ id }) => id);
  const states = (filter: MqListFilter): string[] => mergeRequests(sources(), filter).map(({ state }) => state);
  const later = (): number => (town.service.now.value += 60_000);

  describe('the list', () => {
    it('has what is open in its order, and with all or by state also what has ended, the latest first', async () => {
      const waits = await town.submitted();
      later();
      const merged = await town.submitted({ ending: 'merged', landed: 'c1' });
      await town.close(merged.request);
      later();
      const closed = await town.submitted();
      await town.close(closed.request);
      const failed = await town.submitted();
      await town.update(failed.request, { status: 'failed' });
      assert.deepEqual(listed(), [waits.request, failed.request]);
      assert.deepEqual(states({ all: true }), ['queued', 'failed', 'withdrawn', 'merged']);
      assert.deepEqual(listed({ status: 'merged' }), [merged.request]);
      assert.deepEqual(listed({ status: 'failed' }), [failed.request]);
      assert.deepEqual([listed({ rig: 'lib', all: true }), listed({ worker: 'nux' })], [[], []]);
      assert.equal(listed({ worker: 'rust' }).length, 2);
      const info = mergeRequests(sources(), { status: 'merged' })[0];
      assert.deepEqual([info?.landed, info?.reason], ['c1', 'by hand']);
    });

    it('tells what could be merged now from what waits', async () => {
      town.review = 'person';
      const review = { patch: 'p', commit: 'c', base: 'b', reviewers: {} };
      const waiting = await town.submitted({ review: { ...review, state: 'waiting' } });
      const approved = await town.submitted({ review: { ...review, state: 'approved' } });
      const notBefore = new Date(town.service.now.value + 1_000).toISOString();
      const held = await town.submitted({ review: { ...review, state: 'approved' }, notBefore });
      assert.deepEqual(listed({ ready: true }), [approved.request]);
      assert.deepEqual(listed({ blocked: true }).sort(), [waiting.request, held.request].sort());
      later();
      assert.equal(listed({ ready: true }).length, 2);
    });

    it('knows of a request of an older version how it ended by its bead', async () => {
      const { request } = await town.submitted({ candidate: 'c1' }, { merged: 'c1' });
      await town.close(request);
      assert.deepEqual(states({ all: true }), ['merged']);
    });
  });

  describe('a retry', () => {
    it('queues what waits or was given up at once, and closes what people were asked about', async () => {
      const { bead, request } = await town.submitted({ retries: 3, notBefore: '2099-01-01T00:00:00Z' });
      await town.update(request, { status: 'failed' });
      await town.update(bead, { status: 'failed' });
      assert.deepEqual(await retryMerge(town.context, ann, bead), { mergeRequest: request, bead });
      const { retries, notBefore } = town.merge(request);
      assert.deepEqual(
        [town.bead(request).status, town.bead(bead).status, retries, notBefore],
        ['open', 'in_review', 0, undefined],
      );
    });

    it('submits what was sent back until its bead failed once more, with its approval', async () => {
      const review = { state: 'approved' as const, patch: 'p', commit: 'c', base: 'b', reviewers: {} };
      const { bead, request } = await town.submitted({ ending: 'rejected', review });
      await town.close(request);
      await town.update(bead, { status: 'failed' });
      const again = await retryMerge(town.context, ann, request);
      assert.notEqual(again.mergeRequest, request);
      const { commit, note, ending, review: kept } = town.merge(again.mergeRequest);
      assert.deepEqual([commit, note, ending, kept?.state], ['tip', 'Retried by ann', undefined, 'approved']);
      assert.equal(town.bead(bead).status, 'in_review');
    });

    it('is refused for what is merged, being merged, restarted, moved, or not there', async () => {
      const merged = await town.submitted({ ending: 'merged', landed: 'c1' });
      await town.close(merged.request);
      await assert.rejects(retryMerge(town.context, ann, merged.request), /is merged already/);
      const merging = await town.submitted();
      await town.update(merging.request, { status: 'in_progress' });
      await assert.rejects(retryMerge(town.context, ann, merging.bead), /is being merged right now/);
      const restarted = await town.submitted();
      await town.update(restarted.bead, { status: 'hooked' });
      await assert.rejects(retryMerge(town.context, ann, restarted.bead), /is no longer assigned to/);
      const sentBack = await town.submitted({ ending: 'rejected' });
      await town.close(sentBack.request);
      await assert.rejects(retryMerge(town.context, ann, sentBack.request), /its agent is working on it again/);
      await town.update(sentBack.bead, { status: 'failed' });
      town.rig.branchTip = async () => 'another';
      await assert.rejects(retryMerge(town.context, ann, sentBack.request), (error: UserError) => {
        assert.match(error.message, /has changed since it was submitted/);
        assert.match(error.hint ?? '', /gt mq submit --issue/);
        return true;
      });
      await assert.rejects(retryMerge(town.context, ann, 'nothing'), /there is no merge request nothing/);
    });
  });

  describe('a new place', () => {
    const move = (id: string, place: MqReorder.Params['place'], before?: string) =>
      reorder(town.context, ann, sources(), { id, place, before });

    it('lasts, whatever the scores become', async () => {
      const [a, b, c] = [await town.submitted(), await town.submitted(), await town.submitted()];
      await move(c.bead, 'first');
      await town.update(a.request, { priority: 0 });
      assert.deepEqual(
        listed(),
        [c, a, b].map(({ request }) => request),
      );
      await move(b.request, 'before', a.bead);
      assert.deepEqual(
        listed(),
        [c, b, a].map(({ request }) => request),
      );
      await move(c.request, 'last');
      assert.deepEqual(
        listed(),
        [b, a, c].map(({ request }) => request),
      );
    });

    it('is one in the queue of its rig, before another', async () => {
      const { bead, request } = await town.submitted();
      await assert.rejects(move(bead, 'before', request), /cannot come before itself/);
      const other = await town.submitted({ rig: 'lib' });
      await assert.rejects(move(bead, 'before', other.request), /is in the merge queue of lib, not of toy/);
      await assert.rejects(move('nothing', 'first'), /there is no open merge request nothing/);
      const merged = await town.submitted({ ending: 'merged', landed: 'c1'.repeat(20) });
      await town.close(merged.request);
      await assert.rejects(move(merged.bead, 'first'), /is merged already, as c1c1c1c1c1c1/);
    });
  });

  describe('a rejection', () => {
    const reject = (id: string, message?: string, caller = ann) =>
      giveVerdict(town.context, caller, id, { verdict: 'rejected', message });

    it('of a person needs no reason: its author is told to compare', async () => {
      const { bead, request } = await town.submitted();
      await reject(bead);
      assert.match(town.work(bead).feedback ?? '', /ann gave no reason. Compare the change/);
      assert.deepEqual([town.merge(request).ending, town.bead(bead).status], ['rejected', 'hooked']);
      const other = await town.submitted();
      await assert.rejects(reject(other.bead, ' '), /describe what has to change/);
    });

    it('sends back what was given up, too, and says what has landed', async () => {
      const { bead, request } = await town.submitted();
      await town.update(request, { status: 'failed' });
      await town.update(bead, { status: 'failed' });
      await reject(request, 'Another way');
      assert.equal(town.bead(request).status, 'closed');
      const merged = await town.submitted({ ending: 'merged', landed: 'c'.repeat(40) });
      await town.close(merged.request);
      await assert.rejects(reject(merged.request, 'no'), /is merged already, as cccccccccccc/);
    });
  });

  describe('a submission by a person', () => {
    const submit = async (named: Parameters<typeof workToSubmit>[1], more: { priority?: number } = {}) => {
      const { bead, agent } = workToSubmit(town.context, named);
      return submitWork(town.context, ann, { bead, agent, ...more });
    };

    it('is found by bead, branch or polecat, and checked as for gt done', async () => {
      const names = [(bead: string) => ({ bead }), () => ({ branch: BRANCH }), () => ({ agent: 'toy/rust' })];
      for (const name of names) {
        const { id } = await town.hooked({ held: true, problem: 'stopped' });
        const request = await submit(name(id), { priority: 0 });
        const { source, commit, worker } = town.merge(request);
        assert.deepEqual([source, commit, worker, town.bead(request).priority], [id, 'tip', RUST, 0]);
        assert.deepEqual([town.bead(id).status, town.work(id).held], ['in_review', undefined]);
        await town.close(request);
        await town.close(id);
      }
      const { id } = await town.hooked();
      town.rig.submittable = (_name, { authors }) => {
        assert.deepEqual(authors, [RUST, 'ann'], 'the person may have repaired it');
        return Promise.reject(new UserError('there are uncommitted changes', undefined, 'conflict'));
      };
      await assert.rejects(submit({ bead: id }), /there are uncommitted changes/);
      assert.deepEqual(requestsIn(town.store).of(id), []);
    });

    it('is possible once the bead has failed', async () => {
      const { id } = await town.hooked({}, 'failed');
      await submit({ bead: id });
      assert.equal(town.bead(id).status, 'in_review');
    });

    it('is refused where there is no such work, or it is in other hands', async () => {
      const open = await town.create();
      await assert.rejects(submit({ bead: open.id }), /there is no work of an agent on .* it is open/);
      const queued = await town.submitted();
      await assert.rejects(
        submit({ bead: queued.bead }),
        new RegExp(`in the merge queue already \\(${queued.request}\\)`),
      );
      await town.close(queued.bead);
      await assert.rejects(submit({ branch: 'feature' }), /is not a branch that an agent works on/);
      await assert.rejects(submit({ agent: 'toy/nux' }), /toy\/polecats\/nux has no work/);
      await assert.rejects(submit({}), /name the work to submit/);
      const { id } = await town.hooked();
      await assert.rejects(
        submit({ bead: id, agent: 'toy/nux' }),
        /is the work of toy\/polecats\/rust, not of toy\/nux/,
      );
      await assert.rejects(submit({ bead: id, branch: 'feature' }), /is on polecat\/rust\/one, not on feature/);
      town.sessions.push({ id: 's1', agent: RUST } as SessionView);
      await assert.rejects(submit({ bead: id }), /is working on .* and will submit it/);
    });

    it('is refused where the bead changes hands meanwhile', async () => {
      const { id } = await town.hooked();
      town.rig.submittable = async () => {
        await town.update(id, { assignee: 'toy/polecats/nux' });
        return { commit: 'tip' };
      };
      await assert.rejects(submit({ bead: id }), /is no longer on the hook of/);
    });
  });

  it('running the queue by hand gives what waits its next try, and says what has become of each', async () => {
    const [merged, waits] = [await town.submitted({ notBefore: '2099-01-01T00:00:00Z' }), await town.submitted()];
    const engine = {
      runNow: async () => {
        assert.equal(town.merge(merged.request).notBefore, undefined);
        await town.store.batch(ann, (tx) => {
          tx.update(merged.request, {
            metadata: { merge: { ...town.merge(merged.request), ending: 'merged', landed: 'c1' } },
          });
          tx.close(merged.request, 'Merged in c1', { force: true });
          const notBefore = new Date(town.service.now.value + 5_000).toISOString();
          tx.update(waits.request, { metadata: { merge: { ...town.merge(waits.request), notBefore } } });
          tx.event({ type: 'merge_postponed', bead: waits.bead, rig: 'toy', message: 'the network is away' });
        });
      },
    };
    const result = await processQueue({ context: town.context, engine, sources }, ann, 'toy');
    assert.deepEqual(
      // Both came at once: their order is that of their ids.
      result
        .map(({ bead, state, landed, reason }) => [bead, state, landed, reason])
        .sort((a) => (a[1] === 'merged' ? -1 : 1)),
      [
        [merged.bead, 'merged', 'c1', 'Merged in c1'],
        [waits.bead, 'queued', undefined, 'the network is away'],
      ],
    );
    assert.deepEqual(
      await processQueue({ context: town.context, engine: { runNow: async () => undefined }, sources }, ann, 'lib'),
      [],
    );
  });
});
