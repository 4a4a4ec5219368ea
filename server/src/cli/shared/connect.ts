import type { HelloInput } from '../../protocol/transport/handshake';
import type { ProcessContext } from './context';
import { plainUserName, plainUserValue } from './gitUserName';

/** How long git may take to answer, in milliseconds. */
const GIT_MS = 5_000;

/** How a command introduces itself: an agent by its session token, anybody else as the person. */
export async function helloOf(
  { cwd, env }: Pick<ProcessContext, 'cwd' | 'env'>,
  actor: string | undefined,
): Promise<HelloInput> {
  const token = env.GT_SESSION_TOKEN;
  if (!token) return { kind: 'cli', cwd, actor: await actorName(actor, env, cwd) };
  const claimed = actor ?? env.BD_ACTOR;
  return { kind: 'agent', token, cwd, ...(claimed === undefined ? {} : { actor: claimed }) };
}

/** Who acts: `--actor`, BD_ACTOR, BEADS_ACTOR, git's user.name or USER, in this order. */
export async function actorName(given: string | undefined, env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  const named = given || env.BD_ACTOR || env.BEADS_ACTOR || plainUserName(env, cwd);
  return named || (await gitUserName(cwd)) || env.USER || 'unknown';
}

/** Address of who writes: GIT_AUTHOR_EMAIL or git's user.email; undefined where git knows none. */
export async function authorAddress(env: NodeJS.ProcessEnv, cwd: string): Promise<string | undefined> {
  const plain = env.GIT_AUTHOR_EMAIL || plainUserValue('email', env, cwd);
  return plain || (await gitValue('user.email', cwd)) || undefined;
}

/** Empty where there is no git, or it has no name. */
function gitUserName(cwd: string): Promise<string> {
  return gitValue('user.name', cwd);
}

async function gitValue(name: string, cwd: string): Promise<string> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    execFile('git', ['config', '--get', name], { cwd, timeout: GIT_MS }, (error, stdout) =>
      resolve(error ? '' : stdout.trim()),
    );
  });
}
