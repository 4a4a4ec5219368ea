import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { copilotUsage } from '../usage/readers';
import { readUsage } from '../usage/readUsage';
import { hookTable, jsonFile } from './files';
import type { ConversationPlace, HookCommands, Hooks, RuntimePreset } from './preset';

/*
 * GitHub Copilot CLI. Project hooks would have to be in `.github/hooks` of the repository; a plug-in named on the
 * command line can contain hooks in any folder. It asks whether to trust the folder despite all flags, unless this
 * variable is set.
 */

function deliver(commands: HookCommands, events: Hooks['events'], { home }: { home: string }) {
  const hooks = hookTable(commands, events, (bash) => [{ type: 'command', bash, timeoutSec: 30 }]);
  const plugin = {
    name: 'gastown',
    version: '1.0.0',
    description: 'Gives the agent its instructions.',
    hooks: 'hooks.json',
  };
  return {
    files: [
      jsonFile('copilot-plugin/plugin.json', plugin),
      jsonFile('copilot-plugin/hooks.json', { version: 1, hooks }),
    ],
    args: ['--plugin-dir', path.join(home, 'copilot-plugin')],
  };
}

function conversationFolder({ env, id }: ConversationPlace): string {
  return path.join(env.COPILOT_HOME ?? path.join(env.HOME ?? os.homedir(), '.copilot'), 'session-state', id);
}

export const copilot: RuntimePreset = {
  checked: '1.0.102',
  settings: { command: 'copilot', args: ['--allow-all'], env: {}, prompt: 'flag', promptFlag: '-i' },
  modelFlag: '--model',
  conversation: {
    begin: (id) => ['--session-id', id],
    resume: (id) => ({ args: [`--resume=${id}`] }),
    find: (place) => (fs.existsSync(conversationFolder(place)) ? place.id : undefined),
    usage: (place) =>
      readUsage([path.join(conversationFolder(place), 'events.jsonl')], copilotUsage(), /"session\.usage_record"/),
  },
  hooks: { events: { sessionStart: 'sessionStart', turnEnd: 'agentStop' }, answer: 'flat', deliver },
  start: () => ({ env: { COPILOT_ALLOW_ALL: 'true', COPILOT_AUTO_UPDATE: 'false' } }),
  dialogs: [
    {
      pattern: /Confirm folder trust .*Do you trust the files in this folder\?/,
      says: 'asks whether it may trust the folder',
    },
    { pattern: /Please use \/login to sign in to use Copilot/, says: 'is not logged in: type /login in its terminal' },
  ],
};
