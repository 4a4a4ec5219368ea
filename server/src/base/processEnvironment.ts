import fs from 'node:fs';
import { identify, isAlive, type ProcessIdentity } from './process';

/**
 * Ends the processes that were started with all of these variables, wherever they have put themselves: agents run
 * commands in groups of their own, which outlive an agent that is killed. Politely first. Only Linux shows
 * the environment of a process; elsewhere nothing happens.
 * @param graceMs time between SIGTERM and SIGKILL
 */
export async function endProcessesWith(variables: Readonly<Record<string, string>>, graceMs = 500): Promise<void> {
  if (process.platform !== 'linux') return;
  const found = processesWith(variables);
  for (const one of found) signal(one, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline && found.some(isAlive)) await new Promise((done) => setTimeout(done, 20));
  // Again from the start: one that got the first signal may have started others.
  for (
    let sweeps = 3, left = processesWith(variables);
    sweeps > 0 && left.length > 0;
    sweeps -= 1, left = processesWith(variables)
  ) {
    for (const one of left) signal(one, 'SIGKILL');
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Never ourselves. */
function processesWith(variables: Readonly<Record<string, string>>): ProcessIdentity[] {
  const wanted = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return fs
    .readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid)
    .flatMap((pid) => {
      try {
        const identity = identify(pid);
        const environment = new Set(fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'));
        return wanted.every((entry) => environment.has(entry)) ? [identity] : [];
      } catch {
        return []; // gone, or somebody else's
      }
    });
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    if (isAlive(identity)) process.kill(identity.pid, name);
  } catch {
    // It has just ended by itself.
  }
}

/**
 * Whether a process of this command (`git` is also `git-lfs` and the like) works in a folder or below. Only Linux shows
 * where a process works; elsewhere the answer is no.
 */
export function isCommandWorkingIn(folder: string, command: string): boolean {
  if (process.platform !== 'linux') return false;
  return fs.readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      if (!fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith(command)) return false;
      const cwd = fs.readlinkSync(`/proc/${pid}/cwd`);
      return cwd === folder || cwd.startsWith(`${folder}/`);
    } catch {
      return false; // gone, or somebody else's
    }
  });
}
