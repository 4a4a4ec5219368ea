import path from 'node:path';
import { removeFile } from '../base/safeFiles';
import { makeAccessible } from '../base/folderTree';
import { git, GitError, gitLine, withRepository, type GitIdentity } from './git';
import { safePart } from './names';
import { keepNested, nestedRepositories } from './nestedRepositories';
import type { RigRepository } from './repository';

/** Start of the message of a commit with uncommitted changes. */
const SNAPSHOT_SUBJECT = 'Snapshot of ';

export function snapshotRef(label: string): string {
  return `refs/gastown/snapshots/${label}`;
}

const NESTED = 'refs/gastown/nested/';

/** Labels of the snapshots with the history of repositories inside the worktree. */
export async function nestedLabels(repository: RigRepository): Promise<Set<string>> {
  const refs = await git(repository.directory, ['for-each-ref', '--format=%(refname)', NESTED]);
  // `<bead>/<try>/<number>…`
  return new Set(
    refs
      .split('\n')
      .filter(Boolean)
      .map((ref) => ref.slice(NESTED.length).split('/').slice(0, 2).join('/')),
  );
}

/** Removes a snapshot, unless it has been replaced. */
export async function removeSnapshot(
  repository: RigRepository,
  { label, commit }: { label: string; commit: string },
): Promise<void> {
  await withRepository(repository.directory, () =>
    git(repository.directory, ['update-ref', '-d', snapshotRef(label), commit]),
  );
}

/** All snapshots of a repository. The first part of a label is the bead's id, as far as allowed in a ref. */
export async function listSnapshots(
  repository: RigRepository,
): Promise<{ label: string; bead: string; commit: string; at: string }[]> {
  const text = await git(repository.directory, [
    'for-each-ref',
    '--format=%(refname)%00%(objectname)%00%(committerdate:iso-strict)',
    snapshotRef(''),
  ]);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [ref, commit, at] = line.split('\0');
      const label = ref!.slice(snapshotRef('').length);
      return { label, bead: label.split('/')[0]!, commit: commit!, at: at! };
    });
}

/**
 * Stores everything of a worktree (committed, uncommitted, untracked; not ignored) under
 * `refs/gastown/snapshots/<label>`, so that removing it can be undone. Repositories inside it are stored, too: their
 * files in the snapshot, their history under `refs/gastown/nested/<label>`.
 * @param label parts escaped with `safePart`
 * @returns the snapshot's commit
 */
export async function snapshotWorktree(
  repository: RigRepository,
  directory: string,
  label: string,
  identity: GitIdentity,
): Promise<string> {
  return withRepository(repository.directory, async () => {
    const head = await gitLine(directory, ['rev-parse', 'HEAD']);
    const take = (): Promise<string> => treeOfAll(repository, directory, label);
    const tree = await take().catch((error: unknown) => {
      if (!(error instanceof GitError)) throw error;
      makeAccessible(directory); // a program has removed the permission to read its files
      return take();
    });
    const headTree = await gitLine(directory, ['rev-parse', 'HEAD^{tree}']);
    const commit =
      tree === headTree
        ? head
        : await gitLine(directory, ['commit-tree', tree, '-p', head, '-m', `${SNAPSHOT_SUBJECT}${label}`], {
            identity,
          });
    await git(repository.directory, ['update-ref', snapshotRef(label), commit]);
    return commit;
  });
}

async function treeOfAll(repository: RigRepository, directory: string, label: string): Promise<string> {
  const indexFile = path.join(repository.directory, `snapshot-${process.pid}-${safePart(label)}.index`);
  try {
    await git(directory, ['read-tree', 'HEAD'], { indexFile });
    const nested = await nestedRepositories(directory);
    await git(
      directory,
      ['add', '--all', '--', '.', ...nested.map(({ folder }) => `:(exclude,top,literal)${folder}`)],
      { indexFile },
    );
    for (const [index, found] of nested.entries())
      await keepNested(repository, directory, found, { indexFile, ref: `${NESTED}${label}/${index}` });
    return await gitLine(directory, ['write-tree'], { indexFile });
  } finally {
    removeFile(indexFile);
  }
}

/** The commit that was checked out when a snapshot was taken; the difference is the uncommitted changes. */
export async function committedPart(repository: RigRepository, snapshot: string): Promise<string> {
  const subject = await gitLine(repository.directory, ['log', '-1', '--format=%s', snapshot, '--']);
  return subject.startsWith(SNAPSHOT_SUBJECT) ? gitLine(repository.directory, ['rev-parse', `${snapshot}^`]) : snapshot;
}
