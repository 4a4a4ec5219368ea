import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { claudeUsage } from '../usage/readers';
import { readUsage } from '../usage/readUsage';
import { hookTable, jsonFile, namesIn } from './files';
import type { ConversationPlace, HookCommands, Hooks, RuntimePreset } from './preset';

/*
 * Claude Code. An interactive start with a prompt stops at two questions, which no user would answer:
 *
 * - "Do you trust this folder?", kept per folder in the user's own ~/.claude.json, which we never write. (Trusting the
 *   town's root once covers all worktrees under it.) The variable CLAUDE_CODE_SANDBOXED skips it for one process.
 * - The warning of the mode without permission prompts: `skipDangerousModePermissionPrompt`, which is also read from a
 *   file given by --settings.
 *
 * Both are answered here because the user has accepted, once for this town, that this runtime works without asking;
 * without that, no session is started. First-run onboarding and login are left to the user: claude asks for them in the
 * agent's terminal.
 */

function deliver(commands: HookCommands, events: Hooks['events'], { home }: { home: string }) {
  const hooks = hookTable(commands, events, (command) => [{ matcher: '', hooks: [{ type: 'command', command }] }]);
  const name = 'claude-settings.json';
  return {
    files: [jsonFile(name, { skipDangerousModePermissionPrompt: true, hooks })],
    args: ['--settings', path.join(home, name)],
  };
}

/** @param configDirectory `$CLAUDE_CONFIG_DIR`, else `~/.claude` */
export function claudeConversationFile(configDirectory: string, worktree: string, id: string): string {
  return path.join(configDirectory, 'projects', worktree.replace(/[^A-Za-z0-9]/g, '-'), `${id}.jsonl`);
}

function conversationFile({ env, worktree, id }: ConversationPlace): string {
  const directory = env.CLAUDE_CONFIG_DIR ?? path.join(env.HOME ?? os.homedir(), '.claude');
  return claudeConversationFile(directory, worktree, id);
}

export const claude: RuntimePreset = {
  checked: '2.1.197',
  settings: { command: 'claude', args: ['--dangerously-skip-permissions'], env: {}, prompt: 'argument' },
  modelFlag: '--model',
  conversation: {
    begin: (id) => ['--session-id', id],
    resume: (id) => ({ args: ['--resume', id] }),
    find: (place) => (fs.existsSync(conversationFile(place)) ? place.id : undefined),
    usage: (place) => {
      const file = conversationFile(place);
      const subagents = path.join(file.replace(/\.jsonl$/, ''), 'subagents');
      const others = namesIn(subagents)
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => path.join(subagents, name));
      return readUsage([file, ...others], claudeUsage(), /"usage"/);
    },
  },
  hooks: { events: { sessionStart: 'SessionStart', turnEnd: 'Stop' }, answer: 'text', deliver },
  start: ({ asRoot }) => ({
    env: {
      CLAUDE_CODE_SANDBOXED: '1',
      // Agents must not all update the program that they run at the same time.
      DISABLE_AUTOUPDATER: '1',
      // Without it claude refuses to work as root without asking.
      ...(asRoot ? { IS_SANDBOX: '1' } : {}),
    },
  }),
  dialogs: [
    { pattern: /Yes, I trust this folder/, says: 'asks whether it may trust the folder' },
    { pattern: /Do you want to use this API key\?/, says: 'asks whether to use the API key in its environment' },
    {
      pattern: /running in Bypass Permissions mode .*Yes, I accept/,
      says: 'asks you to accept that it works without asking',
    },
    { pattern: /Unable to connect to Anthropic services/, says: 'cannot reach Anthropic to set itself up' },
    { pattern: /Not logged in .{0,3}(Please run|Run) \/login/, says: 'is not logged in: type /login in its terminal' },
    // From reports by others, not verified by us.
    { pattern: /Select login method/, says: 'asks how to log in' },
    { pattern: /Choose the text style that looks best/, says: 'asks for a theme: its first start on this machine' },
    { pattern: /You've hit your .{0,40}limit|Stop and wait for limit to reset/, says: 'has reached a usage limit' },
    { pattern: /OAuth token (revoked|has expired)/, says: 'has to log in again: type /login in its terminal' },
  ],
};

/**
 * Claude Code against Groq. Not tested: Groq's endpoint speaks OpenAI's protocol, so it may need a gateway in between
 * (ANTHROPIC_BASE_URL in a custom runtime of the town).
 */
export const groqCompound: RuntimePreset = {
  ...claude,
  checked: 'not driven',
  settings: {
    ...claude.settings,
    env: { ANTHROPIC_BASE_URL: 'https://api.groq.com/openai/v1', ANTHROPIC_MODEL: 'compound-beta' },
  },
  start: (place) => ({
    env: {
      ...claude.start?.(place).env,
      ...(place.env.GROQ_API_KEY ? { ANTHROPIC_API_KEY: place.env.GROQ_API_KEY } : {}),
    },
  }),
};
