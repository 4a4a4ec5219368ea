import { isDeepStrictEqual } from 'node:util';
import type { BeadStore } from '../../beads/store';
import type { TokenUsage } from '../../protocol/usage';
import { mergeOf, slingableTypes, withWork, workOf } from '../state/work';

/** The tokens of one conversation of an agent. */
export interface ConversationUsage {
  /** Id of the conversation, which later sessions may resume. */
  id: string;
  tokens: TokenUsage[];
}

/**
 * Records on a bead what a conversation of an agent has used so far. That of a reviewer is recorded on the bead of the
 * change. Does nothing if the bead is gone.
 */
export async function recordUsage(
  store: BeadStore,
  { agent, bead: id, at }: { agent: string; bead: string; at: Date },
  conversation: ConversationUsage,
): Promise<void> {
  const given = store.get(id);
  const bead = store.get((given && mergeOf(given)?.source) ?? id);
  if (!bead || !slingableTypes.has(bead.issue_type)) return;
  await store.batch({ actor: agent }, (tx) => {
    const current = tx.get(bead.id);
    if (!current || current.status === 'tombstone') return;
    const usage = workOf(current).usage ?? {};
    if (isDeepStrictEqual(usage[conversation.id]?.tokens, conversation.tokens)) return;
    const record = { by: agent, at: at.toISOString(), tokens: conversation.tokens };
    tx.update(bead.id, { metadata: withWork(current, { usage: { ...usage, [conversation.id]: record } }) });
  });
}
