import { spawn } from 'node:child_process';
import os from 'node:os';
import type { SessionExitInfo } from '../protocol';
import { drainAtEnd } from './ptyDrain';

export interface PtyOptions {
  /** Absolute path of the program, already resolved. */
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  cols: number;
  rows: number;
}

/** A running program on a terminal, or on pipes in degraded mode. */
export interface Pty {
  readonly pid: number;
  onData(listener: (data: string) => void): void;
  onExit(listener: (exit: SessionExitInfo) => void): void;
  write(data: string): void;
  resize(cols: number, rows: number): void;
  pause(): void;
  resume(): void;
}

export interface PtyBackend {
  readonly degraded: boolean;
  /** Reason for the degraded mode. */
  readonly reason?: string;
  spawn(options: PtyOptions): Pty;
}

type PtyModule = typeof import('@lydell/node-pty');

/** The terminal library, or pipes if it cannot be loaded (no prebuilt binary for this system). */
export async function loadBackend(
  load: () => Promise<PtyModule> = () => import('@lydell/node-pty'),
): Promise<PtyBackend> {
  try {
    const library = await load();
    return { degraded: false, spawn: (options) => spawnOnTerminal(library, options) };
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0];
    return { degraded: true, reason, spawn: spawnOnPipes };
  }
}

function spawnOnTerminal(library: PtyModule, options: PtyOptions): Pty {
  const { file, args, cwd, env, cols, rows } = options;
  const pty = library.spawn(file, args, { name: env.TERM || 'xterm-256color', cwd, env, cols, rows, encoding: 'utf8' });
  return {
    pid: pty.pid,
    onData(listener) {
      pty.onData(listener);
      drainAtEnd(pty, listener);
    },
    onExit: (listener) => void pty.onExit(({ exitCode, signal }) => listener(exitInfo(exitCode, signal))),
    write: (data) => pty.write(data),
    resize: (newCols, newRows) => pty.resize(newCols, newRows),
    pause: () => pty.pause(),
    resume: () => pty.resume(),
  };
}

function spawnOnPipes({ file, args, cwd, env }: PtyOptions): Pty {
  // Detached: its own process group, as on a terminal, so that a signal reaches all of it.
  const child = spawn(file, args, {
    cwd,
    env: { TERM: 'dumb', ...env, PWD: cwd },
    detached: true,
    windowsHide: true,
    stdio: 'pipe',
  });
  if (child.pid === undefined) {
    child.on('error', () => undefined);
    throw new Error(`${file} could not be started`);
  }
  const streams = [child.stdout, child.stderr];
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined); // the program may have closed its input
  for (const stream of streams) stream.setEncoding('utf8');
  return {
    pid: child.pid,
    // Without a terminal driver line feeds are not converted to CR LF otherwise.
    onData: (listener) =>
      streams.forEach((stream) => stream.on('data', (data: string) => listener(data.replace(/\r?\n/g, '\r\n')))),
    onExit: (listener) => void child.once('close', (code, signal) => listener({ code, signal })),
    write: (data) => void child.stdin.write(data.replace(/\r\n?/g, '\n')),
    resize: () => undefined,
    pause: () => streams.forEach((stream) => stream.pause()),
    resume: () => streams.forEach((stream) => stream.resume()),
  };
}

function exitInfo(code: number, signal: number | undefined): SessionExitInfo {
  if (!signal) return { code, signal: null };
  const name = Object.entries(os.constants.signals).find(([, number]) => number === signal)?.[0];
  return { code: null, signal: name ?? `SIG${signal}` };
}
