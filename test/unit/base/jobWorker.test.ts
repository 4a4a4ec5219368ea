import assert from 'node:assert/strict';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import { JobWorker, type JobWorkerOptions } from '../../../server/src/base/jobs/jobWorker';
import { waitUntil } from '../../helpers/temp';
import type { TestJob } from './jobProgram';

interface Echo {
  value: unknown;
  /** How many jobs this worker has had. */
  jobs: number;
}

describe('a worker for jobs', function () {
  this.timeout(60_000);
  const started: JobWorker[] = [];
  const log: string[] = [];
  const start = (options: Partial<JobWorkerOptions> = {}): JobWorker => {
    const worker = new JobWorker({
      script: path.join(__dirname, 'jobProgram.js'),
      log: (text) => log.push(text),
      ...options,
    });
    started.push(worker);
    return worker;
  };
  const run = <T = Echo>(worker: JobWorker, job: TestJob, signal?: AbortSignal): Promise<T> =>
    worker.run<T>(job, signal);
  const refusal = (message: RegExp, hint?: RegExp) => (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    if (hint) assert.match(error.hint ?? '', hint);
    return true;
  };
  beforeEach(() => log.splice(0));
  afterEach(() => Promise.all(started.splice(0).map((worker) => worker.dispose())));

  it('runs one job after the other, in one thread', async () => {
    const worker = start();
    const results = await Promise.all([1, 2, 3].map((value) => run(worker, { kind: 'echo', value })));
    assert.deepEqual(results, [
      { value: 1, jobs: 1 },
      { value: 2, jobs: 2 },
      { value: 3, jobs: 3 },
    ]);
  });

  it('stops a job that does not end, names the file, and loses none of the queued jobs', async () => {
    const worker = start({ deadlineMs: 1_500 });
    const events: string[] = [];
    const note = (what: string) => (): void => void events.push(what);
    await run(worker, { kind: 'echo', value: 'first' });
    const endless = run(worker, { kind: 'endless', file: '/p/f.formula.toml', text: 'x' });
    const all = [
      endless.catch(note('endless')),
      run(worker, { kind: 'echo', value: 'behind' }).then((echo) => {
        events.push('behind');
        assert.deepEqual(echo, { value: 'behind', jobs: 1 }, 'in a new worker');
      }),
    ];
    // This thread goes on meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
    events.push('meanwhile');
    await Promise.all(all);
    assert.deepEqual(events, ['meanwhile', 'endless', 'behind']);
    await assert.rejects(
      endless,
      refusal(/^\/p\/f\.formula\.toml: reading it took longer than 1\.5 seconds and was stopped$/, /^Make it smaller/),
    );
    assert.match(log.join('\n'), /f\.formula\.toml/);
  });

  it('refuses a text that stopped it before, but not another text of the same file', async () => {
    const worker = start({ deadlineMs: 1_500 });
    const job: TestJob = { kind: 'endless', file: 'f', text: 'x' };
    await assert.rejects(run(worker, job), /took longer/);
    await run(worker, { kind: 'echo', value: 1 });
    await assert.rejects(run(worker, job), refusal(/^f: reading it took longer than 1\.5 seconds/));
    assert.deepEqual(
      await run(worker, { kind: 'echo', value: 2 }),
      { value: 2, jobs: 3 },
      'the worker is still the same',
    );
    await assert.rejects(
      run(worker, { ...job, kind: 'stack', text: 'y' }),
      /^UserError: f: the data is nested too deeply/,
    );
  });

  it('survives a job that uses all memory', async () => {
    const worker = start({ memoryMb: 32 });
    await run(worker, { kind: 'echo', value: 'before' });
    const [memory, behind] = await Promise.allSettled([
      run(worker, { kind: 'memory', file: 'big.formula.toml', text: 'x' }),
      run(worker, { kind: 'echo', value: 'behind' }),
    ]);
    assert.ok(memory.status === 'rejected');
    refusal(/^big\.formula\.toml: reading it needed too much memory and was stopped$/)(memory.reason);
    assert.deepEqual(behind, { status: 'fulfilled', value: { value: 'behind', jobs: 1 } });
  });

  it('translates messages of the JavaScript engine', async () => {
    const worker = start();
    await assert.rejects(
      run(worker, { kind: 'stack', file: 'deep', text: '' }),
      refusal(/^deep: the data is nested too deeply$/),
    );
    await assert.rejects(
      run(worker, { kind: 'long-text', file: 'long', text: '' }),
      refusal(/^long: the data is too large$/),
    );
  });

  it('distinguishes errors of the input from defects', async () => {
    const worker = start();
    await assert.rejects(run(worker, { kind: 'wrong' }), (error: UserError) => {
      assert.deepEqual([error.message, error.hint, error.code], ['it is wrong', 'write it right', 'not-found']);
      return error instanceof UserError;
    });
    await assert.rejects(run(worker, { kind: 'defect' }), (error: Error) => {
      assert.ok(!(error instanceof UserError));
      return /we have made a mistake/.test(error.message) && /jobProgram/.test(error.stack ?? '');
    });
    await assert.rejects(run(worker, { kind: 'exit' }), /ended with code 3/);
    assert.deepEqual(await run(worker, { kind: 'echo', value: 1 }), { value: 1, jobs: 1 });
    await assert.rejects(
      worker.run(() => undefined),
      /the job cannot be sent/,
    );
    assert.deepEqual(await run(worker, { kind: 'echo', value: 2 }), { value: 2, jobs: 2 });
  });

  it('rejects each job if its program cannot be loaded', async () => {
    const worker = start({ script: path.join(__dirname, 'no-such-program.js') });
    for (const value of [1, 2]) await assert.rejects(run(worker, { kind: 'echo', value }), /no-such-program/);
  });

  it('skips cancelled jobs', async () => {
    const worker = start();
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    third.abort();
    const results = Promise.allSettled([
      run(worker, { kind: 'echo', value: 1 }, first.signal),
      run(worker, { kind: 'echo', value: 2 }, second.signal),
      run(worker, { kind: 'echo', value: 3 }, third.signal),
      run(worker, { kind: 'echo', value: 4 }),
    ]);
    second.abort();
    assert.deepEqual(
      (await results).map((result) =>
        result.status === 'fulfilled' ? result.value.jobs : (result.reason as Error).name,
      ),
      [1, 'AbortError', 'AbortError', 2],
    );
    const running = run(worker, { kind: 'echo', value: 5 }, first.signal);
    first.abort();
    await assert.rejects(running, /cancelled/);
    assert.equal((await run(worker, { kind: 'echo', value: 6 })).jobs, 4, 'what had begun was done, and thrown away');
  });

  it('refuses jobs where too many wait', async () => {
    const worker = start();
    const jobs = Array.from({ length: 1_100 }, (_, value) => run(worker, { kind: 'echo', value }));
    const results = await Promise.allSettled(jobs);
    const refused = results.filter((result) => result.status === 'rejected');
    assert.equal(refused.length, 99, 'one runs, a thousand wait');
    for (const { reason } of refused) refusal(/^too many requests are waiting$/)(reason);
  });

  it('terminates an idle worker, and starts a new one', async () => {
    const worker = start({ idleMs: 0 });
    assert.equal((await run(worker, { kind: 'echo', value: 1 })).jobs, 1);
    await waitUntil('a job is the first of a new worker', async () => {
      return (await run(worker, { kind: 'echo', value: 2 })).jobs === 1;
    });
  });

  it('rejects running and queued jobs when it is disposed', async () => {
    const worker = start();
    const jobs = [run(worker, { kind: 'endless', file: 'f', text: '' }), run(worker, { kind: 'echo', value: 1 })];
    const all = Promise.allSettled(jobs);
    await worker.dispose();
    for (const result of await all) {
      assert.ok(result.status === 'rejected');
      refusal(/the server is stopping/)(result.reason);
    }
    await assert.rejects(run(worker, { kind: 'echo', value: 2 }), /the server is stopping/);
  });
});
