import { messageOf } from '../../base/errors';
import { GitError, runCommand } from '../command';
import type { GitAnswer, GitRequest } from './messages';

/*
 * The program that runs git for a server (`dist/gitProcess.js`): see `GitProcess`. It ends with the server; commands that
 * run then go on, as those of a killed server always have.
 */

const running = new Map<number, AbortController>();

async function answer(request: GitRequest): Promise<GitAnswer | undefined> {
  const { id } = request;
  if ('cancelled' in request) {
    running.get(id)?.abort();
    return undefined;
  }
  const stop = new AbortController();
  running.set(id, stop);
  try {
    return { id, output: await runCommand(request.command, stop.signal) };
  } catch (error) {
    if (!(error instanceof GitError)) return { id, error: messageOf(error) };
    const { message, exitCode, stdout, stderr } = error;
    return { id, failure: { message, exitCode, stdout, stderr } };
  } finally {
    running.delete(id);
  }
}

process.on('message', (request: GitRequest) => {
  void answer(request).then((result) => {
    if (result && process.connected) process.send?.(result);
  });
});
process.on('disconnect', () => process.exit());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined); // the server decides
process.send?.({ ready: true });
