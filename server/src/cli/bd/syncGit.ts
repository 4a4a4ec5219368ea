import { execFile } from 'node:child_process';
import path from 'node:path';
import { UserError } from '../../base/errors';
import type { SyncGit } from '../../beads/sync/syncBranch';

/** Git in the user's own repository, with their settings. */

const GIT_MS = 300_000;
/** Upper bound of git's output: more than the file of a ledger. */
const MAX_OUTPUT = 1024 * 1024 * 1024;
/** Variables that git sets for hooks; they would refer to another index or repository than that of the ledger. */
const OF_HOOKS = ['GIT_DIR', 'GIT_INDEX_FILE', 'GIT_WORK_TREE', 'GIT_PREFIX', 'GIT_OBJECT_DIRECTORY'];

/** Output and exit code of git. */
interface Answer {
  code: number;
  stdout: Buffer;
  stderr: string;
}

function start(cwd: string, args: readonly string[], indexFile?: string): Promise<Answer> {
  const env: NodeJS.ProcessEnv = { ...process.env, LC_ALL: 'C' };
  for (const name of OF_HOOKS) delete env[name];
  if (indexFile !== undefined) env.GIT_INDEX_FILE = indexFile;
  return new Promise((resolve, reject) => {
    const options = { cwd, env, timeout: GIT_MS, maxBuffer: MAX_OUTPUT, encoding: 'buffer' as const };
    execFile('git', args, options, (error, stdout, stderr) => {
      const said = stderr.toString('utf8');
      if (!error) resolve({ code: 0, stdout, stderr: said });
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr: said });
      else
        reject(
          new UserError(error.killed ? `git ${args[0]} did not end in time` : `git cannot be run: ${error.message}`),
        );
    });
  });
}

/** Runs git. @throws UserError with git's error output */
export async function git(cwd: string, args: readonly string[], indexFile?: string): Promise<Buffer> {
  return (await gitPrinting(cwd, args, indexFile)).stdout;
}

/** Runs git. @returns also what it and its merge drivers said @throws UserError with git's error output */
export async function gitPrinting(
  cwd: string,
  args: readonly string[],
  indexFile?: string,
): Promise<Pick<Answer, 'stdout' | 'stderr'>> {
  const { code, stdout, stderr } = await start(cwd, args, indexFile);
  if (code === 0) return { stdout, stderr };
  const words = stderr.trim().replace(/^(?:fatal|error): /, '');
  throw new UserError(words || `git ${args[0]} ended with exit code ${code}`, undefined, 'unavailable');
}

export async function gitText(cwd: string, args: readonly string[]): Promise<string> {
  return (await git(cwd, args)).toString('utf8').trim();
}

/** Runs git; undefined if it exits with code 1 without output. @throws UserError for other failures */
export async function gitProbe(cwd: string, args: readonly string[]): Promise<string | undefined> {
  const { code, stdout, stderr } = await start(cwd, args);
  if (code === 0) return stdout.toString('utf8').trim();
  if (code === 1 && stderr.trim() === '') return undefined;
  throw new UserError(stderr.trim().replace(/^(?:fatal|error): /, '') || `git ${args[0]} ended with exit code ${code}`);
}

/** The repository around a folder; undefined if there is none. */
export async function repositoryAround(folder: string): Promise<{ root: string; gitFolder: string } | undefined> {
  const { code, stdout } = await start(folder, ['rev-parse', '--show-toplevel', '--git-common-dir']);
  const [root, common] = stdout.toString('utf8').trim().split('\n');
  return code === 0 && root && common ? { root, gitFolder: path.resolve(folder, common) } : undefined;
}

export function syncGit({ root, gitFolder }: { root: string; gitFolder: string }): SyncGit {
  return {
    folder: gitFolder,
    run: async (args, { indexFile } = {}) => (await git(root, args, indexFile)).toString('utf8').trim(),
    probe: (args) => gitProbe(root, args),
    bytes: (args) => git(root, args),
  };
}
