import path from 'node:path';
import { shellQuote } from './shims';

/*
 * Claude Code, as tried with 2.1.197. An interactive start with a prompt stops at two questions that nobody
 * is there to answer:
 *
 * - "Do you trust this folder?", kept per folder in the person's own ~/.claude.json, which we never write. (A
 *   person who trusts the town's root once has answered it for all worktrees under it.) The variable
 *   CLAUDE_CODE_SANDBOXED answers it for one process.
 * - The warning of the mode without permission prompts: `skipDangerousModePermissionPrompt`, which is also read
 *   from a file given by --settings.
 *
 * Both are answered here because the person has accepted, once for this town, that this runtime works without
 * asking; without that no session of it is started. First-run onboarding and login are the person's own:
 * claude asks for them in the agent's terminal.
 */

/** Text of the settings file of one agent. @param gt absolute path of the `gt` that the hooks call */
export function claudeSettings(gt: string): string {
  // What a SessionStart hook prints reaches the model, also after a resume and after a compaction.
  const prime = { type: 'command', command: `${shellQuote(gt)} prime --hook` };
  const settings = {
    skipDangerousModePermissionPrompt: true,
    hooks: { SessionStart: [{ matcher: '', hooks: [prime] }] },
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}

export function claudeEnvironment(asRoot: boolean): Record<string, string> {
  return {
    CLAUDE_CODE_SANDBOXED: '1',
    // Twenty agents must not all update the program that they run.
    DISABLE_AUTOUPDATER: '1',
    // Without it claude refuses to work as root without asking.
    ...(asRoot ? { IS_SANDBOX: '1' } : {}),
  };
}

/**
 * Where claude keeps a conversation. One that is not there cannot be resumed: claude would end at once.
 * @param configDirectory `$CLAUDE_CONFIG_DIR`, else `~/.claude`
 * @param worktree the folder that the session was started in
 */
export function claudeConversationFile(configDirectory: string, worktree: string, id: string): string {
  return path.join(configDirectory, 'projects', worktree.replace(/[^A-Za-z0-9]/g, '-'), `${id}.jsonl`);
}
