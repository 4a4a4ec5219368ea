import type { RuntimeInfo } from '../../protocol/town';
import type { TokenUsage } from '../../protocol/usage';
import { loginEnvironment } from '../environment';
import { conversationWays } from '../runtimes';

/**
 * The tokens that a conversation has used, as the agent's program has recorded them.
 * @param worktree folder of the session
 * @returns undefined if the program keeps no known record, or this one is gone
 */
export async function conversationUsage(
  runtime: RuntimeInfo,
  worktree: string,
  { id, since }: { id: string; since: number },
): Promise<TokenUsage[] | undefined> {
  const env = { ...(await loginEnvironment()), ...runtime.env };
  return conversationWays(runtime)?.usage?.({ env, worktree, id, since });
}
