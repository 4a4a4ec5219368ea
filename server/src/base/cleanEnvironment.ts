export type Environment = Record<string, string>;

/**
 * Variables that describe the program that started us (an editor, Electron, npm, an agent's session, a git hook) and
 * would mislead the programs that we start.
 */
const foreign: readonly RegExp[] = [
  /^VSCODE_/,
  /^ELECTRON_/,
  /^npm_/i,
  /^NODE_OPTIONS$/,
  /^NODE_CHANNEL_/,
  /^NODE_UNIQUE_ID$/,
  /^INIT_CWD$/,
  /^CHROME_/,
  /^GTK_.*_VSCODE_SNAP_ORIG$/,
  /^GT_/,
  /^BD_/,
  /^BEADS_/,
  /^GIT_/,
  /^CLAUDECODE$/,
  /^CLAUDE_CODE_(ENTRYPOINT|SSE_PORT|SESSION_ID)$/,
  /^TERM_PROGRAM(_VERSION)?$/,
  /^(TMUX|TMUX_PANE|STY|WINDOW|WINDOWID|TERMCAP|COLUMNS|LINES)$/,
  /^(SHLVL|OLDPWD|PWD|_)$/,
];

/** The user's own way to reach remotes and to configure git; independent of a repository or an author. */
const keptGit = /^GIT_(CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)|SSH|SSH_COMMAND|SSH_VARIANT|SSL_.+|PROXY_.+|TERMINAL_PROMPT)$/;

/** A copy without the variables that are not the user's own. Pure. */
export function cleanEnvironment(environment: NodeJS.ProcessEnv): Environment {
  const result: Environment = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (keptGit.test(name) || !foreign.some((pattern) => pattern.test(name))) result[name] = value;
  }
  return result;
}
