import fs from 'node:fs';
import { identify, isAlive, linuxStat, type ProcessIdentity } from './process';

/** Traces that identify the processes started by a command. One matching trace is enough. Linux only. */
export interface ProcessTraces {
  /** All of these variables, at least one: children inherit them. */
  variables: Readonly<Record<string, string>>;
  /**
   * Pipes and sockets that the command writes to, as `/proc/<pid>/fd` names them: only its descendants can hold them.
   */
  outputs?: readonly string[];
  /** Processes that were seen as descendants. */
  seen?: readonly ProcessIdentity[];
  /** A folder in which orphans without a terminal, started after the command, count as its processes. */
  orphansIn?: { folder: string; startedAfter: ProcessIdentity };
}

/**
 * Ends the processes with these traces, whichever process group or session they are in: agents and gates run commands
 * in groups of their own, which outlive the one that started them. SIGTERM first, then SIGKILL. Does nothing on systems
 * other than Linux.
 * @param graceMs time between SIGTERM and SIGKILL
 */
export async function endProcessesWith(traces: ProcessTraces, graceMs = 500): Promise<void> {
  if (process.platform !== 'linux') return;
  const found = processesWith(traces);
  for (const one of found) signal(one, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline && found.some(isAlive)) await new Promise((done) => setTimeout(done, 20));
  // Search again from the start: a process that got the first signal may have started others.
  for (
    let sweeps = 3, left = processesWith(traces);
    sweeps > 0 && left.length > 0;
    sweeps -= 1, left = processesWith(traces)
  ) {
    for (const one of left) signal(one, 'SIGKILL');
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** The pipes and sockets that a process has as its standard output and error. */
export function outputsOf(pid: number): string[] {
  if (process.platform !== 'linux') return [];
  return [1, 2].flatMap((fd) => {
    const link = readLink(`/proc/${pid}/fd/${fd}`);
    return link && /^(socket|pipe):\[\d+\]$/.test(link) ? [link] : [];
  });
}

/**
 * Remembers the descendants of a process while it runs, so that they are known even after they have left its tree. A
 * descendant that loses its parent between two polls is missed.
 */
export class DescendantWatch {
  private readonly known = new Map<number, ProcessIdentity>();
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param onLook called with the live processes, the root first
   * @param lastLookMs the poll interval grows up to this value
   */
  constructor(
    private readonly root: ProcessIdentity,
    private readonly onLook?: (living: readonly ProcessIdentity[]) => void,
    private readonly lastLookMs = LAST_LOOK_MS,
  ) {
    if (process.platform === 'linux') this.lookEvery(FIRST_LOOK_MS);
  }

  /** Ends the watch and returns all descendants that were seen. */
  stop(): ProcessIdentity[] {
    clearTimeout(this.timer);
    return [...this.known.values()].filter(isAlive);
  }

  private lookEvery(ms: number): void {
    this.timer = setTimeout(() => {
      this.look();
      this.onLook?.([this.root, ...this.known.values()].filter(isAlive));
      this.lookEvery(Math.min(ms * 2, this.lastLookMs));
    }, ms);
    this.timer.unref();
  }

  /** Polls once, now. */
  look(): void {
    const children = childrenByParent();
    const queue = [this.root, ...this.known.values()].filter(isAlive).map(({ pid }) => pid);
    const visited = new Set(queue);
    for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
      for (const child of children.get(pid) ?? []) {
        if (visited.has(child)) continue;
        visited.add(child);
        this.known.set(child, identify(child));
        queue.push(child);
      }
    }
  }
}

const FIRST_LOOK_MS = 25;
/** A poll reads one small file for each process of the machine. */
const LAST_LOOK_MS = 800;

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const pid of allPids()) {
    const parent = linuxStat(pid)?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return children;
}

function processesWith(traces: ProcessTraces): ProcessIdentity[] {
  const seen = new Map((traces.seen ?? []).map((one) => [one.pid, one]));
  return allPids().flatMap((pid) => {
    const identity = identify(pid);
    const isOurs =
      hasVariables(pid, traces.variables) ||
      holds(pid, traces.outputs ?? []) ||
      seen.get(pid)?.start === identity.start ||
      (traces.orphansIn !== undefined && isOrphanIn(pid, traces.orphansIn));
    return isOurs && isAlive(identity) ? [identity] : [];
  });
}

/** All process ids except our own. */
function allPids(): number[] {
  return fs
    .readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid);
}

function hasVariables(pid: number, variables: Readonly<Record<string, string>>): boolean {
  try {
    const environment = new Set(fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'));
    const wanted = Object.entries(variables);
    return wanted.length > 0 && wanted.every(([name, value]) => environment.has(`${name}=${value}`));
  } catch {
    return false; // gone, or of another user
  }
}

function holds(pid: number, outputs: readonly string[]): boolean {
  if (outputs.length === 0) return false;
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).some((fd) => outputs.includes(readLink(`/proc/${pid}/fd/${fd}`) ?? ''));
  } catch {
    return false; // gone, or of another user
  }
}

/** A shell that the user opened in the folder has a terminal, and a program started from it has a parent. */
function isOrphanIn(pid: number, { folder, startedAfter }: NonNullable<ProcessTraces['orphansIn']>): boolean {
  const stat = linuxStat(pid);
  if (stat?.parent !== 1 || stat.terminal !== 0) return false;
  const since = startedAfter.start.split(':').at(-1);
  return Number(stat.startTicks) >= Number(since) && isWorkingIn(pid, folder);
}

function isWorkingIn(pid: number | string, folder: string): boolean {
  const cwd = readLink(`/proc/${pid}/cwd`);
  return cwd !== undefined && (cwd === folder || cwd.startsWith(`${folder}/`));
}

function readLink(link: string): string | undefined {
  try {
    return fs.readlinkSync(link);
  } catch {
    return undefined; // gone, or of another user
  }
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    if (isAlive(identity)) process.kill(identity.pid, name);
  } catch {
    // It has just exited.
  }
}

/**
 * Whether a process of this command (`git` is also `git-lfs` and the like) has its working directory in a folder or
 * below. Linux only; false on other systems.
 */
export function isCommandWorkingIn(folder: string, command: string): boolean {
  if (process.platform !== 'linux') return false;
  return allPids().some((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith(command) && isWorkingIn(pid, folder);
    } catch {
      return false; // gone, or of another user
    }
  });
}
