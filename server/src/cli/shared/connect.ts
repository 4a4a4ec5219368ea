import type { HelloInput } from '../../protocol/transport/handshake';
import type { ProcessContext } from './context';
import { plainUserName, plainUserValue } from './gitUserName';

/** The hello of a command: an agent is identified by its session token, all other callers act as the user. */
export async function helloOf(
  { cwd, env }: Pick<ProcessContext, 'cwd' | 'env'>,
  actor: string | undefined,
): Promise<HelloInput> {
  const token = env.GT_SESSION_TOKEN;
  if (!token) return { kind: 'cli', cwd, actor: await actorName(actor, env, cwd) };
  const claimed = actor ?? env.BD_ACTOR;
  return { kind: 'agent', token, cwd, ...(claimed === undefined ? {} : { actor: claimed }) };
}

/** The actor: `--actor`, BD_ACTOR, BEADS_ACTOR, git's user.name or USER, in this order. */
export async function actorName(given: string | undefined, env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  const named = given || env.BD_ACTOR || env.BEADS_ACTOR || plainUserName(env, cwd);
  return named || (await gitUserName(cwd)) || env.USER || 'unknown';
}

/** Address of the author: GIT_AUTHOR_EMAIL or git's user.email; undefined if there is none. */
export async function authorAddress(env: NodeJS.ProcessEnv, cwd: string): Promise<string | undefined> {
  const plain = env.GIT_AUTHOR_EMAIL || plainUserValue('email', env, cwd);
  return plain || (await gitValue('user.email', cwd)) || undefined;
}

/** git's user.name; empty without git or without a name. */
function gitUserName(cwd: string): Promise<string> {
  return gitValue('user.name', cwd);
}

async function gitValue(name: string, cwd: string): Promise<string> {
  const { gitOutput } = await import('./gitOutput');
  return (await gitOutput(cwd, ['config', '--get', name]))?.trim() ?? '';
}
