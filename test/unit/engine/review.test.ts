import assert from 'node:assert/strict';
import { Activities } from '../../../server/src/engine/loop/activities';
import fs from 'node:fs';
import path from 'node:path';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import { UserError } from '../../../server/src/base/errors';
import { requestReview } from '../../../server/src/engine/review/requestReview';
import { nextStep } from '../../../server/src/engine/supervision/handleStall';
import { recordReviewTimeout } from '../../../server/src/engine/review/recordReviewTimeout';
import { reviewByScript } from '../../../server/src/engine/review/reviewByScript';
import { StaleAction, type EngineContext } from '../../../server/src/engine/loop/context';
import type { RigPort, SessionPort } from '../../../server/src/engine/loop/ports';
import { giveVerdict } from '../../../server/src/engine/review/review';
import { PacingRecord } from '../../../server/src/rigs/pacing';
import { isCrashLoop } from '../../../server/src/engine/supervision/crashLoops';
import type { SessionView } from '../../../server/src/sessions/types';
import { mergeOf, orderOf, withMerge, workOf } from '../../../server/src/engine/state/work';
import { tempDir } from '../../helpers/temp';

const WORKER = 'toy/polecats/rust';
const REVIEWER = 'toy/refinery';
const ann = { actor: 'ann', kind: 'person' as const };

/** A change of one bead that waits for its review, in a ledger on disk; git and sessions are made up. */
class Town {
  sessions: SessionView[] = [];
  patch = 'p1';
  runReview: RigPort['runReview'] = async () => ({ code: 0, output: '' });
  private constructor(
    readonly store: BeadStore,
    readonly bead: string,
    readonly request: string,
  ) {}

  static async open(review: object | undefined, reviews: object[] = [], note?: string): Promise<Town> {
    const root = tempDir('town');
    const store = await BeadStore.open();
    for (const [name, prefix] of [
      ['hq', 'hq'],
      ['toy', 'toy'],
    ] as const) {
      initLedger(path.join(root, name, '.beads'), prefix);
      await store.addLedger({ name, directory: path.join(root, name, '.beads'), prefix });
    }
    const [bead, request] = await store.batch({ actor: 'deacon' }, (tx) => {
      const source = tx.create('toy', {
        title: 'One',
        type: 'task',
        status: 'in_review',
        assignee: WORKER,
        metadata: { gastown: { attempt: 1, branch: 'b', reviews } },
      });
      const merge = { source: source.id, rig: 'toy', branch: 'b', commit: 'c', worker: WORKER, review, note };
      return [
        source.id,
        tx.create('toy', { title: 'Merge: One', type: 'merge_request', status: 'open', metadata: { merge } }).id,
      ];
    });
    return new Town(store, bead, request);
  }

  /** A living reviewer that was asked about this request. */
  asked(id = 's1', bead = this.request): this {
    this.sessions.push({ id, agent: REVIEWER, role: 'refinery', rig: 'toy', name: 'refinery', bead, startedAt: 0 });
    return this;
  }

  get context(): EngineContext {
    const rig = {
      name: 'toy',
      review: 'agent',
      maxReviewRounds: 2,
      branchTip: async () => 'c',
      landingBase: async () => ({ commit: 'base', expected: 'base' }),
      rebase: async () => ({ kind: 'clean', commit: 'candidate' }),
      patchId: async () => this.patch,
      keepForReview: async () => undefined,
      runReview: this.runReview,
    } as unknown as RigPort;
    return {
      store: this.store,
      sessions: {
        all: () => this.sessions,
        end: async () => undefined,
        forget: async () => undefined,
      } as unknown as SessionPort,
      clock: { now: () => new Date() },
      rig: () => rig,
      activity: new Activities(),
      onActivity: () => undefined,
    } as unknown as EngineContext;
  }

  reviewer(session = 's1') {
    return { actor: REVIEWER, kind: 'agent' as const, agent: REVIEWER, session };
  }

  get review() {
    return mergeOf(this.store.get(this.request)!)?.review;
  }

  get status(): string {
    return this.store.get(this.bead)!.status;
  }
}

const CHANGE = { state: 'waiting', patch: 'p1', commit: 'candidate', base: 'base' };
const waiting = { ...CHANGE, reviewers: { agent: { shown: 'p1', unanswered: 0 } } };

describe('a verdict', () => {
  it('of the reviewer that was asked counts, once', async () => {
    const town = (await Town.open(waiting)).asked();
    await giveVerdict(town.context, town.reviewer(), town.bead, { verdict: 'approved', message: 'Fine' });
    assert.deepEqual([town.review?.state, town.review?.by, town.review?.message], ['approved', REVIEWER, 'Fine']);
    for (const verdict of ['approved', 'rejected'] as const) {
      await assert.rejects(
        giveVerdict(town.context, town.reviewer(), town.bead, { verdict, message: 'On second thoughts' }),
        /has been approved by toy\/refinery already/,
      );
    }
    assert.equal(workOf(town.store.get(town.bead)!).reviews.length, 1);
  });

  it('about another change than the one that was shown is refused', async () => {
    const town = (await Town.open({ ...waiting, patch: 'p2' })).asked();
    await assert.rejects(
      giveVerdict(town.context, town.reviewer(), town.bead, { verdict: 'approved', message: '' }),
      /not the one that you were shown/,
    );
    await assert.rejects(
      giveVerdict(town.context, ann, town.bead, { verdict: 'approved', message: '', patch: 'p1' }),
      /not the one that you looked at/,
    );
    assert.equal(town.review?.state, 'waiting');
    await giveVerdict(town.context, ann, town.bead, { verdict: 'approved', message: '', patch: 'p2' });
    assert.equal(town.review?.state, 'approved');
  });

  it('of anybody who was not asked is refused: the author, an old session, one that reviews something else', async () => {
    const town = (await Town.open(waiting)).asked('s1').asked('s2', 'toy-other');
    const author = { actor: WORKER, kind: 'agent' as const, agent: WORKER, session: 's9' };
    await assert.rejects(
      giveVerdict(town.context, author, town.bead, { verdict: 'approved', message: '' }),
      /authors may not review their own work/,
    );
    await assert.rejects(
      giveVerdict(town.context, town.reviewer('s2'), town.bead, { verdict: 'approved', message: '' }),
      /not asked to review/,
    );
    await assert.rejects(
      giveVerdict(town.context, town.reviewer('gone'), town.bead, { verdict: 'approved', message: '' }),
      /not asked to review/,
    );
  });

  it('of a person goes where it makes sense, and says where not', async () => {
    const unseen = await Town.open(undefined);
    await assert.rejects(
      giveVerdict(unseen.context, ann, unseen.bead, { verdict: 'approved', message: '' }),
      /not ready for review yet/,
    );
    await assert.rejects(
      giveVerdict(unseen.context, ann, unseen.bead, { verdict: 'rejected', message: ' ' }),
      /describe what has to change/,
    );
    await assert.rejects(
      giveVerdict(unseen.context, ann, 'nonesuch', { verdict: 'approved', message: '' }),
      /no open merge request nonesuch/,
    );
    await giveVerdict(unseen.context, ann, 'b', { verdict: 'rejected', message: 'Not like this' });
    assert.equal(unseen.status, 'hooked');
    const merging = await Town.open({ ...waiting, state: 'approved' });
    await merging.store.batch(ann, (tx) => tx.update(merging.request, { status: 'in_progress' }));
    await assert.rejects(
      giveVerdict(merging.context, ann, merging.bead, { verdict: 'rejected', message: 'Stop' }),
      /being merged right now/,
    );
  });

  it('takes back an approval, until the merge has begun', async () => {
    const town = await Town.open({ ...waiting, state: 'approved', by: REVIEWER });
    await giveVerdict(town.context, ann, town.bead, { verdict: 'rejected', message: 'I see a bug' });
    assert.equal(town.status, 'hooked');
    const { reviews, feedback, attempt } = workOf(town.store.get(town.bead)!);
    assert.deepEqual([reviews.at(-1)?.message, feedback, attempt], ['I see a bug', 'I see a bug', 2]);
  });

  it('says what is merged first only where a person gives it', async () => {
    const firstOf = (town: Town): boolean => orderOf(mergeOf(town.store.get(town.request)!)!) < 0;
    const town = (await Town.open(waiting)).asked();
    await giveVerdict(town.context, town.reviewer(), town.bead, { verdict: 'approved', message: '', first: true });
    assert.deepEqual([town.review?.state, firstOf(town)], ['approved', false]);
    await giveVerdict(town.context, ann, town.bead, { verdict: 'approved', message: '', first: true });
    assert.equal(firstOf(town), true);
    const wanted = (await Town.open(waiting)).asked();
    await wanted.store.batch(ann, (tx) =>
      tx.update(wanted.request, { metadata: withMerge(wanted.store.get(wanted.request)!, { first: true }) }),
    );
    await giveVerdict(wanted.context, wanted.reviewer(), wanted.bead, {
      verdict: 'approved',
      message: '',
      first: false,
    });
    assert.equal(firstOf(wanted), true, 'what a person wanted stays');
  });

  it('sends a change back a bounded number of times', async () => {
    const town = await Town.open(waiting, [{ by: REVIEWER, verdict: 'rejected', message: 'no', patch: 'p0', at: '' }]);
    await giveVerdict(town.context, ann, town.bead, { verdict: 'rejected', message: 'still no' });
    assert.equal(town.status, 'failed');
    assert.match(town.store.list({ type: ['escalation'], limit: 0 })[0]!.title, /requested changes: still no/);
  });
});

describe('laying out a review', () => {
  const rejected = [{ by: REVIEWER, verdict: 'rejected', message: 'Add a test', patch: 'p1', at: '' }];
  const lay = async (town: Town): Promise<void> =>
    requestReview(
      {
        type: 'request-review',
        mergeRequest: town.request,
        rig: 'toy',
        revision: town.store.get(town.request)!.updated_at,
        maxAttempts: 3,
        maxReviewRounds: 3,
      },
      town.context,
    );

  it('asks about the commit that would land', async () => {
    const town = await Town.open(undefined);
    await lay(town);
    assert.deepEqual(town.review, { state: 'waiting', patch: 'p1', commit: 'candidate', base: 'base', reviewers: {} });
  });

  it('sends back what has not changed since it was rejected, unless its author has something to say', async () => {
    const same = await Town.open(undefined, rejected);
    await lay(same);
    assert.equal(same.status, 'hooked');
    assert.match(
      workOf(same.store.get(same.bead)!).feedback ?? '',
      /same as the one that was rejected[\s\S]*Add a test/,
    );
    const answered = await Town.open(undefined, rejected, 'There is a test: a.test.ts');
    await lay(answered);
    assert.equal(answered.review?.state, 'waiting');
    const changed = await Town.open(undefined, rejected);
    changed.patch = 'p2';
    await lay(changed);
    assert.equal(changed.review?.state, 'waiting');
  });

  it('withdraws the request of a bead that was closed meanwhile, and does nothing on an old picture', async () => {
    const town = await Town.open(undefined);
    await town.store.batch(ann, (tx) => tx.close(town.bead, 'not wanted', { force: true }));
    await lay(town);
    assert.equal(town.store.get(town.request)!.status, 'closed');
    const moved = await Town.open(undefined);
    const { updated_at } = moved.store.get(moved.request)!;
    await moved.store.batch(ann, (tx) =>
      tx.update(moved.request, { metadata: withMerge(moved.store.get(moved.request)!, { first: true }) }),
    );
    await assert.rejects(
      requestReview(
        {
          type: 'request-review',
          mergeRequest: moved.request,
          rig: 'toy',
          revision: updated_at,
          maxAttempts: 3,
          maxReviewRounds: 3,
        },
        moved.context,
      ),
      /has changed/,
    );
  });
});

describe('a review without an answer', () => {
  const revision = (town: Town): string => town.store.get(town.request)!.updated_at;
  const script = (town: Town): Promise<void> =>
    reviewByScript(
      {
        type: 'review-by-script',
        mergeRequest: town.request,
        rig: 'toy',
        revision: revision(town),
        maxReviewRounds: 3,
      },
      town.context,
    );
  const silence = (town: Town, stopped: boolean): Promise<void> =>
    recordReviewTimeout(
      {
        type: 'record-review-timeout',
        mergeRequest: town.request,
        rig: 'toy',
        reviewer: 'agent',
        session: 's1',
        revision: revision(town),
        problem: 'x',
        stopped,
      },
      town.context,
    );
  const asked = (town: Town) => town.review?.reviewers.agent;
  const escalations = (town: Town): number => town.store.list({ type: ['escalation'], limit: 0 }).length;

  it('is none where nobody has accepted the command yet', async () => {
    const town = await Town.open(waiting);
    town.runReview = async () => {
      throw new UserError('the commands of toy wait for a person', undefined, 'consent');
    };
    for (let n = 0; n < 4; n += 1) await assert.rejects(script(town), StaleAction);
    assert.equal(Object.keys(town.review?.reviewers ?? {}).includes('script'), false);
    town.runReview = async () => {
      throw new UserError('the disk is full', undefined, 'unavailable');
    };
    await script(town);
    assert.equal(town.review?.reviewers.script?.unanswered, 1);
  });

  it('is asked for again after a pause, as often as a person stops the reviewer', async () => {
    const town = await Town.open(waiting);
    for (let n = 0; n < 5; n += 1) {
      await silence(town, true);
      assert.deepEqual([asked(town)?.unanswered, asked(town)?.person, asked(town)?.shown], [0, undefined, undefined]);
      const pauseMs = Date.parse(asked(town)!.notBefore!) - Date.now();
      assert.ok(pauseMs > 30_000 && pauseMs <= 60_000, String(pauseMs));
    }
    assert.equal(escalations(town), 0);
    for (let n = 0; n < 3; n += 1) await silence(town, false);
    assert.deepEqual([asked(town)?.unanswered, asked(town)?.person, escalations(town)], [3, true, 1]);
  });
});

describe('a silent agent', () => {
  const steps = (state: { unsubmitted: boolean; takesNudges: boolean }): string[] =>
    [0, 1, 2, 3, 4, 5].map((count) => nextStep({ ...state, steps: count }));

  it('with work that it does not hand in is nudged three times, then the Mayor and a person are told', () => {
    assert.deepEqual(steps({ unsubmitted: true, takesNudges: true }), [
      'nudge',
      'nudge',
      'nudge',
      'mayor',
      'person',
      'wait',
    ]);
  });
  it('that has done nothing is nudged once and restarted', () => {
    assert.deepEqual(steps({ unsubmitted: false, takesNudges: true }), [
      'nudge',
      'restart',
      'restart',
      'restart',
      'restart',
      'restart',
    ]);
  });
  it('that reads no words is restarted once; silent again at the same place it may be slow, and a person is told', () => {
    for (const unsubmitted of [true, false])
      assert.deepEqual(steps({ unsubmitted, takesNudges: false }), [
        'restart',
        'person',
        'wait',
        'wait',
        'wait',
        'wait',
      ]);
  });
});

describe('a crash loop', () => {
  it('is many early ends within a minute, more of them where there are many workers', () => {
    const ends = [0, 1, 2, 3, 4];
    assert.equal(isCrashLoop(ends, 5, 2), false);
    ends.push(5);
    assert.equal(isCrashLoop(ends, 6, 2), true);
    assert.equal(isCrashLoop(ends, 6, 10), false);
    assert.equal(isCrashLoop(ends, 60_003, 2), false, 'it passes');
  });

  it('is remembered by the next server', () => {
    const file = path.join(tempDir('pacing'), 'deep', 'toy.json');
    const first = new PacingRecord(file);
    first.recordSpawn(100);
    for (const at of [101, 102]) first.recordShortLife(at);
    assert.deepEqual(new PacingRecord(file).read(), { lastSpawnAt: 100, shortLives: [101, 102] });
    fs.writeFileSync(file, '{torn');
    assert.deepEqual(new PacingRecord(file).read(), { lastSpawnAt: 0, shortLives: [] });
  });
});
