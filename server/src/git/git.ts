import os from 'node:os';
import path from 'node:path';
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { AbortedError, currentSignal, throwIfAborted } from '../base/abort';
import { KeyedMutex } from '../base/mutex';
import { neutralEnvironment, otherEnd } from './foreignConfig';
import { failure, GitError, runCommand, runner, type GitCommand } from './command';

export { GitError } from './command';

const DEFAULT_TIMEOUT_MS = 120_000;

/** Limit for a command that talks to a remote, in milliseconds. */
export const NETWORK_TIMEOUT_MS = 10 * 60_000;

/** Author and committer of the server's own commits. */
export interface GitIdentity {
  name: string;
  email: string;
  /** Date in the format of GIT_AUTHOR_DATE; by default now. */
  date?: string;
}

export interface GitOptions {
  identity?: GitIdentity;
  /** The author, if it is not the committer. */
  author?: GitIdentity;
  /** Time without output after which git is killed. */
  timeoutMs?: number;
  /** An index file of the caller, so that the worktree's index stays as it is. */
  indexFile?: string;
  /** Settings for this command alone, as `key=value`. */
  config?: readonly string[];
  /** Variables for this command alone. */
  env?: Readonly<Record<string, string>>;
}

/** Settings that must not come from a repository: their programs would run with the server's rights. */
const NEUTRAL_CONFIG = [
  `core.hooksPath=${os.devNull}`,
  'core.fsmonitor=false',
  'core.pager=cat',
  'sequence.editor=true',
  'submodule.recurse=false',
  // There is no editor: messages stay unchanged.
  'core.editor=true',
  'commit.gpgsign=false',
  'tag.gpgsign=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.detachedHead=false',
  'rerere.enabled=false',
  'protocol.ext.allow=never',
  // A missing file in the user's settings would make every diff fail.
  `diff.orderFile=${os.devNull}`,
  // Worktrees of agents and of the refinery hold exactly the commit, independent of the user's settings.
  'core.autocrlf=false',
  // Input and output are UTF-8.
  'i18n.commitEncoding=UTF-8',
  'i18n.logOutputEncoding=UTF-8',
];

/**
 * Allows a bare repository that is named explicitly: users who forbid bare repositories mean those that git discovers,
 * which may be planted.
 */
export const NAMED_BARE_REPOSITORY = 'safe.bareRepository=all';

/** Changes of one repository run one at a time: git's locks make parallel `worktree add` or `update-ref` fail. */
const repositoryMutex = new KeyedMutex();

export function withRepository<T>(repository: string, task: () => Promise<T>): Promise<T> {
  return repositoryMutex.run(repository, task);
}

type RunCommand = typeof runCommand;
let run: RunCommand = runCommand;

/** Lets another process start git for this one, see `GitProcess`. @returns to be called at the end of that */
export function runCommandsWith(other: RunCommand): () => void {
  run = other;
  return () => void (run = runCommand);
}

/**
 * Runs git in a folder with an explicit environment and without hooks, and returns its output. It is killed when the
 * running operation is cancelled. Arguments are passed unchanged, never through a shell; the caller must separate
 * options from paths.
 * @throws AbortedError if it was cancelled, and GitError if it fails
 */
export async function git(directory: string, args: string[], options: GitOptions = {}): Promise<string> {
  throwIfAborted();
  const command = await commandOf(directory, args, options);
  try {
    return await run(command, currentSignal());
  } catch (error) {
    throwIfAborted();
    throw error;
  }
}

/** Like `git`, but stops git after the first bytes of output. */
export async function gitCapped(
  directory: string,
  args: string[],
  maxBytes: number,
): Promise<{ text: string; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = new AbortController();
  const cancelled = currentSignal();
  const signal = cancelled ? AbortSignal.any([stop.signal, cancelled]) : stop.signal;
  const failed: { error?: GitError } = {};
  const capped = runner(await commandOf(directory, args, {}), failed, signal).outputHandler((_command, stdout) => {
    stdout.on('data', (chunk: Buffer) => {
      if (size <= maxBytes) chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) stop.abort();
    });
  });
  try {
    await capped.raw(args);
  } catch (error) {
    throwIfAborted();
    if (size <= maxBytes) throw failed.error ?? error;
  }
  const text = Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
  return { text: text.replace(/\ufffd$/, ''), truncated: size > maxBytes };
}

/**
 * Like `git`, but passes on each chunk of the output as bytes, in any encoding and length. Without simple-git, which
 * buffers and decodes the output.
 */
export async function gitStream(
  directory: string,
  args: readonly string[],
  take: (piece: Buffer) => void,
): Promise<void> {
  throwIfAborted();
  const child = await startGit(directory, args, 'ignore');
  const problems: Buffer[] = [];
  const cancelled = currentSignal();
  const cancel = (): void => void child.kill('SIGKILL');
  cancelled?.addEventListener('abort', cancel, { once: true });
  const silence = setTimeout(() => child.kill('SIGKILL'), DEFAULT_TIMEOUT_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (piece: Buffer) => {
        silence.refresh();
        try {
          take(piece);
        } catch (error) {
          child.kill('SIGKILL');
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      child.stderr.on('data', (piece: Buffer) => problems.push(piece));
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve();
        else if (cancelled?.aborted) reject(new AbortedError());
        else reject(failure(args, signal ? undefined : (code ?? undefined), Buffer.alloc(0), Buffer.concat(problems)));
      });
    });
  } finally {
    clearTimeout(silence);
    cancelled?.removeEventListener('abort', cancel);
  }
}

/** Starts git like `git`, for a caller that communicates with it. @param input `pipe` to write to its standard input */
export function startGit(
  directory: string,
  args: readonly string[],
  input: 'pipe',
): Promise<ChildProcessByStdio<Writable, Readable, Readable>>;
export function startGit(
  directory: string,
  args: readonly string[],
  input: 'ignore',
): Promise<ChildProcessByStdio<null, Readable, Readable>>;
export async function startGit(
  directory: string,
  args: readonly string[],
  input: 'pipe' | 'ignore',
): Promise<ChildProcess> {
  const settings = settingsFor(directory, {}).flatMap((setting) => ['-c', setting]);
  const { env } = await inThisFolder(directory, {});
  return spawn('git', [...settings, ...args], {
    cwd: directory,
    env: { ...gitEnvironment(), ...env },
    stdio: [input, 'pipe', 'pipe'],
    windowsHide: true,
  });
}

/** Like `git`, with the output as bytes, which need not be UTF-8. */
export async function gitBytes(directory: string, args: readonly string[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await gitStream(directory, args, (piece) => pieces.push(piece));
  return Buffer.concat(pieces);
}

/** The command of git in a repository on this disk for a fetch or push, see `otherEnd`. */
export function otherGit(directory: string, hooks: boolean): Promise<{ uploadPack: string; receivePack: string }> {
  return otherEnd(directory, gitEnvironment(), hooks);
}

/** @returns the command with settings and an environment that come from us, and not from the folder */
async function commandOf(directory: string, args: readonly string[], given: GitOptions): Promise<GitCommand> {
  const options = await inThisFolder(directory, given);
  const environment = gitEnvironment(options.identity, options.author);
  if (options.indexFile) environment.GIT_INDEX_FILE = options.indexFile;
  Object.assign(environment, options.env);
  return {
    ...{ directory, args, environment },
    config: settingsFor(directory, options),
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
}

/** The options, with settings that keep git from running programs of an untrusted configuration. */
async function inThisFolder(directory: string, options: GitOptions): Promise<GitOptions> {
  return { ...options, env: { ...(await neutralEnvironment(directory, gitEnvironment())), ...options.env } };
}

/** Like `git`, with the answer trimmed: for commands that print one value. */
export async function gitLine(directory: string, args: string[], options: GitOptions = {}): Promise<string> {
  return (await git(directory, args, options)).trim();
}

/**
 * Like `gitLine`, or undefined if git answers "no": an exit code that means "no" for this command, without error
 * output. Every other failure is an error, never an empty answer.
 * @param no the exit codes of this command that mean "no"
 * @throws GitError
 */
export async function gitProbe(
  directory: string,
  args: string[],
  options: GitOptions & { no?: readonly number[] } = {},
): Promise<string | undefined> {
  try {
    return await gitLine(directory, args, options);
  } catch (error) {
    if (error instanceof GitError && (options.no ?? [1]).includes(error.exitCode ?? -1) && error.stderr.trim() === '')
      return undefined;
    throw error;
  }
}

function settingsFor(directory: string, options: GitOptions): string[] {
  // `.repo.git` is named by its rig, and never discovered.
  const named = path.basename(directory) === '.repo.git' ? [NAMED_BARE_REPOSITORY] : [];
  return [...NEUTRAL_CONFIG, ...named, ...(options.config ?? [])];
}

/**
 * Variables that are passed on from the user's environment: access to remotes, but never the choice of a repository.
 */
const INHERITED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SYSTEMROOT',
  'USERPROFILE',
  'APPDATA',
  'XDG_CONFIG_HOME',
  'SSH_AUTH_SOCK',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_CONFIG_GLOBAL',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'https_proxy',
  'http_proxy',
  'no_proxy',
];

/** A path below a non-folder, so that no file can be created there. */
const NO_FILE = `${os.devNull}/none`;

/**
 * Ignores replaced objects and grafts: an agent can write them into the repository that all worktrees share, and git
 * would show other objects and another history than it pushes.
 */
export const REAL_OBJECTS = { GIT_NO_REPLACE_OBJECTS: '1', GIT_GRAFT_FILE: NO_FILE } as const;

function gitEnvironment(identity?: GitIdentity, author?: GitIdentity): Record<string, string> {
  const environment: Record<string, string> = { LANG: 'C', LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', ...REAL_OBJECTS };
  for (const key of INHERITED) {
    const value = process.env[key];
    if (value !== undefined) environment[key] = value;
  }
  // Without an identity git would guess one from the host name, or refuse; ours is always set.
  const committer = identity ?? { name: 'Gas Town', email: 'town@gastown.local' };
  environment.GIT_COMMITTER_NAME = committer.name;
  environment.GIT_COMMITTER_EMAIL = committer.email;
  environment.GIT_AUTHOR_NAME = (author ?? committer).name;
  environment.GIT_AUTHOR_EMAIL = (author ?? committer).email;
  if (author?.date !== undefined) environment.GIT_AUTHOR_DATE = author.date;
  if (committer.date !== undefined) {
    environment.GIT_COMMITTER_DATE = committer.date;
    environment.GIT_AUTHOR_DATE ??= committer.date;
  }
  return environment;
}
