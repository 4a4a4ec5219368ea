import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import type { Action } from '../../../server/src/engine/loop/action';
import { StaleAction } from '../../../server/src/engine/loop/context';
import { execute } from '../../../server/src/engine/loop/execute';
import { strandedMerges } from '../../../server/src/engine/mergeQueue/strandedMerges';
import type { TownView } from '../../../server/src/engine/state/townView';
import { landDirectly } from '../../../server/src/engine/mergeQueue/directLanding';
import type { DirectLanding } from '../../../server/src/engine/mergeQueue/directLandingChecks';
import { requestsIn } from '../../../server/src/engine/mergeQueue/requestIndex';
import { requestReview } from '../../../server/src/engine/review/requestReview';
import { withWork, type MergeRequest, type Work } from '../../../server/src/engine/state/work';
import type { SessionView } from '../../../server/src/sessions/types';
import type { DirectLandingResult } from '../../../server/src/protocol/town';
import { BRANCH, EngineTown, RUST } from './engineTown';

const gates = [{ name: 'test' as const, command: 'true', timeoutSeconds: 1 }];
const live = { id: 's1', agent: RUST } as SessionView;

describe('a direct landing', () => {
  let town: EngineTown;
  let locks: string[];
  let isRetired = false;
  beforeEach(async () => {
    town = await EngineTown.open();
    locks = [];
    town.review = 'person';
    Object.assign(town.rig, { gates });
    isRetired = false;
    town.rig.branchTip = async () => (isRetired ? undefined : 'tip');
    town.rig.submittable = async () => ({ commit: 'tip' });
    town.rig.retireWorktree = async () => {
      town.calls.push('retire');
      isRetired = true;
      return 'label';
    };
  });
  afterEach(() => town.store.close());

  const land = (more: Partial<DirectLanding> = {}): Promise<DirectLandingResult> =>
    landDirectly(
      {
        context: town.context,
        engine: {
          exclusive: (key, work) => {
            locks.push(key);
            return work();
          },
        },
        changedFiles: async (_rig, base, commit) => [{ path: `${base}..${commit}`, status: 'modified' }],
      },
      { actor: 'ann', kind: 'person' },
      { agent: 'toy/rust', force: false, skipTests: false, dryRun: false, ...more },
    );
  const outcomes = ({ checks }: DirectLandingResult): string[] =>
    checks.map(({ name, outcome }) => `${name} ${outcome}`);
  const all = (outcome: string): string[] =>
    ['session', 'worktree', 'conflicts', 'tests'].map((name) => `${name} ${outcome}`);
  const hooked = async (work: Partial<Work> = {}): Promise<string> => (await town.hooked(work)).id;
  const requests = (bead: string): MergeRequest[] =>
    requestsIn(town.store)
      .of(bead)
      .map(({ id }) => town.merge(id));
  const types = (bead: string): string[] => town.store.events(bead, 50).map(({ type }) => type);

  it('lands what was not submitted after four checks, by the code of the queue, and closes, removes and records', async () => {
    const bead = await hooked();
    const result = await land();
    assert.deepEqual(outcomes(result), all('passed'));
    assert.deepEqual([result.landed, result.snapshot, result.keptBranch], ['candidate', 'label', undefined]);
    assert.deepEqual(town.calls, ['rebase', 'gates', 'land', 'retire']);
    assert.deepEqual(locks, ['merge:toy', 'worktree:toy/rust'], 'no merge of the rig runs meanwhile');
    assert.deepEqual([town.bead(bead).status, town.work(bead).merged], ['closed', 'candidate']);
    const [request, ...more] = requests(bead);
    assert.deepEqual(
      [request?.ending, request?.landed, request?.branch, more.length],
      ['merged', 'candidate', BRANCH, 0],
    );
    assert.equal(request?.direct?.by, 'ann');
    const { validated_by, validation_type, quality_signals } = town.work(bead).validation!;
    assert.deepEqual([validated_by, validation_type], ['ann', 'direct-landing']);
    assert.deepEqual([quality_signals.tests_passed, quality_signals.review_approved], [true, null]);
    assert.ok(['landed_directly', 'merged'].every((type) => types(bead).includes(type)));
  });

  it('takes the request of what was submitted, also one that was given up', async () => {
    for (const status of ['open', 'failed'] as const) {
      town.calls.length = 0;
      town.target.splice(1);
      isRetired = false;
      const { bead, request } = await town.submitted();
      await town.update(request, { status });
      await land();
      assert.deepEqual([town.bead(request).status, town.bead(bead).status], ['closed', 'closed']);
      assert.equal(requests(bead).length, 1);
    }
  });

  it('is refused while its session runs; --force ends the session', async () => {
    const bead = await hooked();
    town.sessions.push(live);
    await assert.rejects(land(), (error: UserError) => {
      assert.match(error.message, /toy\/polecats\/rust was not landed: its session still runs/);
      assert.match(error.hint ?? '', /gt stop toy\/polecats\/rust/);
      return true;
    });
    assert.deepEqual([town.calls, town.bead(bead).status, requests(bead)], [[], 'hooked', []]);
    assert.deepEqual(outcomes(await land({ force: true })), [
      'session skipped',
      'worktree passed',
      'conflicts passed',
      'tests passed',
    ]);
    assert.deepEqual(town.calls, ['rebase', 'end', 'gates', 'land', 'retire']);
  });

  it('is refused where a session starts while it is tested', async () => {
    const bead = await hooked();
    town.rig.runGates = async () => {
      town.sessions.push(live);
      return { passed: true };
    };
    await assert.rejects(land(), /was started meanwhile: nothing has landed/);
    assert.deepEqual([town.bead(bead).status, requests(bead), town.target], ['hooked', [], ['base']]);
  });

  it('is refused where something is not committed; --force lands what is committed', async () => {
    const bead = await hooked();
    town.rig.submittable = () =>
      Promise.reject(new UserError('there are uncommitted changes', 'commit what belongs to the work', 'conflict'));
    await assert.rejects(land(), /was not landed: there are uncommitted changes/);
    assert.equal(town.bead(bead).status, 'hooked');
    const result = await land({ force: true });
    assert.deepEqual([outcomes(result)[1], result.landed], ['worktree skipped', 'candidate']);
  });

  it('never lands commits of others, whatever is forced', async () => {
    await hooked();
    town.rig.submittable = () => Promise.reject(new UserError('commit 1 is by "eve"', undefined, 'refused'));
    await assert.rejects(land({ force: true }), /commit 1 is by "eve"/);
    assert.deepEqual(town.target, ['base']);
  });

  it('lands submitted work whose worktree is gone, and no other', async () => {
    const gone = () => Promise.reject(new UserError('the worktree is gone', undefined, 'not-found'));
    town.rig.submittable = gone;
    const { bead } = await town.submitted();
    assert.deepEqual(outcomes(await land()), all('passed'));
    assert.equal(town.bead(bead).status, 'closed');
    isRetired = false;
    await hooked();
    await assert.rejects(land(), /the worktree is gone/);
    isRetired = true;
    await assert.rejects(land(), /the branch polecat\/rust\/one is gone/);
  });

  it('is refused on a conflict, forced or not, and where the target has all of it', async () => {
    const bead = await hooked();
    town.rig.rebase = async () => ({ kind: 'conflict', files: ['a.txt'] });
    await assert.rejects(land(), /was not landed: conflicts with the target in a.txt/);
    await assert.rejects(land({ force: true, skipTests: true }), /conflicts with the target in a.txt/);
    town.rig.rebase = async () => ({ kind: 'empty' });
    await assert.rejects(
      land(),
      new RegExp(`nothing to land: the target branch of toy already contains all of ${bead}`),
    );
    assert.equal(town.bead(bead).status, 'hooked');
  });

  it('is refused where a gate fails, with its output; --skip-tests runs none, and the record says so', async () => {
    const bead = await hooked();
    town.rig.runGates = async () => ({
      passed: false,
      gate: 'test',
      problem: 'failed with exit code 1',
      output: 'boom',
    });
    await assert.rejects(land({ force: true }), (error: UserError) => {
      assert.match(error.message, /the gate "test" failed with exit code 1/);
      assert.match(error.hint ?? '', /boom/);
      return true;
    });
    assert.deepEqual([town.bead(bead).status, requests(bead)], ['hooked', []]);
    assert.deepEqual(outcomes(await land({ skipTests: true })).at(-1), 'tests skipped');
    assert.equal(town.work(bead).validation?.quality_signals.tests_passed, null);
    assert.equal(requests(bead)[0]?.direct?.skipTests, true);
    assert.equal(town.store.events(bead, 50).find(({ type }) => type === 'landed_directly')?.message, '--skip-tests');
  });

  it('shows with --dry-run all checks and what would land, and changes nothing', async () => {
    const bead = await hooked();
    const before = JSON.stringify(town.bead(bead));
    const result = await land({ dryRun: true });
    assert.deepEqual(outcomes(result), ['session passed', 'worktree passed', 'conflicts passed', 'tests not-run']);
    assert.deepEqual([result.files.map(({ path }) => path), result.landed], [['base..candidate'], undefined]);
    town.sessions.push(live);
    town.rig.submittable = () => Promise.reject(new UserError('dirty', undefined, 'conflict'));
    town.rig.rebase = async () => ({ kind: 'conflict', files: ['a.txt'] });
    const bad = await land({ dryRun: true });
    assert.deepEqual(outcomes(bad), ['session failed', 'worktree failed', 'conflicts failed', 'tests not-run']);
    assert.deepEqual(bad.files, []);
    const forced = await land({ dryRun: true, force: true, skipTests: true });
    assert.deepEqual(outcomes(forced), ['session skipped', 'worktree skipped', 'conflicts failed', 'tests skipped']);
    assert.deepEqual([JSON.stringify(town.bead(bead)), town.calls], [before, ['rebase']]);
  });

  it('starts over where the target has moved, a bounded number of times, and leaves all as it was', async () => {
    const bead = await hooked();
    const before = JSON.stringify([town.bead(bead).status, town.bead(bead).metadata]);
    let pushes = 0;
    town.rig.land = async () => {
      pushes += 1;
      return pushes === 2;
    };
    assert.equal((await land()).landed, 'candidate');
    assert.deepEqual([pushes, town.bead(bead).status], [2, 'closed']);
    const other = await hooked();
    isRetired = false;
    town.rig.land = async () => false;
    await assert.rejects(land(), /the target of toy moved each time/);
    assert.equal(JSON.stringify([town.bead(other).status, town.bead(other).metadata]), before);
    assert.deepEqual(requestsIn(town.store).openOf(other), []);
    const { request } = await town.submitted();
    await town.close(other);
    const submitted = JSON.stringify([town.bead(request).status, town.bead(request).metadata]);
    await assert.rejects(land(), /moved each time/);
    assert.equal(JSON.stringify([town.bead(request).status, town.bead(request).metadata]), submitted);
  });

  it('leaves a push that may have arrived to the queue', async () => {
    const bead = await hooked();
    town.rig.land = () => Promise.reject(new UserError('the network is away', undefined, 'unavailable'));
    await assert.rejects(land(), /could not be pushed: the network is away/);
    const [request] = requestsIn(town.store).openOf(bead);
    assert.deepEqual([request?.status, town.bead(bead).status], ['open', 'in_review']);
    assert.equal(town.merge(request!.id).candidate, 'candidate');
  });

  it('is finished by the queue where a crash came after the push, and keeps who landed it', async () => {
    const direct = { by: 'ann', at: '2026-01-01T00:00:00Z', commit: 'c1' };
    const { bead, request } = await town.submitted({ candidate: 'c1', direct });
    await town.update(request, { status: 'in_progress' });
    town.target.push('c1');
    const revision = town.bead(request).updated_at;
    const limits = { maxAttempts: 3, maxReviewRounds: 3 };
    await requestReview(
      { type: 'request-review', mergeRequest: request, rig: 'toy', revision, ...limits },
      town.context,
    );
    const { validated_by, validation_type } = town.work(bead).validation!;
    assert.deepEqual([town.bead(bead).status, validated_by, validation_type], ['closed', 'ann', 'direct-landing']);
  });

  it('waits for its review as usual where a crash came before the push', async () => {
    const direct = { by: 'ann', at: '2026-01-01T00:00:00Z', commit: 'c1' };
    const { request } = await town.submitted({ candidate: 'c1', direct });
    await town.update(request, { status: 'in_progress' });
    const revision = town.bead(request).updated_at;
    const limits = { maxAttempts: 3, maxReviewRounds: 3 };
    await requestReview(
      { type: 'request-review', mergeRequest: request, rig: 'toy', revision, ...limits },
      town.context,
    );
    assert.deepEqual([town.bead(request).status, town.merge(request).review?.state], ['open', 'waiting']);
  });

  it('keeps a verdict that is given while it is tested', async () => {
    const review = { state: 'waiting' as const, patch: 'patch', commit: 'c', base: 'base', reviewers: {} };
    const { request } = await town.submitted({ review });
    town.rig.runGates = async () => {
      const approved = { ...town.merge(request), review: { ...review, state: 'approved' } };
      await town.update(request, { metadata: { merge: approved } });
      return { passed: true };
    };
    town.rig.land = () => Promise.reject(new UserError('the network is away', undefined, 'unavailable'));
    await assert.rejects(land(), /could not be pushed/);
    const { state } = town.merge(request).review!;
    assert.deepEqual([state, town.merge(request).candidate], ['approved', 'candidate']);
  });

  it('tests each commit of its author where the rig does', async () => {
    await hooked();
    const tested: string[] = [];
    Object.assign(town.rig, {
      mergeQueue: { mode: 'each', strategy: 'rebase', flakyRetries: 0, gateRuns: 1 },
      rebase: async () => ({ kind: 'clean', commit: 'candidate', before: ['first'] }),
    });
    town.rig.runGates = async (commit) => {
      tested.push(commit);
      return commit === 'first' ? { passed: false, gate: 'test', problem: 'failed', output: '' } : { passed: true };
    };
    await assert.rejects(land(), /the gate "test" failed/);
    assert.deepEqual(tested, ['first']);
    town.rig.runGates = async (commit) => {
      tested.push(commit);
      return { passed: true };
    };
    await land();
    assert.deepEqual(tested, ['first', 'first', 'candidate']);
  });

  it('ends the last step of a molecule, and is refused while others are open', async () => {
    const bead = await hooked();
    const steps = await town.store.batch({ actor: 'ann' }, (tx) => {
      const root = tx.create('toy', { title: 'two', type: 'molecule', metadata: { formula: { name: 'two' } } });
      const ids = ['a', 'b'].map((step) => {
        const { id } = tx.create('toy', { title: step, type: 'task', metadata: { formula: { step } } });
        tx.addDependency(id, root.id, 'parent-child');
        return id;
      });
      tx.addDependency(ids[1]!, ids[0]!, 'blocks');
      tx.update(bead, { metadata: withWork(tx.require(bead), { molecule: root.id }) });
      return ids;
    });
    town.rig.runGates = async () => {
      await town.update(steps[0]!, { status: 'in_progress' });
      return { passed: true };
    };
    await assert.rejects(land(), /2 steps are open/);
    await town.close(steps[0]!);
    await town.update(steps[1]!, { status: 'in_progress' });
    town.rig.runGates = async () => {
      await town.store.batch({ actor: 'ann' }, (tx) => tx.reopen(steps[0]!));
      return { passed: true };
    };
    await assert.rejects(land(), /steps are open/);
    await town.close(steps[0]!);
    town.rig.runGates = async () => ({ passed: true });
    const { land: push } = town.rig;
    town.rig.land = async () => false;
    await assert.rejects(land(), /moved each time/);
    assert.notEqual(town.bead(steps[1]!).status, 'closed', 'nothing has landed');
    await town.update(steps[1]!, { status: 'in_progress' });
    Object.assign(town.rig, { land: push });
    if (!push) delete town.rig.land;
    assert.equal((await land()).landed, 'candidate');
    assert.deepEqual([town.bead(steps[1]!).status, town.bead(steps[1]!).close_reason], ['closed', 'landed directly']);
  });

  it('that was interrupted can be judged again', async () => {
    const review = { state: 'waiting' as const, patch: 'patch', commit: 'c', base: 'base', reviewers: {} };
    const { request } = await town.submitted({ review });
    await town.update(request, { status: 'in_progress' });
    const merge = {
      ...{ id: request, rig: 'toy', revision: town.bead(request).updated_at, isInterrupted: true, review },
      ...{ hasPullRequest: false, notBefore: 0 },
    };
    const found = (merges: object[], setting = 'person', mergeStrategy = 'squash') =>
      strandedMerges({
        ...{ now: 1, withdrawnMerges: [], merges },
        rigs: [{ name: 'toy', review: setting, mergeStrategy }],
      } as unknown as TownView);
    assert.deepEqual(found([{ ...merge, isInterrupted: false }]), []);
    assert.deepEqual(found([{ ...merge, review: { ...review, state: 'approved' } }]), [], 'the queue goes on with it');
    assert.deepEqual(found([merge], 'off'), []);
    assert.deepEqual(found([{ ...merge, notBefore: 2 }]), []);
    assert.equal(
      found([{ ...merge, hasPullRequest: true }], 'off', 'pr').length,
      1,
      'its pull request is watched again',
    );
    const [action] = found([merge]);
    await execute(action!, town.context);
    assert.equal(town.bead(request).status, 'open');
    await assert.rejects(execute(action!, town.context), StaleAction);
    town.target.push('c1');
    await town.update(request, {
      status: 'in_progress',
      metadata: { merge: { ...town.merge(request), candidate: 'c1' } },
    });
    await execute({ ...action!, revision: town.bead(request).updated_at } as Action, town.context);
    assert.equal(town.merge(request).landed, 'c1', 'the push had arrived');
  });

  it('says where there is nobody, no work, or no end to its steps', async () => {
    await assert.rejects(land({ agent: 'toy/crew/joe' }), /is not a polecat/);
    await assert.rejects(land({ agent: 'lib/rust' }), /there is no rig lib/);
    await assert.rejects(land(), /toy\/polecats\/rust has no work/);
  });

  it('keeps the worktree where it cannot be removed, and says that the branch is there', async () => {
    await hooked();
    town.rig.retireWorktree = () => Promise.reject(new Error('locked'));
    const result = await land();
    assert.deepEqual([result.landed, result.keptBranch, result.snapshot], ['candidate', true, undefined]);
  });
});
