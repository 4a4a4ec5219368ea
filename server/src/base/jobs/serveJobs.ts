import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { UserError, messageOf } from '../errors';
import type { JobReply, JobRequest } from './messages';

/** Reports the text that is about to be read. @throws UserError if its job exceeded a limit before */
export type OnText = (label: string, text: string) => void;

/**
 * The worker's side of a `JobWorker`: runs each job that arrives and sends its result back.
 * @param run may be asynchronous; must call `onText` before it reads an untrusted text
 */
export function serveJobs(run: (job: unknown, onText: OnText) => unknown): void {
  const port = parentPort;
  if (!port) throw new Error('this program runs in a worker thread');
  port.postMessage({ kind: 'ready' } satisfies JobReply);
  const serve = async ({ id, job, blocked }: JobRequest): Promise<void> => {
    const reply = (message: JobReply): void => port.postMessage(message);
    let current = '';
    const onText: OnText = (label, text) => {
      const key = createHash('sha1').update(label).update('\0').update(text).digest('base64');
      const reason = blocked.get(key);
      if (reason !== undefined) throw new UserError(reason, 'Make it smaller or simpler, then try again.');
      current = label;
      reply({ kind: 'subject', id, subject: { label, key } });
    };
    try {
      reply({ kind: 'result', id, result: await run(job, onText) });
    } catch (thrown) {
      const error = thrown instanceof RangeError ? tooLarge(current, thrown) : thrown;
      if (error instanceof UserError) {
        const { message, hint, code } = error;
        reply({ kind: 'error', id, error: { message, code, ...(hint === undefined ? {} : { hint }) } });
      } else {
        const stack = error instanceof Error ? error.stack : undefined;
        reply({ kind: 'defect', id, message: messageOf(error), ...(stack === undefined ? {} : { stack }) });
      }
    }
  };
  port.on('message', (request: JobRequest) => void serve(request));
}

/** The call stack or a string was too long: caused by the input, although it is within our own limits. */
function tooLarge(label: string, error: RangeError): UserError {
  return new UserError(
    `${label === '' ? '' : `${label}: `}${messageOf(error)}`,
    'Make it smaller or simpler, then try again.',
  );
}
