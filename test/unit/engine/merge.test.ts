import assert from 'node:assert/strict';
import { AbortedError } from '../../../server/src/base/abort';
import { UserError } from '../../../server/src/base/errors';
import { StaleAction } from '../../../server/src/engine/loop/context';
import { merge } from '../../../server/src/engine/mergeQueue/merge';
import { requeueRefused } from '../../../server/src/engine/mergeQueue/requeue';
import { requestReview } from '../../../server/src/engine/review/requestReview';
import type { MergeRequest, Work } from '../../../server/src/engine/state/work';
import { EngineTown, unavailable } from './engineTown';

const approved = { state: 'approved' as const, patch: 'patch', commit: 'candidate', base: 'base', reviewers: {} };

describe('a turn of the merge queue', () => {
  let town: EngineTown;
  let bead: string;
  let request: string;
  const submit = async (merged: Partial<MergeRequest> = {}, work: Partial<Work> = {}): Promise<void> => {
    ({ bead, request } = await town.submitted(merged, work));
  };
  const turn = (revision = town.bead(request).updated_at): Promise<void> =>
    merge(
      { type: 'merge', rig: 'toy', requests: [{ mergeRequest: request, revision }], maxAttempts: 3, maxBatch: 16 },
      town.context,
    );
  const statuses = (): string[] => [town.bead(request).status, town.bead(bead).status];

  beforeEach(async () => {
    town = await EngineTown.open();
    await submit();
  });
  afterEach(() => town.store.close());

  it('rebases, runs the gates on what would land, pushes it, and closes both', async () => {
    town.rig.land = async (commit, base) => {
      town.calls.push(`land ${commit} on ${base.expected}, written down as ${town.merge(request).candidate}`);
      return true;
    };
    await turn();
    assert.deepEqual(town.calls, ['rebase', 'gates', 'land candidate on base, written down as candidate']);
    assert.deepEqual([...statuses(), town.work(bead).merged], ['closed', 'closed', 'candidate']);
  });

  it('keeps how the gates ended, how it ended, and who vouches for what has landed', async () => {
    const gates = ['test', 'build'].map((name) => ({ name, command: 'true', timeoutSeconds: 1 }));
    Object.assign(town.rig, { gates });
    town.rig.runGates = async (_commit, _request, onGate) => {
      const gate = gates[0]!;
      onGate(gate, 'started');
      town.service.now.value += 3_000;
      onGate(gate, 'passed');
      return { passed: true };
    };
    await turn();
    const { checks, ending, landed } = town.merge(request);
    assert.deepEqual([ending, landed], ['merged', 'candidate']);
    assert.deepEqual(
      checks?.map(({ gate, passed, seconds }) => [gate, passed, seconds]),
      [
        ['test', true, 3],
        ['build', true, undefined],
      ],
      'the build was known',
    );
    const { timestamp, ...validation } = town.work(bead).validation!;
    assert.equal(timestamp, new Date(town.service.now.value).toISOString());
    assert.deepEqual(validation, {
      validated_by: 'toy/refinery',
      validation_type: 'merge',
      quality_signals: {
        tests_passed: true,
        lint_clean: null,
        typecheck_clean: null,
        build_passed: true,
        review_approved: null,
      },
    });
  });

  it('says that its review approved it, and that a rejected one was rejected by which gate', async () => {
    town.review = 'person';
    await submit({ review: approved });
    await turn();
    assert.equal(town.work(bead).validation?.quality_signals.review_approved, true);
    town.review = 'off';
    await submit();
    Object.assign(town.rig, { gates: [{ name: 'test', command: 'false', timeoutSeconds: 1 }] });
    town.rig.runGates = async () => ({ passed: false, gate: 'test', problem: 'failed', output: '' });
    await turn();
    const { checks, ending } = town.merge(request);
    assert.deepEqual([ending, checks?.map(({ gate, passed }) => [gate, passed])], ['rejected', [['test', false]]]);
    assert.equal(town.work(bead).validation, undefined);
  });

  it('is for an open request as it was seen, and approved where its rig has reviews', async () => {
    await assert.rejects(turn('2020-01-01T00:00:00Z'), StaleAction);
    town.review = 'person';
    await assert.rejects(turn(), /is not approved/);
    assert.deepEqual(statuses(), ['open', 'in_review']);
    await town.close(request);
    await assert.rejects(turn(), /is not an open merge request/);
    assert.deepEqual(town.calls, []);
  });

  it('lands nothing twice: after a crash the commit is found on the target', async () => {
    for (const written of [{ merge: { candidate: 'c1' } }, { work: { candidate: 'c1' } }]) {
      town = await EngineTown.open();
      await submit(written.merge, written.work);
      town.target.push('c1', 'of another');
      await turn();
      assert.deepEqual([...statuses(), town.work(bead).merged, town.calls], ['closed', 'closed', 'c1', []]);
    }
  });

  it('lands the new work of a bead that was merged before', async () => {
    await turn();
    const before = town.work(bead);
    assert.deepEqual([before.merged, before.candidate], ['candidate', undefined]);
    for (const candidate of [undefined, 'candidate']) {
      // As older versions have left it.
      const gastown = { ...before, ...(candidate === undefined ? {} : { candidate }) };
      await town.store.batch({ actor: 'ann' }, (tx) => {
        if (town.bead(bead).status === 'closed') tx.reopen(bead);
        tx.update(bead, {
          status: 'in_review',
          assignee: before.formerWorkers?.[0] ?? 'toy/polecats/rust',
          metadata: { gastown },
        });
      });
      const merge = { source: bead, rig: 'toy', branch: 'b', commit: 'tip', worker: 'toy/polecats/rust', retries: 0 };
      request = (await town.create({ type: 'merge_request', metadata: { merge } })).id;
      const next = `second ${candidate}`;
      Object.assign(town.rig, { rebase: async () => ({ kind: 'clean', commit: next }) });
      await turn();
      assert.equal(town.merge(request).landed, next);
    }
  });

  it('finds what landed before its review too, instead of asking about nothing', async () => {
    town.review = 'person';
    await submit({}, { candidate: 'c1' });
    town.target.push('c1');
    town.rig.rebase = async () => ({ kind: 'empty' });
    await requestReview(
      {
        type: 'request-review',
        mergeRequest: request,
        rig: 'toy',
        revision: town.bead(request).updated_at,
        maxAttempts: 3,
        maxReviewRounds: 3,
      },
      town.context,
    );
    assert.deepEqual([...statuses(), town.work(bead).merged], ['closed', 'closed', 'c1']);
  });

  it('tries again where a candidate was written down and never landed', async () => {
    await submit({ candidate: 'c1' });
    await turn();
    assert.deepEqual([town.calls, town.work(bead).merged], [['rebase', 'gates', 'land'], 'candidate']);
  });

  it('cancels what somebody has closed by hand meanwhile', async () => {
    await town.close(bead);
    await turn();
    assert.deepEqual([...statuses(), town.calls, town.work(bead).merged], ['closed', 'closed', [], undefined]);
    assert.match(town.bead(request).close_reason ?? '', /was closed before its work was merged/);
  });

  it('gives back what needs no change, as its agent said, where there is one all the same', async () => {
    await submit({ noChange: true, note: 'it is there' });
    town.rig.hasUnsubmittedWork = async (name) => name === 'rust';
    await turn();
    assert.deepEqual(statuses(), ['closed', 'hooked']);
    assert.match(town.work(bead).feedback ?? '', /your worktree has changes/);
    assert.deepEqual(town.calls, []);
  });

  it('closes without a push what needs no change, or what the target has already', async () => {
    await submit({ noChange: true, note: 'it is there' });
    town.rig.hasUnsubmittedWork = async () => false;
    await turn();
    assert.deepEqual([...statuses(), town.calls], ['closed', 'closed', []]);
    assert.match(town.bead(bead).close_reason ?? '', /No change: it is there/);
    await submit();
    town.rig.rebase = async () => ({ kind: 'empty' });
    await turn();
    assert.deepEqual([...statuses(), town.work(bead).merged], ['closed', 'closed', undefined]);
  });

  it('gives the work back where it conflicts, was changed after it was submitted, would be incomplete or fails a gate', async () => {
    const cases: [Partial<EngineTown['rig']>, RegExp][] = [
      [{ rebase: async () => ({ kind: 'conflict', files: ['a.txt'] }) }, /conflicts with the target in a\.txt/],
      [{ branchTip: async () => 'other' }, /moved after it was submitted/],
      [{ rebase: async () => ({ kind: 'incomplete', problems: ['a submodule'] }) }, /a submodule/],
      [
        {
          runGates: async (commit) =>
            commit === 'base'
              ? { passed: true }
              : { passed: false, gate: 'test', problem: 'failed with exit code 1', output: 'no' },
        },
        /test: failed with exit code 1/,
      ],
    ];
    for (const [rig, problem] of cases) {
      town = await EngineTown.open();
      await submit();
      Object.assign(town.rig, rig);
      await turn();
      assert.deepEqual(statuses(), ['closed', 'hooked'], String(problem));
      assert.match(town.work(bead).problem ?? '', problem);
      assert.deepEqual([town.work(bead).attempt, town.target], [2, ['base']]);
    }
  });

  it('fails the work, and calls a person, where it has no attempt left', async () => {
    await submit({}, { attempt: 3 });
    town.rig.rebase = async () => ({ kind: 'conflict', files: ['a.txt'] });
    await turn();
    assert.deepEqual([...statuses(), town.escalations.length], ['closed', 'failed', 1]);
  });

  it('asks for another review where the rebase has made another patch', async () => {
    town.review = 'person';
    await submit({ review: { ...approved, patch: 'an earlier one' } });
    await turn();
    const { review } = town.merge(request);
    assert.deepEqual([review?.state, review?.patch, town.calls], ['waiting', 'patch', ['rebase']]);
    assert.deepEqual(statuses(), ['open', 'in_review']);
  });

  it('waits where the target moved meanwhile', async () => {
    town.rig.land = async () => false;
    await turn();
    assert.deepEqual([...statuses(), town.merge(request).retries], ['open', 'in_review', 1]);
  });

  it('does not push for a request that was closed while its gates ran', async () => {
    town.rig.runGates = async () => {
      await town.close(request);
      return { passed: true };
    };
    await assert.rejects(turn(), StaleAction);
    assert.deepEqual(town.target, ['base']);
  });

  it('is repeated where the server was stopping, and nothing is counted', async () => {
    town.rig.runGates = () => Promise.reject(new AbortedError());
    await assert.rejects(turn(), AbortedError);
    assert.deepEqual([town.merge(request).retries, town.bead(request).status], [0, 'in_progress']);
  });
});

describe('a change that a person is to review', () => {
  let town: EngineTown;
  let bead: string;
  let request: string;
  const gates = [{ name: 'test', command: 'true', timeoutSeconds: 1 }];
  const failure = {
    passed: false as const,
    gate: 'test',
    problem: 'failed with exit code 1',
    output: 'no',
    confirmed: true,
  };
  const ask = (): Promise<void> =>
    requestReview(
      {
        ...{ type: 'request-review', mergeRequest: request, rig: 'toy', revision: town.bead(request).updated_at },
        ...{ maxAttempts: 3, maxReviewRounds: 3 },
      },
      town.context,
    );

  beforeEach(async () => {
    town = await EngineTown.open();
    town.review = 'person';
    ({ bead, request } = await town.submitted());
    Object.assign(town.rig, { gates });
  });
  afterEach(() => town.store.close());

  it('is tested first, and what the gates said stands beside the question', async () => {
    const tested: string[] = [];
    town.rig.runGates = async (commit, _run, onGate) => {
      tested.push(`${commit} ${town.merge(request).review?.state}`);
      onGate(gates[0]!, 'started');
      assert.match(town.activity.of('toy/refinery') ?? '', /test: toy-/);
      onGate(gates[0]!, 'passed');
      return { passed: true };
    };
    await ask();
    assert.deepEqual(tested, ['candidate undefined'], 'before anybody is asked');
    const { review, checks } = town.merge(request);
    assert.deepEqual([review?.state, checks?.map(({ gate, passed }) => [gate, passed])], ['waiting', [['test', true]]]);
    assert.equal(town.activity.of('toy/refinery'), undefined);
  });

  it('goes back unread where it fails a gate, with the output and its checks', async () => {
    town.rig.runGates = async (commit) => (commit === 'base' ? { passed: true } : { ...failure, passedBefore: true });
    await ask();
    assert.deepEqual([town.bead(request).status, town.bead(bead).status], ['closed', 'hooked']);
    assert.match(town.work(bead).feedback!, /The gate "test" failed with exit code 1[^]*no/);
    assert.deepEqual(
      town.merge(request).checks?.map(({ passed }) => passed),
      [false],
    );
  });

  it('is asked about where the target fails the gate by itself, and where the gates do not come first', async () => {
    town.rig.runGates = async () => ({ ...failure, passedBefore: true });
    await ask();
    assert.deepEqual(
      [town.merge(request).review?.state, town.merge(request).checks?.map(({ passed }) => passed)],
      ['waiting', [false]],
    );
    for (const other of [
      { mergeQueue: { mode: 'batch', strategy: 'squash', flakyRetries: 0, checksBeforeReview: false } },
      { review: 'agent' },
    ]) {
      Object.assign(town.rig, other);
      ({ bead, request } = await town.submitted());
      await ask();
      assert.deepEqual([town.merge(request).review?.state, town.merge(request).checks], ['waiting', undefined]);
    }
  });

  it('is tested again where the server was stopping, and nothing is counted', async () => {
    town.rig.runGates = async () => {
      throw new AbortedError();
    };
    await assert.rejects(ask(), AbortedError);
    assert.deepEqual([town.merge(request).retries, town.merge(request).review], [0, undefined]);
  });
});

describe('a merge request whose turn cannot be finished', () => {
  let town: EngineTown;
  let bead: string;
  let request: string;
  const turn = async (): Promise<void> => {
    const revision = town.bead(request).updated_at;
    const requests = [{ mergeRequest: request, revision }];
    await merge({ type: 'merge', rig: 'toy', requests, maxAttempts: 3, maxBatch: 16 }, town.context);
  };
  const failWith = (error: UserError): void => void (town.rig.land = () => Promise.reject(error));
  const waitMs = (): number => Date.parse(town.merge(request).notBefore ?? '') - town.service.now.value;

  beforeEach(async () => {
    town = await EngineTown.open();
    ({ bead, request } = await town.submitted());
  });
  afterEach(() => town.store.close());

  it('waits ever longer, and calls a person after ten tries', async () => {
    town.rig.land = unavailable;
    const waits: number[] = [];
    for (let tries = 1; tries <= 10; tries += 1) {
      await turn();
      waits.push(waitMs());
      assert.deepEqual([town.bead(request).status, town.merge(request).retries], ['open', tries]);
    }
    assert.deepEqual(waits.slice(0, 4), [500, 1_000, 2_000, 4_000]);
    assert.deepEqual(town.escalations, []);
    await turn();
    assert.deepEqual([town.bead(request).status, town.bead(bead).status], ['failed', 'failed']);
    assert.equal(town.work(bead).attempt, 1, 'no attempt of the work is used up');
    assert.match(town.escalations.join(), /cannot be merged: the network is away/);
  });

  it('waits for a person, without using up its tries, where the folder needs a hand', async () => {
    failWith(new UserError('the folder has changes', 'commit them', 'conflict'));
    for (let tries = 1; tries <= 12; tries += 1) await turn();
    assert.deepEqual([town.bead(request).status, town.merge(request).retries, waitMs()], ['open', 0, 20_000]);
    assert.deepEqual(town.escalations, ['toy cannot merge: the folder has changes']);
    delete town.rig.land;
    await turn();
    assert.deepEqual(
      [town.bead(bead).status, town.escalations],
      ['closed', []],
      'what is settled is not asked any more',
    );
  });

  it('waits for an approval that is asked for elsewhere, and says nothing of its own', async () => {
    failWith(new UserError('the commands have changed', undefined, 'consent'));
    await turn();
    assert.deepEqual([town.bead(request).status, town.merge(request).retries, town.escalations], ['open', 0, []]);
  });

  it('is given up at once, with the words of the remote, where that refuses it', async () => {
    failWith(new UserError('protected branch hook declined', undefined, 'refused'));
    await turn();
    assert.deepEqual([town.bead(request).status, town.bead(bead).status], ['failed', 'failed']);
    assert.deepEqual(town.escalations, [`${bead} cannot be merged: protected branch hook declined`]);
    await requeueRefused(town.context, 'other', 'ann');
    assert.equal(town.bead(request).status, 'failed', 'another rig was changed');
    await requeueRefused(town.context, 'toy', 'ann');
    assert.deepEqual([town.bead(request).status, town.bead(bead).status], ['open', 'in_review']);
    assert.deepEqual([town.escalations, town.merge(request).refused], [[], undefined]);
  });

  it('stays given up, whatever is changed about the rig, where it was not the remote', async () => {
    await town.update(request, { status: 'failed' });
    await town.update(bead, { status: 'failed' });
    await requeueRefused(town.context, 'toy', 'ann');
    assert.equal(town.bead(request).status, 'failed');
  });

  it('is left alone where somebody closed it meanwhile', async () => {
    for (const error of [
      new UserError('x', undefined, 'conflict'),
      new UserError('x', undefined, 'refused'),
      new Error('x'),
    ]) {
      ({ bead, request } = await town.submitted());
      town.rig.land = async () => {
        await town.close(request);
        throw error;
      };
      await turn();
      assert.deepEqual([town.bead(request).status, town.escalations], ['closed', []]);
    }
  });
});
