import assert from 'node:assert/strict';
import { concludeReview } from '../../../server/src/engine/review/conclude';
import { giveVerdict } from '../../../server/src/engine/review/review';
import { recordReviewTimeout } from '../../../server/src/engine/review/recordReviewTimeout';
import { reviewByAgent } from '../../../server/src/engine/review/reviewByAgent';
import { reviewByScript } from '../../../server/src/engine/review/reviewByScript';
import { reopen } from '../../../server/src/engine/review/requestReview';
import { reviewerEnds, reviews } from '../../../server/src/engine/review/reviewRule';
import { StaleAction } from '../../../server/src/engine/loop/context';
import type { MergeView, RigView, TownView } from '../../../server/src/engine/state/townView';
import { rejectionsOf } from '../../../server/src/engine/state/work';
import type { CallContext } from '../../../server/src/protocol/dispatcher';
import type { ReviewSetting, VerdictResult } from '../../../server/src/protocol/town';
import type { SessionView } from '../../../server/src/sessions/types';
import { EngineTown } from './engineTown';

const ann: CallContext = { actor: 'ann', kind: 'person' };
const all = (...reviewers: string[]): ReviewSetting => ({ reviewers, needed: 'all' });
const any = (...reviewers: string[]): ReviewSetting => ({ reviewers, needed: 'any' });
const CHANGE = { state: 'waiting' as const, patch: 'patch', commit: 'candidate', base: 'base' };

/** A change that several agents were asked about at once. */
class Reviewed {
  private constructor(
    readonly town: EngineTown,
    readonly bead: string,
    readonly request: string,
  ) {}

  static async open(review: ReviewSetting, asked: readonly string[]): Promise<Reviewed> {
    const town = await EngineTown.open();
    town.review = review;
    const reviewers = Object.fromEntries(asked.map((name) => [name, { shown: 'patch', unanswered: 0 }]));
    const { bead, request } = await town.submitted({ review: { ...CHANGE, reviewers } });
    for (const name of asked) town.sessions.push(session(name, request));
    return new Reviewed(town, bead, request);
  }

  agent(name: string, verdict: 'approved' | 'rejected', message = `${name} says so`): Promise<VerdictResult> {
    const agent = addressOf(name);
    const caller: CallContext = { actor: agent, kind: 'agent', agent, session: `s-${name}` };
    return giveVerdict(this.town.context, caller, this.bead, { verdict, message });
  }

  person(verdict: 'approved' | 'rejected', more: { forAll?: boolean; first?: boolean } = {}): Promise<VerdictResult> {
    return giveVerdict(this.town.context, ann, this.bead, { verdict, message: 'ann says so', ...more });
  }

  conclude(): Promise<void> {
    const { updated_at: revision } = this.town.bead(this.request);
    const about = { mergeRequest: this.request, rig: 'toy', revision, maxReviewRounds: 3 };
    return concludeReview({ type: 'conclude-review', ...about }, this.town.context);
  }

  get state(): string {
    const request = this.town.bead(this.request);
    return request.status === 'closed' ? 'sent back' : (this.town.merge(this.request).review?.state ?? 'none');
  }

  get feedback(): string {
    return this.town.work(this.bead).feedback ?? '';
  }
}

const addressOf = (name: string): string => (name === 'agent' ? 'toy/refinery' : `toy/refinery/${name}`);

function session(name: string, bead: string): SessionView {
  const agent = addressOf(name);
  return { id: `s-${name}`, agent, role: 'refinery', rig: 'toy', name, bead, startedAt: 0 };
}

describe('verdicts of several reviewers', () => {
  it('all: it is approved with the last of them, and says by whom', async () => {
    const change = await Reviewed.open(all('agent', 'codex'), ['agent', 'codex']);
    assert.deepEqual((await change.agent('codex', 'approved')).waitsFor, ['agent']);
    assert.equal(change.state, 'waiting');
    assert.equal((await change.agent('agent', 'approved')).waitsFor, undefined);
    assert.equal(change.state, 'approved');
    assert.equal(change.town.merge(change.request).review?.by, 'toy/refinery, toy/refinery/codex');
    assert.deepEqual(
      change.town.work(change.bead).reviews.map(({ by, part }) => [by, part]),
      [
        ['toy/refinery/codex', true],
        ['toy/refinery', undefined],
      ],
    );
  });

  it('all: one request for changes sends it back with what all have said, as one round', async () => {
    const change = await Reviewed.open(all('claude', 'codex', 'amp'), ['claude', 'codex', 'amp']);
    await change.agent('claude', 'approved', 'Nice tests');
    await change.agent('codex', 'rejected', 'It leaks');
    assert.equal(change.state, 'sent back');
    assert.match(
      change.feedback,
      /toy\/refinery\/codex requests changes:\nIt leaks[\s\S]*toy\/refinery\/claude approves:\nNice tests/,
    );
    assert.equal(rejectionsOf(change.town.work(change.bead)), 1);
    await assert.rejects(change.agent('amp', 'approved'), /no open merge request/);
  });

  it('any: the first approval is enough; two rejections are one round', async () => {
    const approved = await Reviewed.open(any('claude', 'codex'), ['claude', 'codex']);
    await approved.agent('codex', 'rejected', 'Hm');
    assert.equal(approved.state, 'waiting');
    await approved.agent('claude', 'approved');
    assert.equal(approved.state, 'approved');
    const rejected = await Reviewed.open(any('claude', 'codex'), ['claude', 'codex']);
    assert.deepEqual((await rejected.agent('codex', 'rejected', 'Hm')).waitsFor, ['claude']);
    await rejected.agent('claude', 'rejected', 'No');
    assert.equal(rejected.state, 'sent back');
    assert.match(rejected.feedback, /No[\s\S]*Hm/);
    assert.equal(rejectionsOf(rejected.town.work(rejected.bead)), 1);
  });

  it('are taken once, of those that were asked about this version', async () => {
    const change = await Reviewed.open(all('claude', 'codex'), ['claude', 'codex']);
    await change.agent('claude', 'approved');
    await assert.rejects(change.agent('claude', 'rejected'), /you have approved .* already/);
    await assert.rejects(change.agent('amp', 'approved'), /you were not asked/);
    await reopen({ mergeRequest: change.request, rig: 'toy' }, 'another', 'base', change.town.context);
    await assert.rejects(change.agent('codex', 'approved'), /it has changed since/);
    assert.deepEqual(change.town.merge(change.request).review?.reviewers, {}, 'all are asked again');
    change.town.review = all('claude');
    await assert.rejects(change.agent('codex', 'approved'), /does not ask you for reviews any more/);
  });

  it('an agent does not answer for others', async () => {
    const change = await Reviewed.open(all('claude', 'codex'), ['claude', 'codex']);
    const agent = 'toy/refinery/claude';
    const caller: CallContext = { actor: agent, kind: 'agent', agent, session: 's-codex' };
    await assert.rejects(
      giveVerdict(change.town.context, caller, change.bead, { verdict: 'approved', message: 'x' }),
      /you were not asked/,
    );
    const own = { ...caller, session: 's-claude' };
    await assert.rejects(
      giveVerdict(change.town.context, own, change.bead, { verdict: 'approved', message: 'x', forAll: true }),
      /only a person/,
    );
  });

  it('a person is one of them, may answer for all, and rejects for all', async () => {
    const one = await Reviewed.open(all('codex', 'person'), ['codex']);
    assert.deepEqual((await one.person('approved', { first: true })).waitsFor, ['codex']);
    assert.equal(one.state, 'waiting');
    await one.agent('codex', 'approved');
    assert.equal(one.state, 'approved');
    assert.equal(one.town.merge(one.request).order, -1, 'is still merged first');
    const forAll = await Reviewed.open(all('codex', 'person'), ['codex']);
    await forAll.person('approved', { forAll: true });
    assert.equal(forAll.state, 'approved');
    const rejected = await Reviewed.open(any('codex', 'person'), ['codex']);
    await rejected.person('rejected');
    assert.equal(rejected.state, 'sent back');
    assert.match(rejected.feedback, /ann says so/);
    const stranger = await Reviewed.open(all('codex', 'claude'), ['codex', 'claude']);
    await stranger.person('approved');
    assert.equal(stranger.state, 'approved', 'who is none of them decides alone');
    await stranger.person('rejected');
    assert.equal(stranger.state, 'sent back');
  });

  it('the command of the rig is one of them, and is asked once', async () => {
    const change = await Reviewed.open(all('script', 'codex'), ['codex']);
    const script = (): Promise<void> => {
      const { updated_at: revision } = change.town.bead(change.request);
      const about = { mergeRequest: change.request, rig: 'toy', revision, maxReviewRounds: 3 };
      return reviewByScript({ type: 'review-by-script', ...about }, change.town.context);
    };
    await script();
    assert.equal(change.town.merge(change.request).review?.reviewers.script?.answer?.verdict, 'approved');
    await assert.rejects(script(), StaleAction);
    await change.agent('codex', 'approved');
    assert.equal(change.state, 'approved');
  });
});

describe('reviewers that are lost', () => {
  const timeout = (change: Reviewed, reviewer: string): Promise<void> => {
    const { updated_at: revision } = change.town.bead(change.request);
    return recordReviewTimeout(
      {
        ...{ type: 'record-review-timeout', mergeRequest: change.request, rig: 'toy', reviewer },
        ...{ session: `s-${reviewer}`, revision, problem: 'ended without an answer', stopped: false },
      },
      change.town.context,
    );
  };

  it('are given up after three times: a person decides in their place, the others go on', async () => {
    const change = await Reviewed.open(all('claude', 'codex'), ['claude', 'codex']);
    for (let n = 0; n < 3; n += 1) await timeout(change, 'codex');
    assert.equal(change.town.merge(change.request).review?.reviewers.codex?.person, true);
    assert.match(change.town.escalations.join(), /the reviewer codex ended without an answer/);
    await change.person('approved');
    assert.equal(change.town.merge(change.request).review?.reviewers.codex?.answer?.by, 'ann');
  });

  it('hold nothing once the settings do not name them any more', async () => {
    const change = await Reviewed.open(all('claude', 'codex'), ['claude', 'codex']);
    await change.agent('claude', 'approved');
    await assert.rejects(change.conclude(), StaleAction, 'codex is waited for');
    change.town.review = all('claude');
    await change.conclude();
    assert.equal(change.state, 'approved');
    const rejected = await Reviewed.open(any('claude', 'codex'), ['claude', 'codex']);
    await rejected.agent('claude', 'rejected', 'No');
    rejected.town.review = any('claude');
    await rejected.conclude();
    assert.equal(rejected.state, 'sent back');
    assert.equal(rejectionsOf(rejected.town.work(rejected.bead)), 1, 'it counts as a round now');
  });

  it('whose start fails are asked again; those that others have decided over are not started', async () => {
    const change = await Reviewed.open(all('claude', 'codex'), []);
    const start = (reviewer: string): Promise<void> => {
      const { updated_at: revision } = change.town.bead(change.request);
      const about = { mergeRequest: change.request, rig: 'toy', revision };
      return reviewByAgent({ type: 'review-by-agent', ...about, reviewer }, change.town.context);
    };
    // Both of one round: the second sees another revision than it was decided on, and the same patch.
    await Promise.all([start('claude'), start('codex')]);
    assert.equal(change.town.calls.filter((call) => call === 'start').length, 2);
    assert.equal(change.town.merge(change.request).review?.reviewers.codex?.shown, 'patch');
    await change.person('approved');
    await assert.rejects(start('claude'), StaleAction);
  });

  it('rejections that are no longer kept still count', async () => {
    const change = await Reviewed.open('agent', ['agent']);
    await change.town.store.batch(ann, (tx) => {
      const entry = { by: 'x', verdict: 'rejected' as const, message: 'm', patch: 'p', at: '2026-01-01T00:00:00Z' };
      const gastown = { branch: 'polecat/rust/one', attempt: 1, reviews: Array.from({ length: 20 }, () => entry) };
      tx.update(change.bead, { metadata: { gastown } });
    });
    await change.agent('agent', 'rejected');
    const work = change.town.work(change.bead);
    assert.deepEqual([work.reviews.length, rejectionsOf(work)], [20, 21]);
  });
});

describe('the rule that asks reviewers', () => {
  const NOW = 1_000_000;
  const view = (
    review: ReviewSetting,
    states: object,
    more: { sessions?: SessionView[]; rig?: object } = {},
  ): TownView => {
    const rig = { name: 'toy', accepted: true, review, unacceptedReviewers: [], reviewTimeoutMs: 60_000, ...more.rig };
    const merge = {
      ...{ id: 'm1', rig: 'toy', source: 'b1', revision: 'r', createdAt: 1, priority: 2, notBefore: 0, order: 0 },
      review: { state: 'waiting', patch: 'p', states },
    };
    return {
      now: NOW,
      rigs: [rig as unknown as RigView],
      merges: [merge as unknown as MergeView],
      sessions: more.sessions ?? [],
    } as unknown as TownView;
  };
  const asked = (...args: Parameters<typeof view>): string[] =>
    reviews(view(...args)).map((action) =>
      action.type === 'review-by-agent' ? `agent ${action.reviewer}` : action.type,
    );

  it('asks all at once, and nobody twice', () => {
    const setting = all('claude', 'codex', 'script', 'person');
    assert.deepEqual(asked(setting, {}), ['agent claude', 'agent codex', 'review-by-script']);
    const answer = { verdict: 'approved', by: 'x', message: '', at: '' };
    assert.deepEqual(asked(setting, { claude: { answer, unanswered: 0 }, script: { answer, unanswered: 0 } }), [
      'agent codex',
    ]);
    assert.deepEqual(asked(setting, {}, { sessions: [session('codex', 'other')] }), [
      'agent claude',
      'review-by-script',
    ]);
    assert.deepEqual(asked(setting, {}, { rig: { unacceptedReviewers: ['claude'] } }), [
      'agent codex',
      'review-by-script',
    ]);
  });

  it('asks one that gave no answer after its pause, and not once it is given up', () => {
    const later = new Date(NOW + 1_000).toISOString();
    assert.deepEqual(asked(all('claude', 'codex'), { claude: { unanswered: 1, notBefore: later } }), ['agent codex']);
    assert.deepEqual(asked(all('claude', 'codex'), { claude: { unanswered: 3, person: true } }), ['agent codex']);
  });

  it('concludes where the answers that are there decide it', () => {
    const answer = { verdict: 'approved', by: 'x', message: '', at: '' };
    assert.deepEqual(asked(all('claude'), { claude: { unanswered: 0, answer }, codex: { unanswered: 0 } }), [
      'conclude-review',
    ]);
  });

  it('ends the sessions of those that are not asked any more, and records those that died', () => {
    const shown = { codex: { unanswered: 0, shown: 'p' } };
    const sessions = [{ ...session('codex', 'm1'), startedAt: NOW - 10 }];
    const ends = (setting: ReviewSetting, states: object, list = sessions): string[] =>
      reviewerEnds(view(setting, states, { sessions: list })).map(({ type }) => type);
    assert.deepEqual(ends(all('codex'), shown), []);
    assert.deepEqual(ends(all('claude'), shown), ['end-session'], 'removed from the settings');
    const dead = [{ ...sessions[0]!, exit: { kind: 'killed' as const, code: null } }];
    assert.deepEqual(ends(all('codex'), shown, dead), ['record-review-timeout']);
    assert.deepEqual(ends(all('codex'), shown, [{ ...sessions[0]!, startedAt: NOW - 61_000 }]), [
      'record-review-timeout',
    ]);
    assert.deepEqual(ends(all('claude'), shown, dead), ['forget-session']);
  });
});
