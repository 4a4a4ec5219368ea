// A temporary home for one run: VS Code, git and Gas Town write nothing to the user's own files.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface Sandbox {
  root: string;
  home: string;
  /** An empty folder to open when the caller brings none. */
  workspace: string;
  env: NodeJS.ProcessEnv;
  dispose(): void;
}

const RUN_MARK = 'GT_TEST_RUN_ID';

/** Variables of an editor, a git hook or an npm script around us, which would change what runs inside. */
const leaking = /^(VSCODE_|ELECTRON_|GIT_|GT_(?!TEST_)|BD_|npm_|INIT_CWD$|NODE_OPTIONS$|TERM_PROGRAM|CHROME_)/i;

export function createSandbox(extraEnv: NodeJS.ProcessEnv = {}): Sandbox {
  // Short on purpose: sockets live below it, and their paths may have no more than about 100 characters.
  const root = mkdtempSync(path.join(os.tmpdir(), 'gt-'));
  const id = path.basename(root);
  const dir = (name: string, mode?: number) => {
    const made = path.join(root, name);
    mkdirSync(made, { recursive: true, ...(mode === undefined ? {} : { mode }) });
    return made;
  };
  const home = dir('home');
  writeFileSync(
    path.join(home, '.gitconfig'),
    '[user]\n\tname = Test\n\temail = test@example.invalid\n[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n',
  );
  const env: NodeJS.ProcessEnv = {};
  for (const [key, value] of Object.entries(process.env)) if (!leaking.test(key)) env[key] = value;
  Object.assign(env, {
    HOME: home,
    XDG_CONFIG_HOME: dir('home/.config'),
    XDG_DATA_HOME: dir('home/.local/share'),
    XDG_STATE_HOME: dir('home/.local/state'),
    XDG_CACHE_HOME: dir('home/.cache'),
    XDG_RUNTIME_DIR: dir('run', 0o700),
    [RUN_MARK]: id,
    ...extraEnv,
  });
  const workspace = dir('workspace');
  const dispose = () => {
    process.off('exit', dispose);
    // A process may have started another one just before its end.
    for (let round = 0; round < 20 && endMarkedProcesses([`${RUN_MARK}=${id}`, `HOME=${home}`]) > 0; round++);
    rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  process.on('exit', dispose);
  return { root, home, workspace, env, dispose };
}

/**
 * Ends what a run left behind: daemons and session hosts outlive VS Code by design. They are recognized by the mark
 * that every process of the run inherits, or, where programs start with a clean environment, by the home of the run: no
 * other process is affected. Only Linux shows environments.
 */
function endMarkedProcesses(marks: readonly string[]): number {
  if (process.platform !== 'linux') return 0;
  let ended = 0;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      if (!marks.some((mark) => environment.includes(mark))) continue;
      process.kill(pid, 'SIGKILL');
      ended++;
    } catch {
      // gone already, or another user's
    }
  }
  return ended;
}
