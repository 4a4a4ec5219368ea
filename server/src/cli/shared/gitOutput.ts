import { execFile } from 'node:child_process';

const GIT_MS = 10_000;
const MAX_OUTPUT = 16 << 20;

/** Output of git in a folder; undefined if it fails or does not end in 10 s. */
export function gitOutput(cwd: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('git', args, { cwd, timeout: GIT_MS, maxBuffer: MAX_OUTPUT }, (error, stdout) =>
      resolve(error ? undefined : stdout),
    );
  });
}
