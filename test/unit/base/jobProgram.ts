// The program of a worker, for the tests of JobWorker: bundled beside them, never run by mocha itself.
import { isMainThread } from 'node:worker_threads';
import { UserError } from '../../../server/src/base/errors';
import { serveJobs } from '../../../server/src/base/jobs/serveJobs';

export type TestJob =
  | { kind: 'echo'; value: unknown }
  | { kind: 'endless' | 'memory' | 'stack' | 'long-text'; file: string; text: string }
  | { kind: 'wrong' | 'defect' | 'exit' };

/** Kept from job to job: what a worker remembers is gone with it. */
let jobs = 0;

if (!isMainThread)
  serveJobs((job, onText) => {
    const request = job as TestJob;
    jobs += 1;
    if ('file' in request) onText(request.file, request.text);
    switch (request.kind) {
      case 'echo':
        return { value: request.value, jobs };
      case 'endless':
        for (;;) jobs += 1;
      case 'memory': {
        const kept: unknown[] = [];
        for (;;) kept.push(Array.from({ length: 1000 }, (_, index) => ({ index })));
      }
      case 'stack': {
        const deep = (depth: number): number => 1 + deep(depth + 1);
        return deep(0);
      }
      case 'long-text':
        return 'x'.repeat(2 ** 30);
      case 'wrong':
        throw new UserError('it is wrong', 'write it right', 'not-found');
      case 'defect':
        throw new TypeError('we have made a mistake');
      case 'exit':
        return process.exit(3);
    }
  });
