import { createRequire } from 'node:module';

/* Stands for node:child_process in the command lines (see esbuild.mjs): loading it takes milliseconds, and few commands start anything. */

type ChildProcess = typeof import('node:child_process');

let loaded: ChildProcess | undefined;
function real(): ChildProcess {
  return (loaded ??= createRequire(__filename)('child_process') as ChildProcess);
}

export const spawn = ((...args: Parameters<ChildProcess['spawn']>) => real().spawn(...args)) as ChildProcess['spawn'];
export const execFileSync = ((...args: Parameters<ChildProcess['execFileSync']>) =>
  real().execFileSync(...args)) as ChildProcess['execFileSync'];
export const execFile = ((...args: Parameters<ChildProcess['execFile']>) =>
  real().execFile(...args)) as ChildProcess['execFile'];
