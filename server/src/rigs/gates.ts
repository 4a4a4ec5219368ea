import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { z } from 'zod';
import { AbortedError, currentSignal, throwIfAborted } from '../base/abort';
import { writeJsonAtomic, openForRewrite, PRIVATE_FILE, readTextIfPresent, removeFile } from '../base/safeFiles';
import { makePrivateFolder } from '../base/safeFolders';
import { endProcessGroup, identify, type ProcessIdentity } from '../base/process';
import { DescendantWatch, endProcessesWith, outputsOf, type ProcessTraces } from '../base/processTraces';
import { recordedProcess } from '../base/recordedProcess';
import { canLimit, exceeded } from './gateLimits';
import type { GateInfo } from '../protocol/town';

/** `output`: its last part. `code` is null if the gate was killed, ran too long or could not be started. */
export type GateOutcome =
  | { passed: true; output: string }
  | { passed: false; code: number | null; problem: string; output: string };

/** Variable that identifies the processes of one run of a gate. */
const GATE_MARK = 'GT_GATE_RUN';

const recordedGate = recordedProcess.extend({
  mark: z.uuid().optional(),
  outputs: z.array(z.string().regex(/^(socket|pipe):\[\d+\]$/)).default([]),
});
type RunningGate = ProcessIdentity & { mark?: string; outputs: string[] };

/** Bytes of a gate's output that are kept: the last part for the agent, more in the log. */
const TAIL_BYTES = 8_000;
const LOG_BYTES = 5_000_000;

/**
 * Runs one gate command in a worktree, in its own process group, and ends the whole group afterwards, so that leftover
 * processes cannot affect the next gate.
 * @param groupFile records the process group, in case the server is killed meanwhile (see `endRecordedGate`)
 * @throws AbortedError if the running operation is cancelled meanwhile: the gate then has no outcome
 */
export async function runGate(
  gate: GateInfo,
  directory: string,
  env: NodeJS.ProcessEnv,
  logFile: string,
  groupFile: string,
): Promise<GateOutcome> {
  throwIfAborted();
  makePrivateFolder(path.dirname(logFile));
  const log = openForRewrite(logFile);
  const output = new Tail(TAIL_BYTES);
  let logged = 0;
  const [shell, flag] = process.platform === 'win32' ? ['cmd.exe', '/c'] : ['/bin/sh', '-c'];
  // Processes that leave the group keep this variable: see `endGate`.
  const mark = randomUUID();
  const child = spawn(shell, [flag, gate.command], {
    cwd: directory,
    env: { ...env, ...gate.env, [GATE_MARK]: mark },
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const group = child.pid === undefined ? undefined : identify(child.pid);
  const outputs = group ? outputsOf(group.pid) : [];
  if (group) writeJsonAtomic(groupFile, { ...group, mark, outputs }, PRIVATE_FILE);
  let exceeds: string | undefined;
  const descendants =
    group &&
    watchLimits(group, gate, (found) => {
      exceeds ??= found;
      endEarly();
    });
  const leave = group && enter(directory, group);
  const collect = (chunk: Buffer): void => {
    output.add(chunk);
    if (logged >= LOG_BYTES) return;
    try {
      logged += fs.writeSync(log, chunk);
    } catch {
      logged = LOG_BYTES; // The disk is full: the gate's verdict counts, not its log.
    }
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  let timedOut = false;
  const endEarly = (): void => {
    if (group) endProcessGroup(group).catch(() => undefined); // the rest is ended below
  };
  if (gate.limits && !canLimit())
    collect(
      Buffer.from(
        'The limits of memory and processes are not applied: this system does not show the usage of a gate.\n',
      ),
    );
  const timer = setTimeout(() => {
    timedOut = true;
    endEarly();
  }, gate.timeoutSeconds * 1000);
  const signal = currentSignal();
  signal?.addEventListener('abort', endEarly, { once: true });
  const end = await new Promise<{ code: number | null; signal: string | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    // A leftover process may keep the pipe open forever: allow a moment for the last output.
    child.once('exit', (code, signal) => setTimeout(() => resolve({ code, signal }), 20));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  clearTimeout(timer);
  signal?.removeEventListener('abort', endEarly);
  if (group) await endGate({ ...group, mark, outputs }, { seen: descendants?.stop(), orphansIn: leave?.() });
  fs.closeSync(log);
  child.stdout.destroy();
  child.stderr.destroy();
  removeFile(groupFile);
  if (signal?.aborted) throw new AbortedError();
  if (end.code === 0 && !timedOut && exceeds === undefined) return { passed: true, output: output.text() };
  return {
    passed: false,
    code: timedOut || exceeds !== undefined ? null : end.code,
    problem: exceeds ?? problemOf(gate, end, timedOut),
    output: output.text(),
  };
}

/** Polling interval for the resources of a gate, in milliseconds. */
const LIMIT_LOOK_MS = 100;

/** Watches the limits of a gate. @param onExceeded called with the message about the exceeded limit */
function watchLimits(
  group: ProcessIdentity,
  { limits }: GateInfo,
  onExceeded: (found: string) => void,
): DescendantWatch {
  if (!limits || !canLimit()) return new DescendantWatch(group);
  const look = (living: readonly ProcessIdentity[]): void => {
    const found = exceeded(living, limits);
    if (found !== undefined) onExceeded(found);
  };
  return new DescendantWatch(group, look, LIMIT_LOOK_MS);
}

/** Running gates by folder: their number, and the first one of them. */
const running = new Map<string, { count: number; first: ProcessIdentity }>();

/**
 * Records that a gate runs in a folder.
 * @returns a function to call when it ends. The origin of an orphan cannot be determined: the last gate to end kills
 * all of them.
 */
function enter(folder: string, group: ProcessIdentity): () => ProcessTraces['orphansIn'] {
  const here = running.get(folder) ?? { count: 0, first: group };
  here.count += 1;
  running.set(folder, here);
  return () => {
    here.count -= 1;
    if (here.count > 0) return undefined;
    running.delete(folder);
    return { folder, startedAfter: here.first };
  };
}

function problemOf(
  gate: GateInfo,
  end: { code: number | null; signal: string | null; error?: Error },
  timedOut: boolean,
): string {
  if (timedOut) return `ran longer than its limit of ${gate.timeoutSeconds} s`;
  if (end.error) return `could not be started: ${end.error.message}`;
  return end.signal ? `was ended by ${end.signal}` : `failed with exit code ${end.code}`;
}

/** Ends a gate that a killed server left running in the refinery's worktree. */
export async function endRecordedGate(groupFile: string): Promise<void> {
  let gate: RunningGate;
  try {
    gate = recordedGate.parse(JSON.parse(readTextIfPresent(groupFile) ?? ''));
  } catch {
    return; // none was running, or the file does not name a process that we may end
  }
  await endGate(gate, {}, 0);
  removeFile(groupFile);
}

/** Ends a gate's process group, and every process that it started and that has left the group (`setsid`, daemons). */
async function endGate(
  { mark, outputs, ...group }: RunningGate,
  traces: Pick<ProcessTraces, 'seen' | 'orphansIn'>,
  graceMs?: number,
): Promise<void> {
  await endProcessGroup(group, graceMs);
  if (mark !== undefined) await endProcessesWith({ variables: { [GATE_MARK]: mark }, outputs, ...traces }, graceMs);
}

/** Keeps the last bytes of a stream. */
class Tail {
  private chunks: Buffer[] = [];
  private size = 0;

  constructor(private readonly limit: number) {}

  add(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    while (this.size - this.chunks[0]!.length >= this.limit) this.size -= this.chunks.shift()!.length;
  }

  text(): string {
    const all = Buffer.concat(this.chunks).toString('utf8');
    return all.length > this.limit ? `…${all.slice(-this.limit)}` : all;
  }
}
