import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { openForAppend, readTail } from '../../base/safeFiles';
import { makePrivateFolder } from '../../base/safeFolders';
import { statOf } from '../../base/safePaths';
import { cleanEnvironment } from '../../base/cleanEnvironment';
import { UserError, messageOf } from '../../base/errors';
import { Lease, type LeaseHolder } from '../../base/lease';
import { readEndpoint } from './endpointFile';
import { startFailureIn } from './startFailure';

/** A bundled program that runs on its own. */
export interface DetachedProgram {
  /** Folder of the town or ledger; the program's working directory. */
  root: string;
  /** Absolute path of the bundled program. */
  script: string;
  arguments: string[];
  /** Gets the program's output. */
  logFile: string;
  /** Options of Node itself; not used if the editor's binary runs as Node. */
  nodeArguments?: string[];
}

export interface LaunchOptions<T> extends DetachedProgram {
  /** What the program serves, for messages. */
  kind?: 'town' | 'ledger';
  /** Folder of the lease that lets one of many waiting clients start the program. */
  startLease: string;
  /** Folder of the lease that the program itself holds while it runs. */
  programLease: string;
  endpointFile: string;
  timeoutMs: number;
  /** Throws a UserError `unavailable` while the program does not answer; any other error ends the wait. */
  connect(): Promise<T>;
}

export interface Started {
  /** Undefined while the program runs. */
  exitCode?: number | null;
  problem?: string;
  /** Size of the log before the start. */
  logStart?: number;
}

/** A program that has written its endpoint file but does not answer for this long is considered hung. */
const HUNG_MS = 2_000;
/** How often a program that was killed before it answered is started again. */
const MAX_KILLS = 10;
const LEASE_RETRY_MS = 300;
const POLL_MS = 40;
const MAX_LOG_BYTES = 4096;

/**
 * The program's answer, after starting it if none runs. If several clients need it, one starts it and the others wait;
 * the program's own lease ensures that only one runs.
 * @throws UserError `unavailable` with the end of its log if it does not answer in time
 */
export async function startUntilAnswered<T>(options: LaunchOptions<T>): Promise<T> {
  const first = await attempt(options);
  if (first) return first.answer;
  if (!isDirectory(options.root)) throw new UserError(`there is no folder ${options.root}`, undefined, 'not-found');
  const deadline = Date.now() + options.timeoutMs;
  let kills = 0;
  let quiet: { pid: number; since: number } | undefined;
  let lease: Lease | undefined;
  let started: Started | undefined;
  try {
    while (Date.now() < deadline) {
      const found = await attempt(options);
      if (found) return found.answer;
      const silent = silentProgram(options);
      // If programs start and end repeatedly, each may just have started to listen.
      if (!silent || silent.pid !== quiet?.pid) quiet = silent && { pid: silent.pid, since: Date.now() };
      else if (Date.now() - quiet.since > HUNG_MS) throw hungError(silent, options.kind);
      lease ??= Lease.tryAcquire(options.startLease);
      const ended = started !== undefined && (started.exitCode !== undefined || started.problem !== undefined);
      if (lease && (!started || ended)) {
        // Exit code 0 means that another process holds the program's lease: it will answer soon, or is ending. No exit
        // code means that it was killed, in which case another start may succeed.
        if (ended && started?.exitCode !== 0 && !(started?.exitCode === null && kills++ < MAX_KILLS)) break;
        if (ended) await sleep(LEASE_RETRY_MS);
        started = startDetached(options);
      }
      await sleep(POLL_MS);
    }
  } finally {
    lease?.release();
  }
  const last = await attempt(options);
  if (last) return last.answer;
  const holder = Lease.holder(options.programLease);
  const reason = ownReason(options, started);
  if (holder && !(reason && options.kind === 'ledger')) throw hungError(holder, options.kind);
  throw reason ?? new UserError(failure(options, started), `Its log is ${options.logFile}.`, 'unavailable');
}

/** A program that holds its lease and has written its endpoint file, but does not answer. */
function silentProgram({ programLease, endpointFile }: LaunchOptions<unknown>): LeaseHolder | undefined {
  const endpoint = readEndpoint(endpointFile);
  const holder = endpoint && Lease.holder(programLease);
  return holder && holder.pid === endpoint.pid ? holder : undefined;
}

/** Thrown if a program runs but does not answer. */
export class NotAnswering extends UserError {}

/** The message about a program that runs but does not answer. */
export function hungError(
  { pid, isHere, host }: Pick<LeaseHolder, 'pid' | 'isHere' | 'host'>,
  kind: 'town' | 'ledger' = 'town',
): NotAnswering {
  if (kind === 'ledger') return ledgerHeldError({ pid, isHere, host });
  return isHere
    ? new NotAnswering(
        `process ${pid}, which serves this town, does not answer`,
        `It may be stopped or hang. If it does not answer soon, end it: kill -9 ${pid}. Agents continue, and the next command starts it again.`,
        'unavailable',
      )
    : new NotAnswering(
        `this town is served by process ${pid} of another machine or container (${host ?? 'unknown'}), which cannot be reached from here`,
        'Use the town there, or run "gt shutdown" there first.',
        'unavailable',
      );
}

function ledgerHeldError({ pid, isHere, host }: Pick<LeaseHolder, 'pid' | 'isHere' | 'host'>): NotAnswering {
  return isHere
    ? new NotAnswering(
        `process ${pid} has this ledger open and does not answer`,
        `It may be suspended or hung. If it does not answer soon, end it: kill -9 ${pid}. The next command continues without it.`,
        'unavailable',
      )
    : new NotAnswering(
        `this ledger is in use by process ${pid} of another machine or container (${host ?? 'unknown'})`,
        'Use the ledger there, or end that process first.',
        'unavailable',
      );
}

async function attempt<T>(options: LaunchOptions<T>): Promise<{ answer: T } | undefined> {
  try {
    return { answer: await options.connect() };
  } catch (error) {
    if (error instanceof UserError && error.code === 'unavailable') return undefined;
    throw error;
  }
}

/** Starts the program independent of this one: own process group, no terminal, no pipes. */
export function startDetached(options: DetachedProgram): Started {
  const started: Started = {};
  let log: number | undefined;
  try {
    if (!fs.existsSync(options.script)) throw new Error(`${options.script} is missing; is Gas Town built?`);
    makePrivateFolder(path.dirname(options.logFile));
    log = openForAppend(options.logFile);
    started.logStart = fs.fstatSync(log).size;
    const isElectron = process.versions.electron !== undefined;
    const nodeArguments = isElectron ? [] : (options.nodeArguments ?? []);
    const child = spawn(process.execPath, [...nodeArguments, options.script, ...options.arguments], {
      cwd: options.root,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log, log],
      // The program serves many clients, so it inherits nothing from the session or the editor that starts it.
      env: { ...cleanEnvironment(process.env), ...(isElectron ? { ELECTRON_RUN_AS_NODE: '1' } : {}) },
    });
    child.on('error', (error) => (started.problem = messageOf(error)));
    child.on('exit', (code) => (started.exitCode = code));
    child.unref();
  } catch (error) {
    started.problem = messageOf(error);
  } finally {
    if (log !== undefined) fs.closeSync(log);
  }
  return started;
}

function failure<T>(options: LaunchOptions<T>, started: Started | undefined): string {
  const name = path.basename(options.script);
  const what =
    started?.problem ??
    (started?.exitCode !== undefined
      ? `it ended with code ${started.exitCode}`
      : `it did not answer within ${options.timeoutMs / 1000} s`);
  const tail = logTail(options.logFile);
  return `cannot start ${name}: ${what}${tail ? `\n${tail}` : ''}`;
}

/** The reason that the program itself logged for its end, since this start. */
function ownReason({ logFile }: DetachedProgram, started: Started | undefined): UserError | undefined {
  if (!started?.exitCode || started.logStart === undefined) return undefined;
  const since = Math.max(0, (statOf(logFile)?.size ?? 0) - started.logStart);
  return startFailureIn(readTail(logFile, Math.min(MAX_LOG_BYTES, since)).toString('utf8'));
}

function logTail(file: string): string {
  return readTail(file, MAX_LOG_BYTES).toString('utf8').trimEnd().split('\n').slice(-15).join('\n');
}

function isDirectory(directory: string): boolean {
  try {
    return fs.statSync(directory).isDirectory();
  } catch {
    return false;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
