import assert from 'node:assert/strict';
import { featureOf, FEATURE_LABEL, targetOf } from '../../../server/src/engine/convoys/feature';
import { endFeature } from '../../../server/src/engine/convoys/endFeature';
import { requestLanding } from '../../../server/src/engine/convoys/requestLanding';
import type { Action } from '../../../server/src/engine/loop/action';
import type { EngineContext } from '../../../server/src/engine/loop/context';
import type { RigPort } from '../../../server/src/engine/loop/ports';
import { reconcile } from '../../../server/src/engine/loop/reconcile';
import { recordCandidates } from '../../../server/src/engine/mergeQueue/candidate';
import { finishMerge } from '../../../server/src/engine/mergeQueue/finishMerge';
import { conflictFeedback, rejectWork } from '../../../server/src/engine/mergeQueue/rejectWork';
import { requestsIn } from '../../../server/src/engine/mergeQueue/requestIndex';
import { MERGE_REQUEST, mergeOf, trackedIds, workOf } from '../../../server/src/engine/state/work';
import { BeadBatch } from '../../../server/src/protocol/batch';
import { DependencyRemove } from '../../../server/src/protocol/dependency';
import { ConvoyAdd, ConvoyClose, ConvoyCreate, ConvoyLand, ConvoyRemove } from '../../../server/src/protocol/town';
import { refused } from '../beads/service';
import { ann, ConvoyTestTown } from './convoyTown';
import { EngineTown } from './engineTown';

const RUST = 'toy/polecats/rust';

describe('a convoy with a feature branch', () => {
  let town: ConvoyTestTown;
  let one: string;
  let two: string;
  let id: string;
  let branch: string;
  /** What the rig was asked for. */
  let dropped: [branch: string, landed: boolean][];
  const rig: Partial<RigPort> = {
    hasLanded: async (commit) => commit === 'landed before',
    featureTip: async () => 'tip',
    dropFeature: async (name, { landed }) => {
      dropped.push([name, landed]);
      return 'deleted';
    },
  };

  beforeEach(async () => {
    town = await ConvoyTestTown.open();
    dropped = [];
    one = await town.bead('One');
    two = await town.bead('Two', { needs: [one] });
    const convoy = await create();
    id = convoy.id;
    branch = `convoy/${id}`;
    assert.equal(convoy.feature?.branch, branch);
  });
  afterEach(() => town.store.close());

  const create = (params: { owned?: boolean; featureBranch?: boolean; beads?: string[] } = {}) =>
    town.call(ConvoyCreate.spec, { title: 'Both', beads: [one, two], launch: true, featureBranch: true, ...params });

  async function context(): Promise<EngineContext> {
    const engine = await EngineTown.open();
    Object.assign(engine.rig, rig);
    return { ...engine.context, store: town.store };
  }

  const request = (source: string, more = {}): Promise<string> =>
    town.store.batch(ann, (tx) => {
      const merge = { source, rig: 'toy', branch: 'b', commit: 'c', worker: RUST, retries: 0, ...more };
      return tx.create('toy', { title: 'Merge', type: MERGE_REQUEST, metadata: { merge } }).id;
    });

  /** Its work lands on the feature branch. */
  async function collect(bead: string): Promise<void> {
    const mergeRequest = await request(bead, { target: branch });
    await finishMerge(
      { mergeRequest, rig: 'toy' },
      mergeOf(town.get(mergeRequest))!,
      { commit: `landed ${bead}` },
      await context(),
    );
  }

  const actions = <T extends Action['type']>(type: T): Extract<Action, { type: T }>[] =>
    reconcile(town.view()).filter((action): action is Extract<Action, { type: T }> => action.type === type);

  /** @returns the request by which the branch is to land */
  async function askForLanding(): Promise<string> {
    await collect(one);
    await collect(two);
    const [action] = actions('request-landing');
    await requestLanding(action!, await context());
    return requestsIn(town.store).openOf(id)[0]!.id;
  }

  it('is what its beads land on, each target of a rig by a queue of its own', async () => {
    assert.equal(targetOf(town.store, one), branch);
    const other = await town.bead('Other');
    assert.equal(targetOf(town.store, other), undefined);
    await request(one, { target: branch });
    await request(other);
    const merges = actions('merge').map(({ target = 'own', requests }) => [target, requests.length] as const);
    assert.deepEqual(
      new Map(merges),
      new Map([
        [branch, 1],
        ['own', 1],
      ]),
    );
    assert.equal(merges.length, 2);
  });

  it('holds back what is outside of it and depends on its beads, until it has landed', async () => {
    const outside = await town.bead('Outside', { needs: [one] });
    await town.sling(outside);
    await collect(one);
    assert.deepEqual(town.begun(), [two]);
    assert.deepEqual(
      town
        .whyNots()
        .of(town.get(outside))
        .map(({ kind }) => kind),
      ['unlanded'],
    );
    const landing = await (async () => {
      await collect(two);
      await requestLanding(actions('request-landing')[0]!, await context());
      return requestsIn(town.store).openOf(id)[0]!;
    })();
    const merge = mergeOf(landing)!;
    await finishMerge({ mergeRequest: landing.id, rig: 'toy' }, merge, { commit: 'm' }, await context());
    await town.land();
    assert.equal(town.get(id).status, 'closed');
    assert.deepEqual(town.begun(), [outside]);
    await endFeature(actions('end-feature')[0]!, await context());
    assert.deepEqual(dropped, [[branch, true]]);
    assert.deepEqual(town.get(id).labels ?? [], []);
    assert.deepEqual(actions('end-feature'), []);
  });

  it('is asked for once when all beads are in, and not while one is open', async () => {
    await collect(one);
    assert.deepEqual(actions('request-landing'), []);
    assert.deepEqual(actions('land-convoy'), []);
    const landing = await askForLanding();
    assert.deepEqual(actions('request-landing'), []);
    assert.deepEqual(mergeOf(town.get(landing))?.commit, 'tip');
    assert.equal(actions('merge').length, 1);
    await town.call(ConvoyAdd.spec, { id, beads: [await town.bead('Three')] });
    assert.deepEqual(actions('merge'), []);
  });

  it('that landed before a crash is found, and not landed again', async () => {
    await collect(one);
    await collect(two);
    const feature = { ...featureOf(town.get(id))!, rigs: { toy: { tip: 'tip', candidate: 'landed before' } } };
    const { convoy } = town.get(id).metadata as { convoy: object };
    await town.update(id, { metadata: { convoy: { ...convoy, feature } } });
    await requestLanding(actions('request-landing')[0]!, await context());
    assert.deepEqual(requestsIn(town.store).openOf(id), []);
    assert.equal(featureOf(town.get(id))?.rigs.toy?.landed, 'landed before');
    assert.equal(actions('land-convoy').length, 1);
  });

  it('is landed again for work that was added to it while it landed', async () => {
    const landing = await askForLanding();
    const merge = mergeOf(town.get(landing))!;
    const three = await town.bead('Three');
    await town.call(ConvoyAdd.spec, { id, beads: [three] });
    await collect(three);
    await assert.rejects(
      recordCandidates([{ id: landing, request: merge, commit: 'm' }], 'toy', await context()),
      /the feature branch moved/,
    );
    await finishMerge({ mergeRequest: landing, rig: 'toy' }, merge, { commit: 'm' }, await context());
    assert.deepEqual(actions('land-convoy'), [], 'the third bead is on the branch only');
    await requestLanding(actions('request-landing')[0]!, await context());
    const again = requestsIn(town.store).openOf(id)[0]!;
    await finishMerge({ mergeRequest: again.id, rig: 'toy' }, mergeOf(again)!, { commit: 'n' }, await context());
    assert.equal(actions('land-convoy').length, 1);
  });

  it('that is sent back becomes a bead of the convoy; after too many times it fails and calls a person', async () => {
    const landing = await askForLanding();
    const merge = mergeOf(town.get(landing))!;
    const sendBack = (why: Parameters<typeof rejectWork>[3], retry: boolean) =>
      town.store.batch(ann, (tx) => rejectWork(tx, landing, merge, why, { now: new Date(0), retry: () => retry }));
    await sendBack(conflictFeedback(['a.txt'], 'target'), true);
    const fix = town.get(trackedIds(town.get(id)).at(-1)!);
    assert.match(fix.title, /^Merge the target into convoy\/.* it conflicts in a\.txt$/);
    assert.match(fix.description ?? '', /git merge target/);
    assert.equal(workOf(fix).mergesTarget, 'target');
    assert.deepEqual([targetOf(town.store, fix.id), town.begun()], [branch, [fix.id]]);
    await sendBack({ problem: 'ann requested changes: more', feedback: 'more' }, false);
    const last = town.get(trackedIds(town.get(id)).at(-1)!);
    assert.deepEqual([last.status, workOf(last).problem], ['failed', 'ann requested changes: more']);
    const [escalation] = town.store.list({ type: ['escalation'], limit: 0 });
    assert.match(escalation?.title ?? '', /cannot land in toy/);
  });

  it('keeps what it has: such a bead is not removed, and no bead is on two branches', async () => {
    await collect(one);
    await refused(town.call(ConvoyRemove.spec, { id, beads: [one] }), /is on convoy\/.* already/, 'conflict');
    const edge = { from: id, to: one };
    await refused(town.call(DependencyRemove.spec, edge), /is on convoy\/.* already/, 'conflict');
    const operations = [{ op: 'dep-remove' as const, ...edge }];
    await refused(town.call(BeadBatch.spec, { operations }), /is on convoy\/.* already/, 'conflict');
    assert.ok(trackedIds(town.get(id)).includes(one));
    await request(two, { target: branch });
    await refused(town.call(ConvoyRemove.spec, { id, beads: [two] }), /in the merge queue for convoy/, 'conflict');
    await refused(create({ beads: [two] }), new RegExp(`lands on ${branch}`), 'conflict');
    const other = await town.bead('Other');
    await request(other);
    await refused(town.call(ConvoyAdd.spec, { id, beads: [other] }), /merge queue for another branch/, 'conflict');
  });

  it('that is closed before it landed stops its work, keeps its commits, and goes on where a bead is added', async () => {
    await collect(one);
    const hooked = { status: 'in_progress' as const, assignee: RUST };
    await town.update(two, { ...hooked, metadata: { gastown: { branch: 'b', attempt: 1 } } });
    await town.call(ConvoyClose.spec, { id, reason: 'no' });
    await endFeature(actions('end-feature')[0]!, await context());
    assert.deepEqual(dropped, [[branch, false]]);
    assert.equal(workOf(town.get(two)).held, true);
    const again = await town.call(ConvoyAdd.spec, { id, beads: [await town.bead('Three')] });
    assert.equal(again.status, 'open');
    assert.deepEqual(town.get(id).labels, [FEATURE_LABEL]);
    assert.ok(featureOf(town.get(id))?.rigs.toy?.tip);
  });

  it('of an owned convoy lands when its owner says so', async () => {
    await town.call(ConvoyClose.spec, { id, reason: 'another' });
    [one, two] = [await town.bead('A'), await town.bead('B')];
    ({ id } = await create({ owned: true }));
    branch = `convoy/${id}`;
    await collect(one);
    await refused(
      town.call(ConvoyLand.spec, { id, force: true }),
      /lands when all of its beads are closed/,
      'conflict',
    );
    await collect(two);
    assert.deepEqual(actions('request-landing'), []);
    await town.call(ConvoyLand.spec, { id });
    assert.equal(actions('request-landing').length, 1);
  });

  it('is the default where a rig says so', async () => {
    await town.call(ConvoyClose.spec, { id, reason: 'another' });
    town.rigs.toy = { accepted: true, maxWorkers: 1, featureBranch: true };
    const beads = [await town.bead('A')];
    assert.ok((await create({ beads, featureBranch: undefined })).feature);
    const more = [await town.bead('B')];
    assert.equal((await create({ beads: more, featureBranch: false })).feature, undefined);
  });
});
