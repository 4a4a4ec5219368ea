import assert from 'node:assert/strict';
import { AbortedError, runCancellable } from '../../../server/src/base/abort';
import { GateSlots } from '../../../server/src/rigs/gateSlots';
import { SharedRuns } from '../../../server/src/rigs/sharedRuns';

describe('slots for gate runs', () => {
  it('give each queue one of its own, and share what may run beside it', async () => {
    const slots = new GateSlots(() => 2);
    const [a, b, shared] = [await slots.take('a'), await slots.take('b'), await slots.take('a')];
    assert.deepEqual([a.index, b.index, shared.index], [0, 0, 1]);
    assert.equal(slots.takeSpare(), undefined);
    const waiting = slots.take('b');
    shared.release();
    assert.equal(slots.takeSpare(), undefined, 'what is waited for comes first');
    assert.equal((await waiting).index, 1);
    b.release();
    b.release(); // once is enough
    assert.deepEqual([(await slots.take('b')).index, slots.takeSpare()], [0, undefined]);
  });

  it('are not waited for any more where the work is cancelled', async () => {
    const slots = new GateSlots(() => 1);
    const first = await slots.take('a');
    const stop = new AbortController();
    const waiting = runCancellable(stop, () => slots.take('a'));
    stop.abort();
    await assert.rejects(waiting, AbortedError);
    const next = slots.take('a');
    first.release();
    assert.equal((await next).index, 0);
  });
});

describe('shared runs', () => {
  it('run once for all who ask at the same time, and again where the one that runs is cancelled', async () => {
    const shared = new SharedRuns<string>();
    let begun = 0;
    const stop = new AbortController();
    let finish = (_: string): void => undefined;
    const task = (): Promise<string> => {
      begun += 1;
      return new Promise((resolve, reject) => {
        finish = resolve;
        stop.signal.addEventListener('abort', () => reject(new AbortedError()), { once: true });
      });
    };
    const [one, two] = [shared.run('x', task), shared.run('x', task)];
    assert.equal(begun, 1);
    const other = shared.run('y', async () => 'y');
    stop.abort();
    await assert.rejects(one, AbortedError);
    await new Promise((next) => setImmediate(next));
    assert.equal(begun, 2, 'whoever had joined it begins it again');
    finish('x');
    assert.deepEqual([await two, await other], ['x', 'y']);
    await assert.rejects(
      shared.run('x', () => Promise.reject(new Error('no'))),
      /no/,
    );
  });
});
