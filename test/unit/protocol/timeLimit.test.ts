import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import { DEFAULT_TIME_LIMIT_MS, timeLimitOf, withTimeLimit } from '../../../server/src/protocol/timeLimit';
import { RigAdd, TownGetSnapshot } from '../../../server/src/protocol/town';

const read = { method: 'gastown/x/get', access: 'read', timeLimitMs: 5 } as const;
const write = { ...read, method: 'gastown/x/set', access: 'write' } as const;
const never = (): Promise<never> => new Promise(() => undefined);

describe('the time limit of a request', () => {
  it('is the one of its spec, or the default', () => {
    assert.equal(timeLimitOf(TownGetSnapshot.spec), DEFAULT_TIME_LIMIT_MS);
    assert.ok(timeLimitOf(RigAdd.spec) > DEFAULT_TIME_LIMIT_MS, 'a clone takes long');
  });

  it('passes answers and errors on', async () => {
    assert.equal(await withTimeLimit({ ...read, timeLimitMs: 60_000 }, async () => 'answer'), 'answer');
    const failed = withTimeLimit({ ...read, timeLimitMs: 60_000 }, async () => {
      throw new UserError('no such bead', undefined, 'not-found');
    });
    await assert.rejects(failed, { message: 'no such bead' });
  });

  it('ends the wait, cancels the request and says what to do', async () => {
    let cancelled = false;
    const late = withTimeLimit(write, (signal) => {
      signal.addEventListener('abort', () => (cancelled = true));
      return never();
    });
    await assert.rejects(late, (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.code, 'unavailable');
      assert.match(error.message, /did not answer gastown\/x\/set within/);
      assert.match(error.hint ?? '', /unknown whether the change was made/);
      return true;
    });
    assert.ok(cancelled);
    await assert.rejects(withTimeLimit(read, never), (error: UserError) => /try again/.test(error.hint ?? ''));
  });

  it('leaves no error without a handler when the answer fails after the limit', async () => {
    let fail: (error: Error) => void = () => undefined;
    const answer = new Promise<never>((_, reject) => (fail = reject));
    await assert.rejects(withTimeLimit(read, () => answer));
    const unhandled: unknown[] = [];
    const listen = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listen);
    fail(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listen);
    assert.deepEqual(unhandled, []);
  });
});
