import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { cleanEnvironment, type Environment } from '../base/cleanEnvironment';
import type { AgentLocation } from '../town/layout';
import { agentGitSettings, type AgentSigning } from './gitSettings';

export { cleanEnvironment, type Environment };

const LOGIN_SHELL_LIMIT_MS = 5_000;
const MAX_OUTPUT = 4 * 1024 * 1024;
const MARK = '__gastown_environment__';

let cached: Promise<Environment> | undefined;

/**
 * The environment of the user's login shell, as a new terminal would have it; read once and cached. Our own environment
 * if the shell does not answer within 5 seconds. Never throws. Not cleaned yet.
 */
export function loginEnvironment(): Promise<Environment> {
  return (cached ??= readLoginEnvironment());
}

/** Like `loginEnvironment`, but not cached. */
export async function readLoginEnvironment(
  own: NodeJS.ProcessEnv = process.env,
  shell: string | undefined = own.SHELL || userShell(),
  limitMs = LOGIN_SHELL_LIMIT_MS,
): Promise<Environment> {
  const fallback = withoutUndefined(own);
  if (process.platform === 'win32' || !shell) return fallback;
  // Interactive, because that is where many people set PATH (.bashrc, .zshrc). Some shells then want a terminal
  // or print greetings, hence the mark and the second try.
  for (const flags of ['-ilc', '-lc']) {
    const output = await run(
      shell,
      [flags, `printf %s ${MARK}; env -0; printf %s ${MARK}`],
      cleanEnvironment(own),
      limitMs,
    );
    const environment = output === undefined ? undefined : parseEnvironment(output);
    if (environment) return environment;
  }
  return fallback;
}

/** The variables between two marks in the output of `env -0`. Pure. */
export function parseEnvironment(output: string): Environment | undefined {
  const [, text, end] = output.split(MARK);
  if (text === undefined || end === undefined) return undefined;
  const result: Environment = {};
  for (const entry of text.split('\0')) {
    const equals = entry.indexOf('=');
    if (equals > 0) result[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return result.PATH === undefined ? undefined : result;
}

export interface SessionEnvironmentOptions {
  /** The user's own variables; cleaned by `sessionEnvironment`. */
  base: NodeJS.ProcessEnv;
  /** Town root. */
  root: string;
  /** Folder of the shims of gt and bd, put first on PATH. */
  bin: string;
  /** The agent's place: its address, rig and ledger. */
  seat: Pick<AgentLocation, 'agent' | 'role' | 'rig' | 'name' | 'ledger'>;
  session: string;
  /** Proves that calls come from this session. */
  token: string;
  /** Name and address that the agent commits with. */
  git: { name: string; email: string };
  /** The key that the agents of the rig sign with. */
  signing?: AgentSigning;
  /** Variables of the runtime; they must not override those that identify the session. */
  runtime?: Record<string, string>;
}

/** The whole environment of a session. Pure. */
export function sessionEnvironment(
  options: SessionEnvironmentOptions,
  platform: NodeJS.Platform = process.platform,
): Environment {
  const environment = { ...cleanEnvironment(options.base), ...options.runtime };
  // Windows finds variables whatever their case: two spellings of PATH would hide one another.
  const pathName =
    Object.keys(environment).find((name) => (platform === 'win32' ? name.toUpperCase() === 'PATH' : name === 'PATH')) ??
    'PATH';
  const delimiter = platform === 'win32' ? path.win32.delimiter : path.posix.delimiter;
  const {
    git: { name, email },
    seat,
  } = options;
  return {
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    ...environment,
    [pathName]: [options.bin, environment[pathName]].filter(Boolean).join(delimiter),
    GT_ROLE: seat.role,
    GT_ROOT: options.root,
    ...(seat.rig === undefined ? {} : { GT_RIG: seat.rig }),
    ...(seat.role === 'crew' ? { GT_CREW: seat.name } : seat.role === 'polecat' ? { GT_POLECAT: seat.name } : {}),
    // A member of the crew and the Mayor work with the user, with the user's own git settings.
    ...(seat.role === 'polecat' || seat.role === 'refinery' ? agentGitSettings(options.signing) : {}),
    GT_SESSION: options.session,
    GT_SESSION_TOKEN: options.token,
    BD_ACTOR: seat.agent,
    BEADS_DIR: seat.ledger,
    BEADS_NO_DAEMON: '1',
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
}

/** Output of the shell up to the second mark. Undefined if the shell fails, is missing or takes too long. */
function run(shell: string, args: string[], env: Environment, limitMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    // In a session of its own: an interactive shell would otherwise fight for our terminal.
    const child = spawn(shell, args, { env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    const end = (result: string | undefined): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      // A start-up file may have left a process that holds our pipe.
      if (child.pid !== undefined && child.exitCode === null) signalGroup(child.pid);
      resolve(result);
    };
    const timer = setTimeout(() => end(undefined), limitMs);
    child.on('error', () => end(undefined));
    child.on('close', () => end(output));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.split(MARK).length > 2 || output.length > MAX_OUTPUT) end(output);
    });
  });
}

function signalGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has already exited.
  }
}

function userShell(): string | undefined {
  try {
    return os.userInfo().shell ?? undefined;
  } catch {
    return undefined;
  }
}

function withoutUndefined(environment: NodeJS.ProcessEnv): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
