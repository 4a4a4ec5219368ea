import fs from 'node:fs';
import { spawnSync } from 'node:child_process';
import { hasCode } from './errors';

/*
 * A lock that the kernel holds on a folder: it is released when its process ends, however that happens, and every
 * process of the machine sees it, even one in a container with its own process numbers. Node has no API for it. A lock
 * of flock(2) belongs to the open file, not to the process that asked for it: a small program of the system locks the
 * file that we have open, and ends.
 */

/** `held`: another process has it. `unsupported`: locks do not work here, with the reason. */
export type LockAttempt = { kind: 'locked'; fd: number } | { kind: 'held' } | { kind: 'unsupported'; reason: string };

/** Exit codes: 0 locked, 1 (without output) held by another. */
const PROGRAMS: readonly (readonly [command: string, args: (mode: LockMode) => string[]])[] = [
  ['flock', (mode) => [mode === 'exclusive' ? '-x' : '-s', '-n', '3']],
  [
    'perl',
    (mode) => [
      '-e',
      `use Fcntl ":flock"; open(my $f, "<&=", 3) or die $!; exit 0 if flock($f, LOCK_${mode === 'exclusive' ? 'EX' : 'SH'} | LOCK_NB); exit 1 if $!{EWOULDBLOCK}; die $!`,
    ],
  ],
  [
    'python3',
    (mode) => [
      '-c',
      `import fcntl, sys\ntry: fcntl.flock(3, fcntl.LOCK_${mode === 'exclusive' ? 'EX' : 'SH'} | fcntl.LOCK_NB)\nexcept BlockingIOError: sys.exit(1)`,
    ],
  ],
];

type LockMode = 'exclusive' | 'shared';

/**
 * File systems whose locks are not visible to every machine that can write them. Names by the magic number of
 * statfs(2).
 */
const WITHOUT_LOCKS: ReadonlyMap<number, string> = new Map([
  [0x01021997, '9p'],
  [0x65735546, 'fuse'],
  [0x786f4256, 'vboxsf'],
  [0x7c7c6673, 'prl_fs'],
]);

const LOCK_MS = 5_000;
/** O_EXLOCK of macOS: open(2) itself locks. */
const DARWIN_EXLOCK = 0x20;

/** @returns `locked` with the descriptor that keeps the lock until it is closed */
export function tryLock(folder: string, mode: LockMode = 'exclusive'): LockAttempt {
  if (process.platform === 'win32') return { kind: 'unsupported', reason: 'Windows cannot lock folders' };
  const filesystem = WITHOUT_LOCKS.get(fs.statfsSync(folder).type);
  if (filesystem)
    return {
      kind: 'unsupported',
      reason: `locks on a file system of type ${filesystem} are not visible to all machines`,
    };
  return process.platform === 'darwin' ? lockByOpening(folder) : lockByProgram(folder, mode);
}

function lockByOpening(folder: string): LockAttempt {
  const flags = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | DARWIN_EXLOCK;
  try {
    return { kind: 'locked', fd: fs.openSync(folder, flags) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK') return { kind: 'held' };
    if (code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'EINVAL')
      return { kind: 'unsupported', reason: message };
    throw error;
  }
}

function lockByProgram(folder: string, mode: LockMode): LockAttempt {
  const fd = fs.openSync(folder, fs.constants.O_RDONLY);
  let attempt: LockAttempt | undefined;
  try {
    attempt = PROGRAMS.map(
      ([command, args]) =>
        () =>
          runLocker(command, args(mode), fd),
    ).reduce<LockAttempt | undefined>((found, run) => found ?? run(), undefined) ?? {
      kind: 'unsupported',
      reason: `there is no ${PROGRAMS.map(([command]) => command).join(', ')} on PATH`,
    };
    return attempt;
  } finally {
    if (attempt?.kind !== 'locked') fs.closeSync(fd);
  }
}

/** Locks with one program. @returns undefined if the program does not exist */
function runLocker(command: string, args: string[], fd: number): LockAttempt | undefined {
  const ended = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    encoding: 'utf8',
    timeout: LOCK_MS,
    env: { PATH: process.env.PATH, LANG: 'C' },
  });
  if (hasCode(ended.error, 'ENOENT')) return undefined;
  if (ended.status === 0) return { kind: 'locked', fd };
  const said = (ended.stderr ?? '').trim();
  if (ended.status === 1 && said === '') return { kind: 'held' };
  return { kind: 'unsupported', reason: said || ended.error?.message || `${command} ended with ${ended.status}` };
}

export function unlock(fd: number): void {
  fs.closeSync(fd);
}
