import fs from 'node:fs';
import os from 'node:os';
import { execFile, execFileSync } from 'node:child_process';

/** Identifies one run of one process: a pid alone is reused by the system. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque start mark; equal marks mean the same run. */
  start: string;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, start: startMark(pid) };
}

let cachedSpace: string | undefined;
/**
 * The scope in which process numbers are unique: a boot of one machine, and on Linux one namespace of processes. A
 * container that shares a folder with us has its own numbers.
 */
export function processSpace(): string {
  cachedSpace ??= process.platform === 'linux' ? `${bootId()} ${fs.readlinkSync('/proc/self/ns/pid')}` : os.hostname();
  return cachedSpace;
}

/**
 * Whether this same run is still alive. A record without a start mark identifies no process: its pid may have been
 * reused.
 */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.start === '' || !signalReaches(identity.pid) || isZombie(identity.pid)) return false;
  return startMark(identity.pid) === identity.start;
}

/** The processes that are still alive, by pid. Asks the system once for all of them, without blocking. */
export async function aliveAmong(identities: readonly ProcessIdentity[]): Promise<Set<number>> {
  if (process.platform === 'linux') return new Set(identities.filter(isAlive).map(({ pid }) => pid));
  const candidates = identities.filter(({ pid, start }) => start !== '' && signalReaches(pid));
  if (candidates.length === 0) return new Set();
  const marks = await startMarks(candidates.map(({ pid }) => pid));
  return new Set(candidates.filter(({ pid, start }) => marks.get(pid) === start).map(({ pid }) => pid));
}

function signalReaches(target: number): boolean {
  try {
    process.kill(target, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start mark of a process that does not exist. */
const GONE = 'gone';

/**
 * The start mark of a process. Linux: field 22 of /proc/<pid>/stat (start in clock ticks) with the boot id. Otherwise
 * from the output of `listingCommand`.
 */
function startMark(pid: number): string {
  if (process.platform === 'linux') return linuxStartMark(pid);
  const [command, args] = listingCommand(process.platform, [pid]);
  try {
    return parseStartMarks(execFileSync(command, args, LISTING_OPTIONS)).get(pid) ?? GONE;
  } catch {
    return GONE; // it ends with an error if the process does not exist
  }
}

async function startMarks(pids: readonly number[]): Promise<Map<number, string>> {
  const [command, args] = listingCommand(process.platform, pids);
  return new Promise((resolve) => {
    // The exit code only tells that some processes are gone; the output decides.
    execFile(command, args, LISTING_OPTIONS, (_error, output) => resolve(parseStartMarks(output)));
  });
}

const LISTING_OPTIONS = { encoding: 'utf8', timeout: 10_000, windowsHide: true } as const;

/**
 * The command that prints a line `<pid> <start>` for each of the processes that exists: `ps` on Unix, PowerShell on
 * Windows.
 */
export function listingCommand(platform: NodeJS.Platform, pids: readonly number[]): [command: string, args: string[]] {
  if (platform !== 'win32') return ['ps', ['-o', 'pid=,lstart=', '-p', pids.join(',')]];
  const script = `Get-Process -Id ${pids.join(',')} -ErrorAction SilentlyContinue | ForEach-Object { "$($_.Id) $($_.StartTime.Ticks)" }`;
  return ['powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script]];
}

/** The start marks in the output of `listingCommand`, by pid. */
export function parseStartMarks(output: string): Map<number, string> {
  const marks = new Map<number, string>();
  for (const line of output.split('\n')) {
    const [, pid, mark] = /^\s*(\d+)\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (pid !== undefined && mark !== undefined) marks.set(Number(pid), mark);
  }
  return marks;
}

function linuxStartMark(pid: number): string {
  const stat = linuxStat(pid);
  return stat ? `${bootId()}:${stat.startTicks}` : GONE;
}

/** Linux: the state of a process. `parent` is 1 for an orphan, `terminal` 0 for a process without one. */
export function linuxStat(
  pid: number,
): { state: string; parent: number; terminal: number; startTicks: string } | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name is in parentheses and may itself hold spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, parent: Number(fields[1]), terminal: Number(fields[4]), startTicks: fields[19]! };
  } catch {
    return undefined;
  }
}

/** Linux: private memory of a process, without mapped files; 0 if the process is gone. */
export function privateBytes(pid: number): number {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    const [, anonymous] = /^RssAnon:\s+(\d+) kB$/m.exec(status) ?? [];
    const [, shared] = /^RssShmem:\s+(\d+) kB$/m.exec(status) ?? [];
    return (Number(anonymous ?? 0) + Number(shared ?? 0)) * 1024;
  } catch {
    return 0;
  }
}

/** Whether a process has ended, but its parent has not read its exit code yet. */
function isZombie(pid: number): boolean {
  return process.platform === 'linux' && ['Z', 'X'].includes(linuxStat(pid)?.state ?? '');
}

let cachedBootId: string | undefined;
function bootId(): string {
  cachedBootId ??= fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return cachedBootId;
}

/**
 * Ends a process and its whole group: SIGTERM first, then SIGKILL. Does nothing if the pid has been reused.
 * @param graceMs time between SIGTERM and SIGKILL
 */
export async function endProcessGroup(identity: ProcessIdentity, graceMs = 500): Promise<void> {
  // Never ours: as groups, 0 and 1 would mean our own group and every process.
  if (!Number.isInteger(identity.pid) || identity.pid <= 1 || identity.start === GONE) return;
  if (!isAlive(identity) && !groupHasMembers(identity)) return;
  signalGroup(identity.pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline && groupHasMembers(identity)) await new Promise((done) => setTimeout(done, 20));
  if (groupHasMembers(identity)) signalGroup(identity.pid, 'SIGKILL');
}

/** A group outlives its leader, so its id cannot have been reused while any member is alive. */
function groupHasMembers(identity: ProcessIdentity): boolean {
  if (process.platform === 'win32') return isAlive(identity);
  const mark = startMark(identity.pid);
  const reused = mark !== GONE && mark !== identity.start;
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
