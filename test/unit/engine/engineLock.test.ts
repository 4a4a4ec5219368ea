import assert from 'node:assert/strict';
import { AbortedError } from '../../../server/src/base/abort';
import type { Action } from '../../../server/src/engine/loop/action';
import { Engine } from '../../../server/src/engine/loop/engine';
import type { TownView } from '../../../server/src/engine/state/townView';
import { nuke } from '../../../server/src/engine/supervision/polecats';
import { EngineTown, RUST } from './engineTown';

/** A promise that a test fulfils. */
function later(): { promise: Promise<void>; done: () => void } {
  let done = (): void => undefined;
  const promise = new Promise<void>((resolve) => (done = resolve));
  return { promise, done };
}

describe('what runs beside the actions of the engine', () => {
  let town: EngineTown;
  let engine: Engine;
  /** Runs the tick that is due. */
  let tick: () => void;
  /** Keys that the rules saw as taken. */
  let seen: string[];
  beforeEach(async () => {
    town = await EngineTown.open();
    const view = { up: false, now: 0, work: [], merges: [], sessions: [], rigs: [] } as unknown as TownView;
    const silent = { info: () => undefined, error: () => undefined };
    const timers = { now: () => 0, set: (callback: () => void) => (tick = callback), clear: () => undefined };
    engine = new Engine(
      town.context,
      { begin: () => undefined, end: () => undefined },
      { buildView: (inFlight) => ((seen = [...inFlight]), view), log: silent },
      timers,
    );
  });
  afterEach(() => town.store.close());

  it('has its key for itself: one after the other, and others at the same time', async () => {
    const order: string[] = [];
    const [first, other] = [later(), later()];
    const runs = [
      engine.exclusive('merge:toy', async () => {
        order.push('first begins');
        await first.promise;
        order.push('first ends');
      }),
      engine.exclusive('merge:toy', async () => void order.push('second')),
      engine.exclusive('merge:lib', async () => {
        order.push('other');
        other.done();
      }),
    ];
    await other.promise;
    assert.deepEqual(order, ['first begins', 'other']);
    assert.equal(engine.isBusy, true);
    first.done();
    await Promise.all(runs);
    assert.deepEqual(order, ['first begins', 'other', 'first ends', 'second']);
    assert.equal(engine.isBusy, false);
  });

  it('waits for all lanes of a merge queue, and no lane starts meanwhile', async () => {
    const order: string[] = [];
    const [docs, web] = [later(), later()];
    const lane = (part: string, ends: Promise<void>): Promise<void> =>
      engine.exclusive(`merge:toy ["${part}"]`, async () => {
        order.push(part);
        await ends;
      });
    const lanes = [lane('docs', docs.promise), lane('web', web.promise)];
    const whole = engine.exclusive('merge:toy', async () => void order.push('whole'));
    docs.done();
    await lanes[0];
    engine.kick(0);
    tick();
    assert.deepEqual(seen.sort(), ['merge:toy', 'merge:toy ["web"]'], 'a claim is seen like an action that runs');
    assert.deepEqual(order, ['docs', 'web']);
    web.done();
    await Promise.all([...lanes, whole]);
    assert.deepEqual(order, ['docs', 'web', 'whole']);
    engine.kick(0);
    tick();
    assert.deepEqual(seen, []);
  });

  it('tells whoever asked for it of its failure, and lets the next one in', async () => {
    await assert.rejects(
      engine.exclusive('merge:toy', () => Promise.reject(new Error('broken'))),
      /broken/,
    );
    assert.equal(await engine.exclusive('merge:toy', async () => 'next'), 'next');
  });

  it('ends with the engine', async () => {
    await engine.stop(1_000);
    await assert.rejects(
      engine.exclusive('merge:toy', async () => undefined),
      AbortedError,
    );
    await assert.rejects(
      engine.runNow(() => []),
      AbortedError,
    );
  });

  it('is the removal of a polecat that a person asks for: the engine does not remove its worktree meanwhile', async () => {
    const { id: bead } = await town.hooked({}, 'in_progress');
    const [begun, running] = [later(), later()];
    let there = true;
    let removals = 0;
    town.rig.worktrees = () => (there ? [{ name: 'rust', bead }] : []);
    town.rig.retireWorktree = async () => {
      removals += 1;
      begun.done();
      await running.promise;
      there = false;
      return 'snapshot';
    };
    const nuked = nuke(town.context, { actor: 'ann', kind: 'person' }, RUST, { force: false, engine });
    await begun.promise;
    // Nobody has the bead now, so the rule wants the worktree removed.
    assert.equal(town.bead(bead).status, 'open');
    const swept = engine.runNow(() => (there ? [{ type: 'remove-worktree', rig: 'toy', name: 'rust', bead }] : []));
    running.done();
    assert.deepEqual(await nuked, { agent: RUST, bead, snapshot: 'snapshot' });
    await swept;
    assert.equal(removals, 1);
  });

  it('carries out what a rule asks for, each once, after what runs with its key', async () => {
    const { request, bead } = await town.submitted();
    const running = later();
    const before = engine.exclusive('merge:toy', () => running.promise);
    const merge = (): Action[] => {
      const { status, updated_at: revision } = town.bead(request);
      return status === 'closed'
        ? []
        : [
            {
              type: 'merge',
              rig: 'toy',
              requests: [{ mergeRequest: request, revision }],
              maxAttempts: 3,
              maxBatch: 16,
            },
          ];
    };
    const run = engine.runNow(merge);
    running.done();
    await before;
    await run;
    assert.deepEqual([town.bead(bead).status, town.calls], ['closed', ['rebase', 'gates', 'land']]);
    const requests = [{ mergeRequest: request, revision: 'old' }];
    const stale: Action = { type: 'merge', rig: 'toy', requests, maxAttempts: 3, maxBatch: 16 };
    await engine.runNow(() => [stale]);
  });
});
