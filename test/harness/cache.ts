// Where the tests keep what they download (VS Code's server, Node.js), so that it survives a fresh clone.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STAMP = '.installed.json';
const HEARTBEAT_MS = 2_000;
/** A holder refreshes its lock every two seconds; this long without one means that it was killed. */
const STALE_MS = 30_000;

export function cacheRoot(): string {
  const override = process.env['GASTOWN_TEST_CACHE'];
  const root = override ? path.resolve(override) : path.join(os.homedir(), '.cache', 'gastown-test');
  mkdirSync(root, { recursive: true });
  return root;
}

export type Log = (line: string) => void;

/**
 * Returns the folder of `id` (a name with its version), filling it with `install` when it is absent.
 * `install` works in a temporary folder that is renamed at the end: an incomplete installation is never used.
 */
export async function installOnce(id: string, log: Log, install: (dir: string) => Promise<void>): Promise<string> {
  const target = path.join(cacheRoot(), id);
  const stamp = path.join(target, STAMP);
  if (existsSync(stamp)) return target;
  return withLock(`${target}.lock`, async () => {
    if (existsSync(stamp)) return target;
    const started = Date.now();
    const work = `${target}.tmp-${process.pid}`;
    log(`installing ${id} into ${cacheRoot()} …`);
    removeAbandoned(target);
    mkdirSync(work, { recursive: true });
    try {
      await install(work);
      const seconds = (Date.now() - started) / 1000;
      writeFileSync(path.join(work, STAMP), JSON.stringify({ id, seconds, at: new Date().toISOString() }));
      rmSync(target, { recursive: true, force: true });
      renameSync(work, target);
      log(`installed ${id} in ${seconds.toFixed(1)} s`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    return target;
  });
}

/** Incomplete installations of processes that were killed. */
function removeAbandoned(target: string): void {
  const prefix = `${path.basename(target)}.tmp-`;
  for (const name of readdirSync(path.dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length));
    if (pid === process.pid || !isAlive(pid))
      rmSync(path.join(path.dirname(target), name), { recursive: true, force: true });
  }
}

async function withLock<T>(file: string, action: () => Promise<T>): Promise<T> {
  const contents = `${process.pid}`;
  while (!tryLock(file, contents)) await sleep(200);
  const heartbeat = setInterval(() => touch(file), HEARTBEAT_MS);
  try {
    return await action();
  } finally {
    clearInterval(heartbeat);
    rmSync(file, { force: true });
  }
}

/**
 * Two waiters that both see a stale lock may both get past it. That costs time only: each installs into its own
 * temporary folder.
 */
function tryLock(file: string, contents: string): boolean {
  try {
    writeFileSync(file, contents, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (isStale(file)) rmSync(file, { force: true });
    return false;
  }
}

function isStale(file: string): boolean {
  try {
    if (Date.now() - statSync(file).mtimeMs > STALE_MS) return true;
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 && !isAlive(pid);
  } catch {
    return false; // released between the two looks
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // the lock was taken for stale; see tryLock
  }
}
