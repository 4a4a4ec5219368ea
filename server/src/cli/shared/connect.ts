import type { HelloInput } from '../../protocol/transport/handshake';
import { actorName } from './actor';
import type { ProcessContext } from './context';

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
