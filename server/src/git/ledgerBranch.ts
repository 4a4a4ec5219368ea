import path from 'node:path';
import { removeFile } from '../base/safeFiles';
import { git, gitLine, withRepository, type GitIdentity } from './git';
import type { RigRepository } from './repository';

/** Branch of `.repo.git` with a rig's ledger, apart from the project's own history. */
export const LEDGER_BRANCH = 'beads-sync';

/**
 * Commits the text of `.beads/issues.jsonl` to the ledger's branch, without any worktree.
 * @returns the new commit, or undefined if the branch already has this text
 */
export async function commitLedger(
  repository: RigRepository,
  ledger: string,
  identity: GitIdentity,
): Promise<string | undefined> {
  return withRepository(repository.directory, async () => {
    const ref = `refs/heads/${LEDGER_BRANCH}`;
    const parent = await repository.resolve(ref);
    const blob = await gitLine(repository.directory, [
      'hash-object',
      '-w',
      '--no-filters',
      '--',
      path.join(ledger, 'issues.jsonl'),
    ]);
    const indexFile = path.join(repository.directory, `ledger-${process.pid}.index`);
    let tree: string;
    try {
      removeFile(indexFile);
      await git(repository.directory, ['update-index', '--add', '--cacheinfo', `100644,${blob},.beads/issues.jsonl`], {
        indexFile,
      });
      tree = await gitLine(repository.directory, ['write-tree'], { indexFile });
    } finally {
      removeFile(indexFile);
    }
    if (parent && (await gitLine(repository.directory, ['rev-parse', `${parent}^{tree}`])) === tree) return undefined;
    const commit = await gitLine(
      repository.directory,
      ['commit-tree', tree, ...(parent ? ['-p', parent] : []), '-m', 'Beads'],
      { identity },
    );
    await git(repository.directory, ['update-ref', ref, commit, parent ?? '']);
    return commit;
  });
}
