import path from 'node:path';
import { isPresent, listFolder, makeFolder, removeFile, removeFolder } from '../base/safeFiles';
import { messageOf, UserError } from '../base/errors';
import { git, gitLine, gitMaybe, withRepository, type GitIdentity } from './git';
import { safePart } from './names';
import type { RigRepository } from './repository';

export interface WorktreeState {
  branch?: string;
  head?: string;
  /** Uncommitted or untracked (not ignored) files. */
  dirty: boolean;
}

/** Puts a worktree on `branch` (made from `base` if new) at `directory`. Repeating it changes nothing. */
export async function ensureWorktree(
  repository: RigRepository,
  directory: string,
  branch: string,
  base: string,
): Promise<void> {
  await withRepository(repository.directory, async () => {
    repository.resetConfig();
    if ((await inspectWorktree(directory))?.branch === branch) return;
    if (listFolder(directory).length > 0) {
      throw new UserError(
        `${directory} exists and is not the worktree of ${branch}`,
        'move it away; nothing in it was touched',
        'conflict',
      );
    }
    await git(repository.directory, ['worktree', 'prune']);
    makeFolder(path.dirname(directory));
    const known = await repository.resolve(`refs/heads/${branch}`);
    await git(
      repository.directory,
      known
        ? ['worktree', 'add', '--quiet', '--', directory, branch]
        : ['worktree', 'add', '--quiet', '--no-track', '-b', branch, '--', directory, base],
    );
  });
}

/** A worktree detached at a commit, for the refinery. Whatever was there (ignored files too, but `keep`) is swept away. */
export async function checkoutDetached(
  repository: RigRepository,
  directory: string,
  commit: string,
  keep: string[] = [],
): Promise<void> {
  await withRepository(repository.directory, async () => {
    repository.resetConfig();
    if (!(await inspectWorktree(directory).catch(() => undefined))) {
      // Nobody works here but the refinery: what git cannot read is made anew.
      removeFolder(directory);
      await git(repository.directory, ['worktree', 'prune']);
      makeFolder(path.dirname(directory));
      await git(repository.directory, ['worktree', 'add', '--quiet', '--detach', '--', directory, commit]);
      return;
    }
    await abortRebase(directory);
    removeStaleLock(await gitLine(directory, ['rev-parse', '--absolute-git-dir']));
    await git(directory, ['reset', '--quiet', '--hard']);
    await git(directory, ['checkout', '--quiet', '--force', '--detach', commit]);
    await git(directory, ['clean', '-ffdx', '--quiet', ...keep.flatMap((pattern) => ['-e', pattern])]);
  });
}

/**
 * Undefined where there is no worktree of its own (a folder inside another repository does not count).
 * @throws where there is one that git cannot read: it is not the same as none, and may hold work
 */
export async function inspectWorktree(directory: string): Promise<WorktreeState | undefined> {
  if (!isPresent(path.join(directory, '.git'))) return undefined;
  const status = await git(directory, ['status', '--porcelain=v2', '--branch', '--untracked-files=normal']);
  const head = /^# branch\.oid ([0-9a-f]+)$/m.exec(status)?.[1];
  const branch = /^# branch\.head (.+)$/m.exec(status)?.[1];
  return {
    branch: branch === '(detached)' ? undefined : branch,
    head,
    dirty: status.split('\n').some((line) => line !== '' && !line.startsWith('#')),
  };
}

/** Begins the message of a commit that we made of what was not committed. */
const SNAPSHOT_SUBJECT = 'Snapshot of ';

export function snapshotRef(label: string): string {
  return `refs/gastown/snapshots/${label}`;
}

/** All snapshots of a repository. The first part of a label is the bead's id, as far as a ref can hold it. */
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
 * Keeps everything of a worktree (committed, uncommitted, untracked; not ignored) under
 * `refs/gastown/snapshots/<label>`, so that removing it can be undone.
 * @param label parts made safe by `safePart`
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
    const indexFile = path.join(repository.directory, `snapshot-${process.pid}-${safePart(label)}.index`);
    let tree: string;
    try {
      await git(directory, ['read-tree', 'HEAD'], { indexFile });
      await git(directory, ['add', '--all', '--', '.'], { indexFile });
      tree = await gitLine(directory, ['write-tree'], { indexFile });
    } finally {
      removeFile(indexFile);
    }
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

/** Of a snapshot: the commit that the worktree stood on. What was not committed then is the difference. */
export async function committedPart(repository: RigRepository, snapshot: string): Promise<string> {
  const subject = await gitLine(repository.directory, ['log', '-1', '--format=%s', snapshot, '--']);
  return subject.startsWith(SNAPSHOT_SUBJECT) ? gitLine(repository.directory, ['rev-parse', `${snapshot}^`]) : snapshot;
}

/** Removes a worktree. The caller has taken a snapshot; this refuses where there is none that covers it. */
export async function removeWorktree(repository: RigRepository, directory: string, snapshot: string): Promise<void> {
  await withRepository(repository.directory, async () => {
    const state = await inspectWorktree(directory);
    if (state?.head && !(await repository.isAncestor(state.head, snapshot))) {
      throw new UserError(`${directory} has commits that its snapshot lacks`, 'it was left alone', 'conflict');
    }
    await git(repository.directory, ['worktree', 'remove', '--force', '--', directory]).catch((error: unknown) => {
      // A crash between git's two steps leaves a folder that git no longer knows.
      if (!/is not a working tree|not a valid path/.test(messageOf(error))) throw error;
      removeFolder(directory);
    });
    await git(repository.directory, ['worktree', 'prune']);
  });
}

async function abortRebase(directory: string): Promise<void> {
  await gitMaybe(directory, ['rebase', '--abort']);
}

/** A killed git leaves `index.lock`; the refinery's worktree has one user, so it is stale. */
function removeStaleLock(gitDirectory: string): void {
  removeFile(path.join(gitDirectory, 'index.lock'));
}
