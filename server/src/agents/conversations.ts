import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { readTextIfPresent, writeJsonAtomic } from '../base/safeFiles';
import type { ConversationWays } from './presets/preset';

const conversationSchema = z.object({
  bead: z.string().optional(),
  runtime: z.string(),
  id: z.string(),
  /** Start time in milliseconds. */
  since: z.number().default(0),
  /** The last session was resumed without knowing whether the conversation was kept. */
  unsure: z.boolean().default(false),
});

export interface ConversationRequest {
  /**
   * File with the id of the conversation. Next to the worktree, so that it outlives the session and is removed with the
   * agent.
   */
  file: string;
  ways: ConversationWays;
  bead?: string;
  runtime: string;
  /** Whether a session of this work was interrupted. */
  resume: boolean;
  env: Readonly<Record<string, string>>;
  worktree: string;
  now?: number;
}

/** The conversation of a session. */
export interface ChosenConversation {
  /** For the program's command line. */
  id: string;
  resume: boolean;
  /** Our own id and the time of its first session: some programs choose another id. */
  known: { id: string; since: number };
}

/** Resumes the conversation of an interrupted session if the runtime has kept it; starts a new one otherwise. */
export function chooseConversation(request: ConversationRequest): ChosenConversation {
  const { file, ways, bead, runtime, env, worktree } = request;
  const known = request.resume ? readConversation(request) : undefined;
  if (known) {
    const id = ways.find
      ? ways.find({ env, worktree, id: known.id, since: known.since })
      : known.unsure
        ? undefined
        : known.id;
    if (id !== undefined) {
      if (!ways.find) writeJsonAtomic(file, { ...known, unsure: true });
      return { id, resume: true, known: { id: known.id, since: known.since } };
    }
  }
  const id = randomUUID();
  const since = request.now ?? Date.now();
  writeJsonAtomic(file, { bead, runtime, id, since });
  return { id, resume: false, known: { id, since } };
}

function readConversation({
  file,
  bead,
  runtime,
}: ConversationRequest): z.output<typeof conversationSchema> | undefined {
  try {
    const known = conversationSchema.parse(JSON.parse(readTextIfPresent(file) ?? ''));
    return known.bead === bead && known.runtime === runtime ? known : undefined;
  } catch {
    return undefined; // missing or unreadable: starting a new conversation loses no commits
  }
}
