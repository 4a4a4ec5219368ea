import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { geminiUsage } from '../usage/readers';
import { readUsage } from '../usage/readUsage';
import { firstJsonLine, hookTable, jsonFile, namesIn } from './files';
import type { ConversationPlace, HookCommands, Hooks, RuntimePreset } from './preset';

/*
 * Gemini CLI. It uses the user's login: without one it asks, and the prompt of the command line is lost. Our hooks are
 * "system defaults", which all other settings override. Gemini reads them only from folders that no other user may
 * write to; otherwise it warns, ignores them, and the agent gets everything from the prompt.
 */

function deliver(commands: HookCommands, events: Hooks['events'], { home }: { home: string }) {
  const hooks = hookTable(commands, events, (command) => [
    { matcher: '*', hooks: [{ type: 'command', name: 'gastown', command }] },
  ]);
  const name = 'gemini-defaults.json';
  const settings = { general: { enableAutoUpdate: false }, hooks };
  return { files: [jsonFile(name, settings)], env: { GEMINI_CLI_SYSTEM_DEFAULTS_PATH: path.join(home, name) } };
}

const headSchema = z.object({ sessionId: z.string() });

/** `~/.gemini/tmp/<project>/chats/session-<time>-<start of the id>.jsonl` */
function find({ env, id }: ConversationPlace): string[] {
  const root = path.join(env.GEMINI_CLI_HOME ?? env.HOME ?? os.homedir(), '.gemini', 'tmp');
  const isIt = (file: string) => headSchema.safeParse(firstJsonLine(file)).data?.sessionId === id;
  return namesIn(root).flatMap((project) => {
    const chats = path.join(root, project, 'chats');
    return namesIn(chats)
      .filter((name) => name.includes(id.slice(0, 8)))
      .map((name) => path.join(chats, name))
      .filter(isIt);
  });
}

export const gemini: RuntimePreset = {
  checked: '0.61.0',
  settings: {
    command: 'gemini',
    args: ['--approval-mode', 'yolo', '--skip-trust'],
    env: {},
    prompt: 'flag',
    promptFlag: '-i',
  },
  modelFlag: '--model',
  conversation: {
    begin: (id) => ['--session-id', id],
    resume: (id) => ({ args: ['--resume', id] }),
    find: (place) => (find(place).length > 0 ? place.id : undefined),
    usage: (place) => readUsage(find(place), geminiUsage(), /"tokens"/),
  },
  hooks: { events: { sessionStart: 'SessionStart', turnEnd: 'AfterAgent' }, answer: 'nested', deliver },
  dialogs: [
    { pattern: /Do you trust the files in this folder\? .*Don't trust/, says: 'asks whether it may trust the folder' },
    {
      pattern: /How would you like to authenticate for this project\?/,
      says: 'is not logged in: it asks how to authenticate',
    },
  ],
};
