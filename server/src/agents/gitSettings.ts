import { REAL_OBJECTS } from '../git/git';

/**
 * Git settings of agents and gates. A person's settings (signed commits, hooks, templates, an editor) would block them,
 * because no user answers prompts.
 */
const IMPERSONAL: readonly (readonly [key: string, value: string])[] = [
  ['commit.gpgSign', 'false'],
  ['tag.gpgSign', 'false'],
  ['tag.forceSignAnnotated', 'false'],
  ['push.gpgSign', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  // Files as committed, like the worktrees that the server creates.
  ['core.autocrlf', 'false'],
  // Our messages are UTF-8, and our terminals display UTF-8.
  ['i18n.commitEncoding', 'UTF-8'],
  ['i18n.logOutputEncoding', 'UTF-8'],
  ['commit.template', '/dev/null'],
  ['init.templateDir', ''],
];

/** A key that the agents of a rig sign with. */
export interface AgentSigning {
  key: string;
  format: 'openpgp' | 'ssh' | 'x509';
}

/** The environment variables that apply these settings to every git command of the session. Pure. */
export function agentGitSettings(signing?: AgentSigning): Record<string, string> {
  const settings = new Map(IMPERSONAL);
  if (signing) {
    settings.set('commit.gpgSign', 'true');
    settings.set('user.signingKey', signing.key);
    settings.set('gpg.format', signing.format);
  }
  const variables: Record<string, string> = {
    // No user can edit a message: it is given with -m, or the one that git proposes is kept.
    GIT_EDITOR: 'true',
    GIT_TERMINAL_PROMPT: '0',
    ...REAL_OBJECTS,
    GIT_CONFIG_COUNT: String(settings.size),
  };
  [...settings].forEach(([key, value], index) => {
    variables[`GIT_CONFIG_KEY_${index}`] = key;
    variables[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return variables;
}
