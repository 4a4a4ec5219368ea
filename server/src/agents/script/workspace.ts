import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import { adminFolder, operationIn, type Operation } from '../../git/adminFolder';
import { git } from '../../git/git';
import { nestedRepositories } from '../../git/nestedRepositories';
import { statusOf } from '../../git/worktreeChanges';

/*
 * What the script runtime does with git. Loaded only if there is something to do: libraries for git and for records take
 * longer to load than a short block takes to run.
 */

/** Restarts a block that was killed during a rebase, merge or similar: that git operation is aborted. */
export async function abortOperation(worktree: string, operation: Operation): Promise<void> {
  await git(worktree, [operation, '--abort']);
}

/**
 * Commits what the blocks left uncommitted, as the agent, without hooks. Excluded are files that differed right after
 * the checkout, which the agent did not change, and repositories inside the worktree, which the submission reports.
 */
export async function commitRest(
  worktree: string,
  message: string,
  { env, print }: { env: NodeJS.ProcessEnv; print: (text: string) => void },
): Promise<void> {
  const { changes, conflicts, fromCheckout } = await statusOf(worktree, 'all');
  if (changes.length === 0) return;
  const nested = (await nestedRepositories(worktree)).filter(({ gitlink }) => gitlink === undefined);
  const left = [...fromCheckout, ...nested.map(({ folder }) => folder)];
  const own = changes.filter((file) => !nested.some(({ folder }) => file.startsWith(`${folder}/`)));
  if (own.length === 0) return;
  refuseConflicts(worktree, conflicts);
  const [name, email] = [env.GIT_AUTHOR_NAME, env.GIT_AUTHOR_EMAIL];
  if (!name || !email)
    throw new UserError(
      'there is no author for the commit',
      'Run the script runtime in an agent’s session.',
      'refused',
    );
  await git(worktree, ['add', '--all', '--', '.', ...left.map((file) => `:(exclude,top,literal)${file}`)]);
  await git(worktree, ['commit', '--no-verify', '--cleanup=whitespace', '--message', message], {
    identity: { name, email },
  });
  print(`● committed ${plural(own.length, 'changed file')}`);
}

/** Conflict markers are not committed, and the script itself has to finish a merge or rebase. */
function refuseConflicts(worktree: string, conflicts: readonly string[]): void {
  const admin = adminFolder(worktree);
  const operation = admin === undefined ? undefined : operationIn(admin);
  if (conflicts.length > 0)
    throw new UserError(
      `the blocks left conflicts in ${conflicts.join(', ')}`,
      'resolve them in the script, or let it fail: a command of a block that fails ends the script',
      'conflict',
    );
  if (operation !== undefined)
    throw new UserError(
      `the blocks left a ${operation} in progress`,
      `end it in the script with "git ${operation} --continue" or "git ${operation} --abort"`,
      'conflict',
    );
}
