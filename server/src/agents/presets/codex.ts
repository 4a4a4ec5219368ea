import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { codexUsage } from '../usage/readers';
import { readUsage } from '../usage/readUsage';
import { filesBelow, firstJsonLine, hookTable } from './files';
import type { ConversationPlace, HookCommands, Hooks, RuntimePreset } from './preset';

/*
 * Codex. All our settings are given with `-c`, for one process: CODEX_HOME contains the user's login, and the `.codex`
 * folder of a project is read from its main checkout, which is not ours.
 *
 * - It asks whether to trust a folder, and stores the answer as an entry for exactly that folder. `-c` can only set the
 *   whole table.
 * - It runs commands in a login shell, whose start-up files may set PATH again: then `gt` is not found.
 * - By default it runs commands in a daemon that outlives it, has its own environment and is shared with the user.
 */

const overrides = (entries: readonly string[]): string[] => entries.flatMap((entry) => ['-c', entry]);

/** A string of TOML: JSON's escapes are a subset of its. */
const quoted = (text: string): string => JSON.stringify(text).replaceAll('\u007f', '\\u007f');

function deliver(commands: HookCommands, events: Hooks['events']) {
  const table = hookTable(commands, events, (command) => `[{hooks=[{type="command",command=${quoted(command)}}]}]`);
  const entries = Object.entries(table).map(([event, hooks]) => `hooks.${event}=${hooks}`);
  // Without the flag it asks about every hook that it has not seen before.
  return { args: ['--dangerously-bypass-hook-trust', ...overrides(entries)] };
}

const metaSchema = z.object({
  type: z.literal('session_meta'),
  payload: z.object({ id: z.string().regex(/^[\w-]+$/), cwd: z.string(), timestamp: z.string() }),
});

/** Codex chooses the ids itself: its record of a conversation names the folder. */
function find({ env, worktree, since }: ConversationPlace): { file: string; id: string } | undefined {
  const directory = env.CODEX_HOME ?? path.join(env.HOME ?? os.homedir(), '.codex');
  // sessions/<year>/<month>/<day>/rollout-<time>-<id>.jsonl
  for (const file of filesBelow(path.join(directory, 'sessions'), 3).reverse()) {
    const meta = metaSchema.safeParse(firstJsonLine(file)).data;
    if (!meta) continue;
    const begun = Date.parse(meta.payload.timestamp);
    if (meta.payload.cwd === worktree && begun >= since) return { file, id: meta.payload.id };
    if (begun < since) return undefined; // all earlier ones are too old, too
  }
  return undefined;
}

export const codex: RuntimePreset = {
  checked: '0.169.0',
  settings: { command: 'codex', args: ['--dangerously-bypass-approvals-and-sandbox'], env: {}, prompt: 'argument' },
  modelFlag: '--model',
  conversation: {
    resume: (id) => ({ before: ['resume'], args: [id] }),
    find: (place) => find(place)?.id,
    usage: async (place) => {
      const file = find(place)?.file;
      return file === undefined ? undefined : readUsage([file], codexUsage(), /"turn_context"|"token_count"/);
    },
  },
  hooks: { events: { sessionStart: 'SessionStart', turnEnd: 'Stop' }, answer: 'text', deliver },
  start: ({ worktree }) => ({
    args: overrides([
      `projects={${quoted(worktree)}={trust_level="trusted"}}`,
      'allow_login_shell=false',
      'features.daemon_auto_start=false',
      'check_for_update_on_startup=false',
    ]),
  }),
  dialogs: [
    { pattern: /Trust this folder\? .*Trust and continue/, says: 'asks whether it may trust the folder' },
    { pattern: /Sign in with ChatGPT .*Press enter to continue/, says: 'is not logged in: it asks how to sign in' },
    // Only the headline is known (0.169.0).
    { pattern: /Hooks need review/, says: 'asks whether hooks may run' },
  ],
};
