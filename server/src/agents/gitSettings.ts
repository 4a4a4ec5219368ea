import { REAL_OBJECTS } from '../git/git';

/**
 * Git settings of agents and gates. A person's settings (signed commits, hooks, templates, an editor) would block them,
 * as there is nobody to answer.
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
  // Messages are UTF-8 here, and a terminal of ours shows them so.
  ['i18n.commitEncoding', 'UTF-8'],
  ['i18n.logOutputEncoding', 'UTF-8'],
  ['commit.template', '/dev/null'],
  ['init.templateDir', ''],
];

/** A key that a rig gives its agents to sign with. */
export interface AgentSigning {
  key: string;
  format: 'openpgp' | 'ssh' | 'x509';
}

/** The variables of the environment that set them, for every git command below. Pure. */
export function agentGitSettings(signing?: AgentSigning): Record<string, string> {
  const settings = new Map(IMPERSONAL);
  if (signing) {
    settings.set('commit.gpgSign', 'true');
    settings.set('user.signingKey', signing.key);
    settings.set('gpg.format', signing.format);
  }
  const variables: Record<string, string> = {
    // A message that nobody can write is given with -m, and one that git proposes is kept.
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
