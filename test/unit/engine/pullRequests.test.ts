import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import { StaleAction } from '../../../server/src/engine/loop/context';
import { merge } from '../../../server/src/engine/mergeQueue/merge';
import { merges } from '../../../server/src/engine/mergeQueue/mergeRule';
import { closePullRequest } from '../../../server/src/engine/mergeQueue/pullRequests/closePullRequest';
import { nextLook } from '../../../server/src/engine/mergeQueue/pullRequests/lookTimes';
import { pullRequests } from '../../../server/src/engine/mergeQueue/pullRequests/pullRequestRule';
import { watchPullRequest } from '../../../server/src/engine/mergeQueue/pullRequests/watchPullRequest';
import { requestReview } from '../../../server/src/engine/review/requestReview';
import { requestsIn } from '../../../server/src/engine/mergeQueue/requestIndex';
import type { MergeView, RigView, TownView } from '../../../server/src/engine/state/townView';
import type { PullRequest, PullRequestStatus } from '../../../server/src/rigs/forge/forge';
import { EngineTown } from './engineTown';

const green: PullRequestStatus = {
  state: 'open',
  head: 'candidate',
  checks: [],
  requestedChanges: [],
  merging: 'possible',
};

describe('a change that is merged by a pull request', () => {
  let town: EngineTown;
  let bead: string;
  let request: string;
  let status: PullRequestStatus;
  let calls: string[];
  let merging: 'rebase' | 'off';
  /** The pull request that people have merged. */
  let mergedAt: PullRequest | undefined;

  const turn = (): Promise<void> =>
    merge(
      {
        ...{ type: 'merge', rig: 'toy', maxAttempts: 3, maxBatch: 1 },
        requests: [{ mergeRequest: request, revision: town.bead(request).updated_at }],
      },
      town.context,
    );
  const look = (): Promise<void> =>
    watchPullRequest(
      {
        type: 'watch-pull-request',
        mergeRequest: request,
        rig: 'toy',
        revision: town.bead(request).updated_at,
        maxAttempts: 3,
      },
      town.context,
    );
  const close = (): Promise<void> =>
    closePullRequest(
      { type: 'close-pull-request', mergeRequest: request, rig: 'toy', revision: town.bead(request).updated_at },
      town.context,
    );
  const statuses = (): string[] => [town.bead(request).status, town.bead(bead).status];
  const events = (): string[] => town.store.events(bead, 20).map(({ type }) => type);

  beforeEach(async () => {
    town = await EngineTown.open();
    ({ bead, request } = await town.submitted({ note: 'it is short' }));
    status = green;
    calls = [];
    merging = 'rebase';
    mergedAt = undefined;
    Object.assign(town.rig, {
      mergeQueue: { mode: 'batch', strategy: 'pr', flakyRetries: 0 },
      pullRequests: {
        open: async (commit: string, { branch, title, body }: { branch: string; title: string; body: string }) => {
          calls.push(`open ${commit} ${branch} ${title} ${body.replaceAll('\n', '|')}`);
          return { number: 7, url: 'https://github.test/7' };
        },
        findMerged: async () => mergedAt,
        status: async () => status,
        merge: async (number: number, head: string, method: string) =>
          void calls.push(`merge ${number} ${head} ${method}`),
        close: async (number: number, branch: string | undefined, comment: string) =>
          void calls.push(`close ${number} ${branch} ${comment}`),
        removeBranch: async (branch: string) => void calls.push(`remove ${branch}`),
        merging: () => merging,
      },
    } satisfies Partial<Record<keyof EngineTown['rig'], unknown>>);
  });
  afterEach(() => town.store.close());

  it('is pushed and proposed after its gates have passed, and then watched', async () => {
    await turn();
    assert.deepEqual(town.calls, ['rebase', 'gates'], 'nothing has landed');
    assert.deepEqual(calls, [`open candidate gastown/${bead} One it is short||Bead: ${bead}`]);
    assert.deepEqual(statuses(), ['open', 'in_review']);
    const { pullRequest, notBefore } = town.merge(request);
    assert.deepEqual(
      [pullRequest?.state, pullRequest?.number, pullRequest?.head, pullRequest?.base],
      ['open', 7, 'candidate', 'base'],
    );
    assert.ok(Date.parse(notBefore!) > town.service.now.value);
    assert.ok(events().includes('pull_request_opened'));
  });

  it('is proposed again after a crash, under the same branch', async () => {
    const { open } = town.rig.pullRequests!;
    let isFirst = true;
    Object.assign(town.rig.pullRequests!, {
      open: async (...given: Parameters<typeof open>) => {
        const made = await open(...given);
        if (isFirst) throw new UserError('killed before it was written down', undefined, 'unavailable');
        return made;
      },
    });
    await turn();
    assert.equal(town.merge(request).pullRequest, undefined);
    isFirst = false;
    await turn();
    assert.deepEqual(new Set(calls).size, 1, 'the branch names the bead');
    assert.equal(town.merge(request).pullRequest?.number, 7);
  });

  it('is merged when its checks have passed, and closed when it has landed', async () => {
    await turn();
    status = { ...green, checks: [{ name: 'ci', outcome: 'pending' }] };
    await look();
    assert.deepEqual(calls.slice(1), [], 'it waits for its checks');
    status = { ...green, checks: [{ name: 'ci', outcome: 'passed' }] };
    await look();
    assert.deepEqual(calls.slice(1), ['merge 7 candidate rebase']);
    status = { ...status, state: 'merged', mergeCommit: 'landed' };
    await look();
    assert.match(town.store.events(bead, 20).at(-1)?.message ?? '', /not on the target yet/);
    town.target.push('landed');
    await look();
    assert.deepEqual([...statuses(), town.work(bead).merged], ['closed', 'closed', 'landed']);
    assert.deepEqual([town.merge(request).landed, town.merge(request).pullRequest?.state], ['landed', 'closed']);
    assert.deepEqual(calls.slice(2), [`remove gastown/${bead}`]);
    assert.deepEqual(requestsIn(town.store).withPullRequest(), []);
  });

  it('is left to people where they merge, and is looked at ever less often', async () => {
    await turn();
    merging = 'off';
    const waits: number[] = [];
    for (let looks = 0; looks < 9; looks += 1) {
      await look();
      waits.push(Date.parse(town.merge(request).notBefore!) - town.service.now.value);
    }
    assert.deepEqual(calls.slice(1), []);
    assert.deepEqual(
      waits.map((ms) => ms / 1000),
      [5, 10, 20, 40, 80, 160, 300, 300, 300],
    );
    status = { ...green, merging: 'waits' };
    await look();
    assert.equal(Date.parse(town.merge(request).notBefore!) - town.service.now.value, 5_000, 'something has changed');
    assert.equal(nextLook(1_000), 300_000);
  });

  it('goes back to its author with the words of reviewers and the checks that failed, and its pull request stays', async () => {
    await turn();
    status = {
      ...green,
      checks: [{ name: 'ci', outcome: 'failed', url: 'https://ci/9' }],
      requestedChanges: [{ by: 'ann', text: 'Say why.\n\na.txt:3: here' }],
    };
    await look();
    assert.deepEqual(statuses(), ['closed', 'hooked']);
    const { problem, feedback } = town.work(bead);
    assert.equal(problem, 'ann requests changes on pull request #7: Say why.');
    assert.match(feedback!, /https:\/\/github.test\/7[^]*a.txt:3: here[^]*The check "ci" failed: https:\/\/ci\/9/);
    assert.deepEqual([town.merge(request).pullRequest?.state, calls.slice(1)], ['open', []]);
    // The next attempt goes on with it.
    const before = request;
    await town.update(bead, { status: 'in_review' });
    request = (
      await town.create({
        type: 'merge_request',
        metadata: { merge: { ...town.merge(before), pullRequest: undefined, ending: undefined } },
      })
    ).id;
    await turn();
    assert.deepEqual(
      [town.merge(before).pullRequest?.state, town.merge(request).pullRequest?.state],
      ['closed', 'open'],
    );
  });

  it('is tested and pushed again where the target has moved, before it would be merged', async () => {
    await turn();
    town.target.push('other');
    status = { ...green, merging: 'waits' };
    await look();
    assert.equal(town.merge(request).pullRequest?.state, 'open', 'people look at it: it stays as they see it');
    status = green;
    await look();
    assert.deepEqual([town.merge(request).pullRequest?.state, calls.slice(1)], ['stale', []]);
    await turn();
    assert.equal(calls.length, 2);
    assert.deepEqual(
      [town.merge(request).pullRequest?.state, town.merge(request).pullRequest?.base],
      ['open', 'other'],
    );
    status = { ...green, merging: 'behind' };
    await look();
    assert.equal(
      town.merge(request).pullRequest?.state,
      'open',
      'it stands on the target: the provider does not know yet',
    );
  });

  it('is recorded as merged where somebody has merged it before it was pushed again', async () => {
    await turn();
    town.target.push('other');
    await look();
    assert.equal(town.merge(request).pullRequest?.state, 'stale');
    town.target.push('landed');
    Object.assign(town.rig, { rebase: async () => ({ kind: 'empty' }) });
    status = { ...green, state: 'merged', mergeCommit: 'landed' };
    mergedAt = { number: 6, url: 'https://github.test/6' };
    await turn();
    assert.deepEqual([...statuses(), town.work(bead).merged], ['closed', 'closed', 'landed']);
    assert.match(calls.at(-2)!, /^close 7 .*merged by #6/, 'a second one for the same change');
    assert.equal(calls.at(-1), `remove gastown/${bead}`);
    assert.deepEqual(requestsIn(town.store).withPullRequest(), []);
  });

  it('is recorded as merged where the rig merges in another way by now', async () => {
    await turn();
    await town.close(request);
    const before = request;
    const merge = { ...town.merge(request), pullRequest: undefined, notBefore: undefined };
    request = (await town.create({ type: 'merge_request', metadata: { merge } })).id;
    Object.assign(town.rig.mergeQueue!, { strategy: 'squash' });
    Object.assign(town.rig, { rebase: async () => ({ kind: 'empty' }) });
    town.target.push('landed');
    mergedAt = { number: 7, url: 'https://github.test/7' };
    status = { ...green, state: 'merged', mergeCommit: 'landed' };
    await turn();
    assert.deepEqual([...statuses(), town.work(bead).merged], ['closed', 'closed', 'landed']);
    assert.equal(town.merge(before).pullRequest?.state, 'closed');
  });

  it('leaves alone the pull request of the same convoy in another rig, whatever its number', async () => {
    const pullRequest = { state: 'open', number: 7, url: 'u', branch: 'b', head: 'h', base: 'b', seen: '', looks: 0 };
    const merge = { ...town.merge(request), rig: 'lib', pullRequest };
    const other = (await town.create({ type: 'merge_request', metadata: { merge } })).id;
    await turn();
    assert.equal(town.merge(request).pullRequest?.number, 7);
    assert.equal(town.merge(other).pullRequest?.state, 'open');
  });

  it('of an earlier request is closed without the branch that the later one uses', async () => {
    await turn();
    const first = request;
    await town.close(request);
    const merge = { ...town.merge(request), pullRequest: undefined, notBefore: undefined };
    request = (await town.create({ type: 'merge_request', metadata: { merge } })).id;
    Object.assign(town.rig.pullRequests!, { open: async () => ({ number: 8, url: 'https://github.test/8' }) });
    await turn();
    await town.update(bead, { status: 'failed' });
    request = first;
    await close();
    assert.match(calls.at(-1)!, /^close 7 undefined /);
  });

  it('is not asked for where the rig merges in another way, and gh cannot say', async () => {
    await turn();
    await town.update(request, { metadata: { merge: { ...town.merge(request), notBefore: undefined } } });
    Object.assign(town.rig.mergeQueue!, { strategy: 'squash' });
    Object.assign(town.rig, { rebase: async () => ({ kind: 'empty' }) });
    const away = (): Promise<never> => Promise.reject(new UserError('gh is not logged in', undefined, 'conflict'));
    Object.assign(town.rig.pullRequests!, { findMerged: away });
    await turn();
    assert.deepEqual([...statuses(), town.merge(request).ending], ['closed', 'closed', 'no-change']);
  });

  it('is recorded as merged where that is found before its review', async () => {
    town.review = 'person';
    mergedAt = { number: 7, url: 'https://github.test/7' };
    status = { ...green, state: 'merged', mergeCommit: 'landed' };
    town.target.push('landed');
    Object.assign(town.rig, { rebase: async () => ({ kind: 'empty' }) });
    const { updated_at: revision } = town.bead(request);
    const action = { type: 'request-review', mergeRequest: request, rig: 'toy', revision } as const;
    await requestReview({ ...action, maxAttempts: 3, maxReviewRounds: 3 }, town.context);
    assert.deepEqual([...statuses(), town.work(bead).merged], ['closed', 'closed', 'landed']);
  });

  it('has changed nothing where nobody has merged it', async () => {
    Object.assign(town.rig, { rebase: async () => ({ kind: 'empty' }) });
    await turn();
    assert.deepEqual([...statuses(), town.merge(request).ending], ['closed', 'closed', 'no-change']);
  });

  it('of a landing is not merged when the feature branch has moved', async () => {
    for (const [tip, outdated] of [
      ['other', undefined],
      ['tip', true],
    ] as const) {
      ({ bead, request } = await town.submitted({ landing: true, outdated, branch: 'convoy/hq-1' }));
      const pullRequest = { number: 7, url: 'u', branch: 'b', head: 'candidate', base: 'base', seen: '', looks: 0 };
      const merge = { ...town.merge(request), pullRequest: { ...pullRequest, state: 'open' } };
      await town.update(request, { metadata: { merge } });
      Object.assign(town.rig, { featureTip: async () => tip });
      status = { ...green, head: 'theirs' };
      await look();
      assert.equal(town.bead(request).status, 'failed', 'commits by others are not replaced');
      await town.update(request, {
        status: 'open',
        metadata: { merge: { ...town.merge(request), pullRequest: { ...pullRequest, state: 'open' } } },
      });
      status = green;
      await look();
      assert.deepEqual([town.bead(request).status, calls], ['closed', []]);
      assert.match(town.bead(request).close_reason ?? '', /the feature branch moved/);
      assert.equal(town.merge(request).pullRequest?.state, 'open', 'the next landing goes on with it');
    }
  });

  it('is left as a person has put it meanwhile', async () => {
    await turn();
    const { updated_at: revision } = town.bead(request);
    let count = 0;
    const waits = async (): Promise<void> => void (await town.update(request, { title: `Merge ${++count}` }));
    for (const answer of [
      () => waits().then(() => Promise.reject(new UserError('the network is away', undefined, 'unavailable'))),
      () => waits().then(() => ({ ...green, state: 'closed' as const })),
      () =>
        waits()
          .then(() => town.close(bead))
          .then(() => green),
    ]) {
      Object.assign(town.rig.pullRequests!, { status: answer });
      await assert.rejects(look(), StaleAction);
    }
    assert.notEqual(town.bead(request).updated_at, revision);
    assert.deepEqual([town.bead(request).status, town.merge(request).retries], ['open', 0]);
  });

  it('waits for a person where somebody has closed it or pushed to its branch, and is proposed again by a retry', async () => {
    for (const [other, said] of [
      [{ ...green, state: 'closed' as const }, /its pull request #7 was closed/],
      [{ ...green, head: 'theirs' }, /there are commits by others on the branch/],
    ] as const) {
      await town.update(bead, { status: 'in_review' });
      await town.update(request, { status: 'open' });
      await turn();
      status = other;
      await look();
      assert.deepEqual([...statuses(), town.merge(request).pullRequest?.state], ['failed', 'failed', 'stale']);
      assert.match(town.work(bead).problem!, said);
    }
  });

  it('needs a person where gh is missing, and nothing is used up', async () => {
    Object.assign(town.rig.pullRequests!, {
      open: async () => {
        throw new UserError('gh is not logged in', 'run "gh auth login"', 'conflict');
      },
    });
    await turn();
    assert.deepEqual([...statuses(), town.merge(request).retries], ['open', 'in_review', 0]);
    const [escalation] = town.store.list({ type: ['escalation'], limit: 0 });
    assert.match(
      `${escalation?.title} ${escalation?.description}`,
      /toy cannot merge: gh is not logged in[^]*gh auth login/,
    );
  });

  it('has its pull request closed when its bead is closed, and a person is told where that fails', async () => {
    await turn();
    await town.close(bead);
    await look();
    assert.equal(town.bead(request).status, 'closed');
    await close();
    assert.deepEqual(calls.slice(1), [`close 7 gastown/${bead} ${bead} was closed.`]);
    assert.equal(town.merge(request).pullRequest?.state, 'closed');
    assert.ok(events().includes('pull_request_closed'));
    await assert.rejects(look(), StaleAction);
  });

  it('is given up on after five tries to close its pull request', async () => {
    await turn();
    await town.close(bead);
    await look();
    Object.assign(town.rig.pullRequests!, {
      close: async () => {
        throw new UserError('the network is away', undefined, 'unavailable');
      },
    });
    for (let tries = 0; tries < 5; tries += 1) await close();
    assert.equal(town.merge(request).pullRequest?.state, 'closed');
    const [escalation] = town.store.list({ type: ['escalation'], limit: 0 });
    assert.match(escalation?.title ?? '', /its pull request #7 could not be closed/);
  });
});

describe('the rule about pull requests', () => {
  const merge = {
    id: 'm',
    rig: 'toy',
    revision: 'r',
    notBefore: 0,
    hasPullRequest: true,
    hasOpenSteps: false,
  } as MergeView;
  const rig = {
    name: 'toy',
    accepted: true,
    review: 'off',
    mergeStrategy: 'pr',
    maxAttempts: 3,
    maxBatch: 16,
    mergeWindow: { size: 4, failed: false },
  } as RigView;
  const town = (more: Partial<TownView>): TownView =>
    ({
      now: 10,
      inFlight: new Set<string>(),
      rigs: [rig],
      merges: [merge],
      withdrawnMerges: [],
      abandonedPullRequests: [],
      ...more,
    }) as TownView;
  const kinds = (view: TownView): string[] => [...pullRequests(view), ...merges(view)].map(({ type }) => type);

  it('watches those that are open when it is time, and merges no other way meanwhile', () => {
    assert.deepEqual(kinds(town({})), ['watch-pull-request']);
    assert.deepEqual(kinds(town({ merges: [{ ...merge, notBefore: 11 }] })), []);
    assert.deepEqual(kinds(town({ merges: [{ ...merge, hasPullRequest: false }] })), ['merge']);
    assert.deepEqual(
      kinds(town({ rigs: [{ ...rig, mergeStrategy: 'squash' }] })),
      ['merge'],
      'the settings have changed',
    );
  });

  it('tests one change at a time: each pull request stands on the target', () => {
    const others = ['a', 'b', 'c'].map((id) => ({ ...merge, id, hasPullRequest: false, createdAt: 0, order: 0 }));
    const sizes = (strategy: RigView['mergeStrategy']): number[] =>
      merges(town({ merges: others, rigs: [{ ...rig, mergeStrategy: strategy }] })).map((action) =>
        action.type === 'merge' ? action.requests.length : 0,
      );
    assert.deepEqual([sizes('pr'), sizes('squash')], [[1], [3]]);
  });

  it('closes those that nobody works on any more', () => {
    const abandoned = { mergeRequest: 'm', rig: 'toy', revision: 'r', notBefore: 0 };
    const closing = (view: Partial<TownView>): string[] => kinds(town({ merges: [], ...view }));
    assert.deepEqual(closing({ abandonedPullRequests: [abandoned] }), ['close-pull-request']);
    assert.deepEqual(closing({ abandonedPullRequests: [{ ...abandoned, notBefore: 11 }] }), []);
  });
});
