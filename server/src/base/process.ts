import fs from 'node:fs';
import { execFileSync } from 'node:child_process';

/** Names one run of one process: a pid alone is reused by the system. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque start mark; equal marks mean the same run. Empty where the system does not tell. */
  start: string;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, start: startMark(pid) };
}

export function isAlive(identity: ProcessIdentity): boolean {
  if (!signalReaches(identity.pid) || isZombie(identity.pid)) return false;
  return identity.start === '' || startMark(identity.pid) === identity.start;
}

function signalReaches(target: number): boolean {
  try {
    process.kill(target, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Linux: field 22 of /proc/<pid>/stat (start in clock ticks) with the boot id. macOS: `ps -o lstart`. */
function startMark(pid: number): string {
  if (process.platform === 'linux') return linuxStartMark(pid);
  if (process.platform === 'win32') return '';
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || 'gone';
  } catch {
    return 'gone'; // ps knows no such process
  }
}

function linuxStartMark(pid: number): string {
  const stat = linuxStat(pid);
  return stat ? `${bootId()}:${stat.startTicks}` : 'gone';
}

function linuxStat(pid: number): { state: string; startTicks: string } | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name is in parentheses and may itself hold spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, startTicks: fields[19]! };
  } catch {
    return undefined;
  }
}

/** Ended, but its parent has not asked for its exit code yet. */
function isZombie(pid: number): boolean {
  return process.platform === 'linux' && ['Z', 'X'].includes(linuxStat(pid)?.state ?? '');
}

let cachedBootId: string | undefined;
function bootId(): string {
  cachedBootId ??= fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return cachedBootId;
}

/**
 * Ends a process and all of its group, politely first. Does nothing if the pid now names another process.
 * @param graceMs time between SIGTERM and SIGKILL
 */
export async function endProcessGroup(identity: ProcessIdentity, graceMs = 500): Promise<void> {
  // Not ours for certain: 0 and 1 as groups would mean ourselves and everybody.
  if (!Number.isInteger(identity.pid) || identity.pid <= 1 || identity.start === 'gone') return;
  if (!isAlive(identity) && !groupHasMembers(identity)) return;
  signalGroup(identity.pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline && groupHasMembers(identity)) await new Promise((done) => setTimeout(done, 20));
  if (groupHasMembers(identity)) signalGroup(identity.pid, 'SIGKILL');
}

/** A group outlives its leader, so its id cannot have been reused while any member lives. */
function groupHasMembers(identity: ProcessIdentity): boolean {
  if (process.platform === 'win32') return isAlive(identity);
  const mark = startMark(identity.pid);
  const reused = mark !== 'gone' && identity.start !== '' && mark !== identity.start;
  return !reused && signalReaches(-identity.pid);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  for (const target of process.platform === 'win32' ? [pid] : [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
