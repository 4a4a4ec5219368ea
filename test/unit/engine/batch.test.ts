import assert from 'node:assert/strict';
import { AbortedError } from '../../../server/src/base/abort';
import { UserError } from '../../../server/src/base/errors';
import { StaleAction } from '../../../server/src/engine/loop/context';
import { confirmFailure } from '../../../server/src/engine/mergeQueue/confirmCulprit';
import { merge } from '../../../server/src/engine/mergeQueue/merge';
import { prepareBatch } from '../../../server/src/engine/mergeQueue/prepareBatch';
import { preparedIn } from '../../../server/src/engine/mergeQueue/preparedBatches';
import { searchBatch } from '../../../server/src/engine/mergeQueue/searchBatch';
import { searchesIn } from '../../../server/src/engine/mergeQueue/searches';
import type { MergeRequest, Work } from '../../../server/src/engine/state/work';
import type { GateResult } from '../../../server/src/rigs/types';
import { EngineTown } from './engineTown';

const BASE = 'root';
const red: GateResult = {
  passed: false,
  gate: 'test',
  problem: 'failed with exit code 1',
  output: 'no',
  passedBefore: true,
};

/** Merge requests of beads a, b, c …, and a git in which a commit is named by all that is in it: `root+a+b`. */
class BatchTown {
  readonly pushes: string[] = [];
  readonly gateRuns: string[] = [];
  readonly activities = new Set<string>();
  readonly beads = new Map<string, { bead: string; request: string }>();
  /** `gate_passed toy-1` */
  readonly gateEvents: string[] = [];
  /** Whether gates fail on a commit. */
  isRed: (commit: string) => boolean = () => false;
  conflicts: (tip: string, onto: string) => boolean = () => false;
  /** Other commits that land with one. */
  before: (tip: string) => string[] = () => [];
  patchOf: (onto: string, tip: string) => string = (_, tip) => tip;
  /** What a call to git meets. */
  onCall: (call: string) => void = () => undefined;

  private constructor(readonly town: EngineTown) {
    const after = <T>(call: string, result: () => T): Promise<T> => {
      this.onCall(`before ${call}`);
      const value = result();
      this.onCall(`after ${call}`);
      return Promise.resolve(value);
    };
    town.store.onDidChange(({ events }) => {
      for (const { type, bead } of events) if (type.startsWith('gate_')) this.gateEvents.push(`${type} ${bead}`);
    });
    const gate = { name: 'test', command: 'test', timeoutSeconds: 1 };
    Object.assign(town.rig, {
      gates: [gate],
      branchTip: async (branch) => branch.replace('polecat/', ''),
      rebase: (tip, onto) =>
        after(`rebase ${tip}`, () =>
          onto.split('+').includes(tip)
            ? { kind: 'empty' }
            : this.conflicts(tip, onto)
              ? { kind: 'conflict', files: ['a.txt'] }
              : { kind: 'clean', commit: `${onto}+${tip}`, before: this.before(tip).map((part) => `${onto}+${part}`) },
        ),
      patchId: async (onto, commit) => this.patchOf(onto, commit.split('+').at(-1)!),
      landingBase: () => after('base', () => ({ commit: this.tip, expected: this.tip })),
      runGates: (commit, _run, onGate) =>
        after(`gates ${commit}`, () => {
          this.gateRuns.push(commit);
          onGate(gate, 'started');
          this.activities.add(this.town.activity.of('toy/refinery') ?? '');
          onGate(gate, this.isRed(commit) ? 'failed' : 'passed');
          return this.isRed(commit) ? red : { passed: true };
        }),
      hasLanded: async (commit) => `${this.tip}+`.startsWith(`${commit}+`),
      land: (commit, base) =>
        after('push', () => {
          assert.ok(!this.isRed(commit), 'the target is never red');
          if (base.expected !== this.tip) return false;
          this.pushes.push(commit);
          return true;
        }),
    } satisfies EngineTown['rig']);
  }

  static async of(names: string, merges: Partial<Record<string, Partial<MergeRequest>>> = {}): Promise<BatchTown> {
    const town = new BatchTown(await EngineTown.open());
    for (const name of names) await town.submit(name, merges[name]);
    return town;
  }

  async submit(name: string, request: Partial<MergeRequest> = {}, work: Partial<Work> = {}): Promise<void> {
    const submitted = await this.town.submitted({ branch: `polecat/${name}`, commit: name, ...request }, work);
    this.beads.set(name, submitted);
  }

  get tip(): string {
    return this.pushes.at(-1) ?? BASE;
  }

  request(name: string): MergeRequest {
    return this.town.merge(this.beads.get(name)!.request);
  }

  work(name: string): Work {
    return this.town.work(this.beads.get(name)!.bead);
  }

  /** Status of each request and its bead, such as `a: closed closed`. */
  get statuses(): string[] {
    return [...this.beads].map(
      ([name, { bead, request }]) => `${name}: ${this.town.bead(request).status} ${this.town.bead(bead).status}`,
    );
  }

  /** @param parts of the lane; the whole repository by default */
  turn(names: string, stale = '', parts?: readonly string[]): Promise<void> {
    const requests = [...names].map((name) => {
      const { request } = this.beads.get(name)!;
      return { mergeRequest: request, revision: stale.includes(name) ? 'old' : this.town.bead(request).updated_at };
    });
    const lane = parts === undefined ? {} : { parts };
    return merge({ type: 'merge', rig: 'toy', ...lane, requests, maxAttempts: 3, maxBatch: 16 }, this.town.context);
  }
}

describe('a batch of the merge queue', () => {
  let batch: BatchTown;
  const town = (): EngineTown => batch.town;
  afterEach(() => town().store.close());

  it('tests each commit of a change in the mode "each", and lands no change of which one fails', async () => {
    batch = await BatchTown.of('abc');
    Object.assign(town().rig, { mergeQueue: { mode: 'each', strategy: 'rebase', flakyRetries: 0 } });
    batch.before = (tip) => (tip === 'b' ? ['b1', 'b2'] : []);
    batch.isRed = (commit) => commit.endsWith('b2');
    await batch.turn('abc');
    assert.deepEqual(batch.gateRuns, ['root+a', 'root+a+b1', 'root+a+b2']);
    assert.deepEqual(batch.pushes, ['root+a']);
    assert.deepEqual(batch.statuses, ['a: closed closed', 'b: closed hooked', 'c: open in_review']);
    assert.deepEqual(
      [...'ab'].map((name) => batch.request(name).checks?.map(({ passed }) => passed)),
      [[true], [false]],
    );
  });

  it('is one chain, tested at its end, and landed by one push', async () => {
    batch = await BatchTown.of('abc');
    const recorded: (string | undefined)[] = [];
    batch.onCall = (call) => {
      if (call === 'before push') for (const name of 'abc') recorded.push(batch.request(name).candidate);
    };
    await batch.turn('abc');
    assert.deepEqual(batch.gateRuns, ['root+a+b+c']);
    assert.deepEqual(batch.pushes, ['root+a+b+c']);
    assert.deepEqual(recorded, ['root+a', 'root+a+b', 'root+a+b+c'], 'written down before the push');
    assert.deepEqual(batch.statuses, ['a: closed closed', 'b: closed closed', 'c: closed closed']);
    assert.deepEqual(
      [...'abc'].map((name) => batch.work(name).merged),
      recorded,
      'each has the commit of its own',
    );
    assert.deepEqual([...batch.activities], [`test: ${batch.beads.get('a')!.bead} + 2 more`]);
    assert.equal(town().activity.of('toy/refinery'), undefined, 'nothing is shown when it is over');
    assert.deepEqual(town().mergeWindow, { size: 5, failed: false });
  });

  it('leaves out what has changed since it was decided on, and only that', async () => {
    batch = await BatchTown.of('abc');
    await batch.turn('abc', 'b');
    assert.deepEqual(batch.pushes, ['root+a+c']);
    assert.deepEqual(batch.statuses, ['a: closed closed', 'b: open in_review', 'c: closed closed']);
    await assert.rejects(batch.turn('b', 'b'), StaleAction);
  });

  it('ends each member by itself that needs no gate', async () => {
    batch = await BatchTown.of('abcde', { b: { candidate: BASE }, d: { noChange: true } });
    await town().close(batch.beads.get('c')!.bead);
    town().rig.hasUnsubmittedWork = async () => false;
    batch.patchOf = (_, tip) => tip;
    await batch.turn('abcde');
    assert.deepEqual(batch.pushes, ['root+a+e']);
    assert.deepEqual(
      [batch.work('b').merged, batch.work('c').merged, batch.work('d').merged],
      [BASE, undefined, undefined],
    );
    assert.ok(batch.statuses.every((line) => line.endsWith('closed closed')));
  });

  it('leaves for a later turn what only conflicts with an earlier member, and uses up no attempt', async () => {
    batch = await BatchTown.of('abc');
    batch.conflicts = (tip, onto) => tip === 'b' && onto.includes('a');
    await batch.turn('abc');
    assert.deepEqual(batch.pushes, ['root+a+c']);
    assert.deepEqual(batch.statuses[1], 'b: open in_review');
    assert.deepEqual(
      [batch.work('b').attempt, batch.request('b').retries, batch.request('b').notBefore],
      [1, 0, undefined],
    );
    await batch.turn('b');
    assert.deepEqual(batch.statuses[1], 'b: closed hooked', 'now it is a conflict with the target');
    assert.match(batch.work('b').problem ?? '', /conflicts with the target in a\.txt/);
    assert.equal(batch.work('b').rebaseOnto, 'root+a+c');
  });

  it('asks for another review where the target makes another patch of it, not where an earlier member does', async () => {
    const approved = (patch: string): Partial<MergeRequest> => ({
      review: { state: 'approved', patch, commit: 'x', base: BASE, reviewers: {} },
    });
    batch = await BatchTown.of('abc', { a: approved('a'), b: approved('b'), c: approved('an older one') });
    town().review = 'person';
    batch.patchOf = (onto, tip) => (tip === 'b' && onto.includes('a') ? 'another' : tip);
    await batch.turn('abc');
    assert.deepEqual(batch.pushes, ['root+a']);
    assert.deepEqual([batch.request('b').review?.state, batch.request('c').review?.state], ['approved', 'waiting']);
    assert.equal(batch.request('c').review?.base, BASE);
    await batch.turn('b');
    assert.deepEqual([batch.request('b').review?.state, batch.request('b').review?.patch], ['waiting', 'another']);
  });

  it('lands what is before the change that fails, gives that back, and keeps the others as they are', async () => {
    const review = { state: 'approved' as const, commit: 'x', base: BASE, reviewers: {} };
    batch = await BatchTown.of(
      'abcd',
      Object.fromEntries([...'abcd'].map((name) => [name, { review: { ...review, patch: name } }])),
    );
    town().review = 'person';
    batch.isRed = (commit) => commit.includes('c');
    await batch.turn('abcd');
    assert.deepEqual(batch.pushes, ['root+a+b']);
    assert.deepEqual(batch.statuses, ['a: closed closed', 'b: closed closed', 'c: closed hooked', 'd: open in_review']);
    assert.match(
      batch.work('c').feedback ?? '',
      /The gate "test" failed with exit code 1 on top of root\+a\+b, which passes it\. Its last output:\n\nno/,
    );
    assert.deepEqual([batch.work('c').attempt, batch.work('c').rebaseOnto], [2, 'root+a+b']);
    assert.deepEqual(
      [batch.work('d').attempt, batch.request('d').retries, batch.request('d').review?.state],
      [1, 0, 'approved'],
    );
    assert.deepEqual(town().mergeWindow, { size: 2, failed: true });
    await batch.turn('d');
    assert.deepEqual(batch.pushes.at(-1), 'root+a+b+d');
    const of = (name: string, type: string): string => `gate_${type} ${batch.beads.get(name)!.bead}`;
    assert.deepEqual(batch.gateEvents, [of('a', 'passed'), of('b', 'passed'), of('c', 'failed'), of('d', 'passed')]);
  });

  it('gives nothing back where the target itself fails: it is tried one by one until something repairs it', async () => {
    batch = await BatchTown.of('abc');
    batch.isRed = (commit) => !commit.includes('c');
    await batch.turn('ab');
    assert.deepEqual(batch.statuses.slice(0, 2), ['a: open in_review', 'b: open in_review']);
    assert.deepEqual([batch.work('a').attempt, batch.request('a').retries], [1, 0]);
    assert.ok(batch.request('a').notBefore);
    assert.deepEqual(town().escalations, ['toy cannot merge: its target branch itself fails the gate "test"']);
    assert.deepEqual(town().mergeWindow, { size: 1, failed: true });
    await batch.turn('c');
    assert.deepEqual([batch.pushes, town().escalations], [['root+c'], []]);
    await batch.turn('ab');
    assert.deepEqual(batch.pushes.at(-1), 'root+c+a+b');
  });

  it('is repeated one by one where the remote refuses it: only what it refuses is given up', async () => {
    batch = await BatchTown.of('abc');
    batch.onCall = (call) => {
      if (call === 'before push' && batch.gateRuns.at(-1)!.includes('b'))
        throw new UserError('the hook declined', undefined, 'refused');
    };
    await batch.turn('abc');
    assert.deepEqual(batch.statuses, ['a: open in_review', 'b: open in_review', 'c: open in_review']);
    assert.deepEqual(town().mergeWindow, { size: 1, failed: true });
    for (const name of 'abc') await batch.turn(name);
    assert.deepEqual(batch.statuses, ['a: closed closed', 'b: failed failed', 'c: closed closed']);
  });

  it('waits as a whole where the target has moved or the network is away, and is smaller after that', async () => {
    batch = await BatchTown.of('abc');
    town().rig.land = async () => false;
    await batch.turn('abc');
    assert.deepEqual(batch.statuses, ['a: open in_review', 'b: open in_review', 'c: open in_review']);
    assert.deepEqual(
      [...'abc'].map((name) => batch.request(name).retries),
      [1, 1, 1],
    );
    town().rig.landingBase = () => Promise.reject(new UserError('the network is away', undefined, 'unavailable'));
    await batch.turn('abc');
    assert.deepEqual(
      [...'abc'].map((name) => batch.request(name).retries),
      [2, 2, 2],
    );
    assert.deepEqual(town().mergeWindow, { size: 2, failed: true });
  });

  it('goes on without a member that git cannot deal with', async () => {
    batch = await BatchTown.of('abc');
    batch.onCall = (call) => {
      if (call === 'before rebase b') throw new Error('an object is missing');
    };
    await batch.turn('abc');
    assert.deepEqual(batch.pushes, ['root+a+c']);
    assert.deepEqual([batch.statuses[1], batch.request('b').retries], ['b: open in_review', 1]);
  });

  it('is not pushed when one of it was closed meanwhile: its commit is in those after it', async () => {
    batch = await BatchTown.of('abc');
    const { runGates } = town().rig;
    town().rig.runGates = async (...run) => {
      await town().close(batch.beads.get('b')!.request);
      return runGates!(...run);
    };
    await assert.rejects(batch.turn('abc'), StaleAction);
    assert.deepEqual(batch.pushes, []);
    assert.deepEqual([batch.statuses[0], batch.statuses[2]], ['a: open in_review', 'c: open in_review']);
    town().rig.runGates = runGates;
    await batch.turn('ac');
    assert.deepEqual(batch.pushes, ['root+a+c']);
  });

  it('survives a server that dies at any step: nothing is lost, merged twice or blamed on the wrong one', async () => {
    let steps = Infinity;
    for (let step = 0; step < steps; step += 1) {
      if (step > 0) await town().store.close();
      batch = await BatchTown.of('abcd');
      batch.isRed = (commit) => commit.includes('c');
      let count = 0;
      const die = (): void => {
        if (count++ === step) throw new AbortedError();
      };
      batch.onCall = die;
      const { store } = town();
      const write = store.batch.bind(store);
      store.batch = async (...args) => {
        die();
        const result = await write(...args);
        die();
        return result;
      };
      await assert.rejects(batch.turn('abcd'), AbortedError).catch((error: unknown) => {
        if (step === 0) throw error;
        steps = step; // it got through without dying
      });
      batch.onCall = () => undefined;
      store.batch = write;
      for (let turns = 0; turns < 4; turns += 1) {
        const open = [...batch.beads].filter(([, { request }]) => town().bead(request).status !== 'closed');
        if (open.length > 0) await batch.turn(open.map(([name]) => name).join(''));
      }
      assert.deepEqual(
        batch.statuses,
        ['a: closed closed', 'b: closed closed', 'c: closed hooked', 'd: closed closed'],
        `step ${step}`,
      );
      assert.equal(batch.tip, 'root+a+b+d');
      assert.deepEqual(
        [batch.work('a').merged, batch.work('d').merged, batch.work('c').attempt],
        ['root+a', 'root+a+b+d', 2],
      );
    }
    assert.ok(steps > 20, `${steps} steps`);
  });

  describe('in a lane, beside others', () => {
    /** Another lane lands so many times, each just before a push of this one. */
    const racing = (times: number): void => {
      let left = times;
      batch.onCall = (call) => {
        if (call === 'before push' && left-- > 0) batch.pushes.push(`${batch.tip}+other${left}`);
      };
    };

    it('builds its chain again if another lane has landed first, which is no failure of its changes', async () => {
      batch = await BatchTown.of('ab');
      racing(2);
      await batch.turn('ab', '', ['docs']);
      assert.deepEqual(batch.statuses, ['a: closed closed', 'b: closed closed']);
      assert.equal(batch.tip, 'root+other1+other0+a+b');
      assert.equal(batch.request('a').retries, 0);
    });

    it('waits for a later turn if the others land each time', async () => {
      batch = await BatchTown.of('a');
      racing(9);
      await batch.turn('a', '', ['docs']);
      assert.deepEqual(batch.statuses, ['a: open in_review']);
      assert.equal(batch.request('a').retries, 1);
    });

    it('sends its culprit back once, and lands the others on what has landed meanwhile', async () => {
      batch = await BatchTown.of('abc');
      batch.isRed = (commit) => commit.includes('b');
      racing(1);
      await batch.turn('abc', '', ['docs']);
      assert.equal(batch.tip.includes('b'), false);
      assert.match(batch.statuses.join(), /a: closed closed/);
      const { bead } = batch.beads.get('b')!;
      assert.deepEqual(
        batch.gateEvents.filter((line) => line.endsWith(bead)),
        [`gate_failed ${bead}`],
      );
    });
  });

  describe('where several gate runs may go on side by side', () => {
    const parallel = { mode: 'batch', strategy: 'squash', flakyRetries: 1, gateRuns: 3 };
    const failed = (name: string): string[] =>
      batch.gateEvents.filter((line) => line === `gate_failed ${batch.beads.get(name)!.bead}`);
    const revision = (name: string) => ({
      mergeRequest: batch.beads.get(name)!.request,
      revision: town().bead(batch.beads.get(name)!.request).updated_at,
    });
    const search = (names: string) => {
      const id = searchesIn(town().store).of(batch.beads.get(names[0]!)!.request)!;
      const requests = [...names].map(revision);
      return searchBatch({ type: 'find-culprit', search: id, rig: 'toy', requests, maxAttempts: 3 }, town().context);
    };
    const confirm = (name: string) =>
      confirmFailure({ type: 'confirm-failure', rig: 'toy', maxAttempts: 3, ...revision(name) }, town().context);
    beforeEach(async () => {
      batch = await BatchTown.of('abcd');
      Object.assign(town().rig, { mergeQueue: parallel });
    });

    it('the culprit of a search goes back at once if failures are not repeated', async () => {
      Object.assign(town().rig, { mergeQueue: { ...parallel, flakyRetries: 0 } });
      batch.isRed = (commit) => commit.includes('b');
      await batch.turn('abc');
      await search('abc');
      assert.equal(batch.request('b').suspected, undefined);
      assert.equal(town().bead(batch.beads.get('b')!.request).status, 'closed');
      assert.equal(failed('b').length, 1);
      const runs = batch.gateRuns.filter((commit) => commit.endsWith('+b'));
      assert.equal(new Set(runs).size, runs.length, 'no gate is repeated on the same files');
    });

    it('a batch that fails is searched beside the queue, which goes on without it', async () => {
      batch.isRed = (commit) => commit.includes('b');
      await batch.turn('abc');
      assert.deepEqual(batch.pushes, []);
      await batch.turn('d');
      assert.deepEqual(batch.pushes, ['root+d']);
      await search('abc');
      assert.deepEqual([batch.request('a').suspected, batch.request('b').suspected?.gate], [undefined, 'test']);
      assert.equal(searchesIn(town().store).of(batch.beads.get('a')!.request), undefined);
      await confirm('b');
      assert.deepEqual([batch.statuses[1], failed('b').length], ['b: closed hooked', 1]);
      assert.match(batch.work('b').feedback ?? '', /The gate "test" failed with exit code 1\. Its last/);
      await batch.turn('ac');
      assert.deepEqual(batch.pushes.at(-1), 'root+d+a+c');
    });

    it('a change whose failure is not repeated takes its place again', async () => {
      batch.isRed = (commit) => commit.endsWith('a') && batch.gateRuns.length === 1;
      await batch.turn('a');
      assert.equal(batch.request('a').suspected?.commit, 'root+a');
      await assert.rejects(batch.turn('b', 'b'), StaleAction);
      await confirm('a');
      assert.deepEqual([batch.request('a').suspected, failed('a')], [undefined, []]);
      await assert.rejects(confirm('a'), StaleAction);
      await batch.turn('a');
      assert.deepEqual(batch.pushes, ['root+a']);
    });

    it('the commit that fails is the one that is tested again, where each of a change is tested', async () => {
      Object.assign(town().rig, { mergeQueue: { ...parallel, mode: 'each' } });
      batch.before = (tip) => (tip === 'a' ? ['a1'] : []);
      batch.isRed = (commit) => commit.endsWith('a1');
      await batch.turn('a');
      assert.equal(batch.request('a').suspected?.commit, 'root+a1');
      await confirm('a');
      assert.equal(batch.statuses[0], 'a: closed hooked');
    });

    it('a search that cannot run counts as a failed try of each change, and blames none of them', async () => {
      batch.isRed = (commit) => commit.includes('b');
      await batch.turn('abc');
      batch.onCall = (call) => {
        if (call.startsWith('before gates')) throw new Error('the disk is on fire');
      };
      await search('abc');
      batch.onCall = () => undefined;
      for (const name of 'abc') {
        const { retries, notBefore, suspected } = batch.request(name);
        assert.deepEqual([retries, notBefore !== undefined, suspected], [1, true, undefined], name);
      }
      assert.equal(searchesIn(town().store).of(batch.beads.get('a')!.request), undefined);
    });

    it('nobody is blamed where the target fails by itself', async () => {
      batch.isRed = () => true;
      await batch.turn('ab');
      await search('ab');
      assert.deepEqual(town().escalations, ['toy cannot merge: its target branch itself fails the gate "test"']);
      assert.deepEqual([batch.request('a').suspected, batch.work('a').attempt], [undefined, 1]);
    });

    it('the next batch is made and tested on top of the one that is tested, and taken as it is', async () => {
      let rebases = 0;
      batch.onCall = (call) => {
        if (call.startsWith('before rebase')) rebases += 1;
      };
      const next = 'cd';
      let prepared: Promise<void> | undefined;
      const { runGates } = town().rig;
      town().rig.runGates = (commit, run, onGate) => {
        prepared ??= prepareBatch(
          { type: 'prepare-batch', rig: 'toy', requests: [...next].map(revision) },
          town().context,
        );
        return runGates!(commit, run, onGate);
      };
      await batch.turn('ab');
      await prepared;
      assert.deepEqual([batch.pushes, batch.gateRuns], [['root+a+b'], ['root+a+b', 'root+a+b+c+d']]);
      assert.equal(rebases, 4);
      await batch.turn('cd');
      assert.deepEqual([batch.pushes.at(-1), rebases], ['root+a+b+c+d', 4]);
    });

    it('what was prepared is worth nothing where the batch below it fails, or somebody else has pushed', async () => {
      const prepare = (names: string) =>
        prepareBatch({ type: 'prepare-batch', rig: 'toy', requests: [...names].map(revision) }, town().context);
      await assert.rejects(prepare('cd'), StaleAction, 'nothing is tested');
      const batches = preparedIn(town().store);
      batches.begin('merge:toy', 'root+x');
      await prepare('cd');
      assert.equal(batches.placeOf(batch.beads.get('c')!.request), 0);
      batches.end('merge:toy');
      await batch.turn('cd');
      assert.deepEqual(batch.pushes, ['root+c+d'], 'that stands on another commit');
      batches.begin('merge:toy', 'root+c+d');
      await prepare('ab');
      batches.cancel('merge:toy');
      assert.equal(batches.placeOf(batch.beads.get('a')!.request), undefined);
    });
  });
});
