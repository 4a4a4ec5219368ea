import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import { StaleAction, type EngineContext } from '../../../server/src/engine/loop/context';
import { execute } from '../../../server/src/engine/loop/execute';
import { takenIn } from '../../../server/src/engine/mergeQueue/takenRequests';
import { strandedMerges } from '../../../server/src/engine/mergeQueue/strandedMerges';
import { MERGE_REQUEST, mergeOf, type MergeRequest } from '../../../server/src/engine/state/work';
import { ann, ConvoyTestTown } from './convoyTown';
import { EngineTown } from './engineTown';

describe('the merge request of a bead that is closed by hand', () => {
  let town: ConvoyTestTown;
  let context: EngineContext;
  let bead: string;
  let request: string;
  let isAway: boolean;
  beforeEach(async () => {
    town = await ConvoyTestTown.open();
    const engine = await EngineTown.open();
    isAway = false;
    Object.assign(engine.rig, {
      hasLanded: async (commit: string) => {
        if (isAway) throw new UserError('the network is away', undefined, 'unavailable');
        return commit === 'landed';
      },
      pullRequests: {
        status: async () => ({ state: 'merged', mergeCommit: 'landed' }),
        removeBranch: async () => undefined,
      },
    });
    context = { ...engine.context, store: town.store };
    bead = await town.bead('One');
  });
  afterEach(() => town.store.close());

  async function submit(status: 'open' | 'failed', more: Partial<MergeRequest> = {}): Promise<void> {
    const merge = {
      source: bead,
      rig: 'toy',
      branch: 'b',
      commit: 'c',
      worker: 'toy/polecats/rust',
      retries: 0,
      ...more,
    };
    request = await town.store.batch(ann, (tx) => {
      tx.update(bead, { status: status === 'open' ? 'in_review' : 'failed', assignee: merge.worker });
      return tx.create('toy', { title: 'Merge', type: MERGE_REQUEST, status, metadata: { merge } }).id;
    });
  }

  const review = { state: 'waiting' as const, patch: 'p', commit: 'c', base: 'b', reviewers: {} };
  const close = () => town.store.batch(ann, (tx) => tx.close(bead, 'not needed', { force: true }));
  const found = () => strandedMerges(town.view());

  it('is withdrawn where it was given up, or waits for its review', async () => {
    for (const [status, more] of [
      ['failed', {}],
      ['open', { review }],
    ] as const) {
      bead = await town.bead(status);
      await submit(status, more);
      assert.deepEqual(found(), []);
      await close();
      takenIn(town.store).take([request]);
      assert.deepEqual(found(), [], 'it lands right now');
      takenIn(town.store).release([request]);
      const [action] = found();
      await execute(action!, context);
      const { status: ended, close_reason } = town.get(request);
      assert.deepEqual([ended, close_reason], ['closed', `${bead} was closed before its work was merged`]);
      await assert.rejects(execute(action!, context), StaleAction);
    }
  });

  it('is merged where its commit has landed', async () => {
    await submit('failed', { candidate: 'landed' });
    await close();
    await execute(found()[0]!, context);
    assert.deepEqual([mergeOf(town.get(request))?.ending, town.get(request).status], ['merged', 'closed']);
  });

  it('is merged where its pull request was', async () => {
    const pullRequest = {
      number: 1,
      url: 'u',
      branch: 'b',
      head: 'h',
      base: 'b',
      state: 'stale',
      seen: '',
      looks: 0,
    } as const;
    await submit('failed', { pullRequest });
    await close();
    await execute(found()[0]!, context);
    assert.deepEqual([mergeOf(town.get(request))?.landed, town.get(request).status], ['landed', 'closed']);
  });

  it('is tried again where the source is away', async () => {
    await submit('failed', { candidate: 'c1' });
    await close();
    isAway = true;
    await execute(found()[0]!, context);
    assert.equal(town.get(request).status, 'failed');
    assert.deepEqual(found(), [], 'after a while');
    isAway = false;
    town.service.now.value += 60_000;
    await execute(found()[0]!, context);
    assert.equal(town.get(request).status, 'closed');
  });

  it('stays where the bead is open again, and is left to the queue', async () => {
    await submit('failed');
    await close();
    const [action] = found();
    assert.deepEqual(strandedMerges({ ...town.view(), rigs: [] }), [], 'its rig is gone');
    await town.store.batch(ann, (tx) => tx.reopen(bead));
    await assert.rejects(execute(action!, context), StaleAction);
    await close();
    for (const merge of [{}, { review: { ...review, state: 'approved' as const } }]) {
      bead = await town.bead('Another');
      await submit('open', merge);
      await close();
      assert.ok(!JSON.stringify(found()).includes(request));
    }
  });
});
