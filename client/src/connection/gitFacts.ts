import os from 'node:os';
import { runProgram } from '../base/runProgram';

export interface Repository {
  /** Top folder of the checkout. */
  root: string;
  remotes: string[];
}

/** The checkout that contains a folder. For trusted windows only: git reads the repository's configuration. */
export async function repositoryOf(folder: string): Promise<Repository | undefined> {
  const top = await git(['rev-parse', '--show-toplevel'], folder);
  if (!top) return undefined;
  const urls = await git(['config', '--get-regexp', '^remote\\..*\\.url$'], folder);
  const remotes = (urls ?? '')
    .split('\n')
    .map((line) => line.slice(line.indexOf(' ') + 1).trim())
    .filter(Boolean);
  return { root: top, remotes };
}

/**
 * The user's name, for the actor of beads, events and commits.
 * @param trusted without trust git is not run; such a window writes nothing, so the name does not matter
 */
export async function personName(folder: string | undefined, trusted: boolean): Promise<string> {
  const name =
    (trusted ? await git(['config', 'user.name'], folder) : undefined) ?? process.env.USER ?? process.env.USERNAME;
  return (name?.trim() || systemUser()).slice(0, 200);
}

function systemUser(): string {
  try {
    return os.userInfo().username;
  } catch {
    return 'person'; // no entry in the user database, as in some containers
  }
}

async function git(args: readonly string[], cwd: string | undefined): Promise<string | undefined> {
  const env: NodeJS.ProcessEnv = {};
  // VS Code's own GIT_ASKPASS and a hook's GIT_DIR would change the answer.
  for (const [key, value] of Object.entries(process.env)) if (!key.startsWith('GIT_')) env[key] = value;
  const result = await runProgram('git', args, { cwd, env });
  return result.code === 0 ? result.stdout.trim() || undefined : undefined;
}
