import { git, gitCapped } from './git';
import { isSafeBranch } from './names';
import type { RigRepository } from './repository';

/**
 * Options of every diff, so that all readers of a change see the same: independent of the settings of users and
 * repositories, and without external programs.
 */
export const DIFF_OPTIONS: readonly string[] = [
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--no-renames',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--diff-algorithm=myers',
  '--submodule=short',
  '--ignore-submodules=none',
];
/** `DIFF_OPTIONS` with context lines; separate, because this option makes git print a patch. */
export const PATCH_OPTIONS: readonly string[] = [...DIFF_OPTIONS, '--unified=3', '--inter-hunk-context=0'];

export interface Diff {
  base: string;
  head: string;
  files: number;
  insertions: number;
  deletions: number;
  text: string;
  truncated: boolean;
}

/** The commit with a hash. Hashes come from untrusted beads, so anything but a plain hash is refused. */
export async function commitNamed(repository: RigRepository, hash: string): Promise<string | undefined> {
  return /^[0-9a-f]{40,64}$/.test(hash) ? repository.resolve(hash) : undefined;
}

/** The tip of a local branch of the rig. */
export async function branchNamed(repository: RigRepository, branch: string): Promise<string | undefined> {
  return isSafeBranch(branch) ? repository.resolve(`refs/heads/${branch}`) : undefined;
}

/** The point where a branch diverged from the source; the empty tree without a common ancestor. */
export async function forkPoint(repository: RigRepository, tip: string): Promise<string> {
  return (await repository.mergeBase(tip)) || emptyTree(repository);
}

/** The base for the diff of one commit: its first parent, or the empty tree. */
export async function parentOf(repository: RigRepository, commit: string): Promise<string> {
  return (await repository.resolve(`${commit}^`)) ?? emptyTree(repository);
}

export async function diffBetween(
  repository: RigRepository,
  base: string,
  head: string,
  maxBytes: number,
): Promise<Diff> {
  // Detects renames, so that a moved file is shown as moved.
  const range = ['--find-renames', base, head, '--'];
  const stat = await git(repository.directory, ['diff', ...DIFF_OPTIONS, '--shortstat', ...range]);
  const count = (word: RegExp): number => Number(word.exec(stat)?.[1] ?? 0);
  const { text, truncated } = await gitCapped(repository.directory, ['diff', ...PATCH_OPTIONS, ...range], maxBytes);
  return {
    base,
    head,
    files: count(/(\d+) files? changed/),
    insertions: count(/(\d+) insertion/),
    deletions: count(/(\d+) deletion/),
    // A line cut in the middle would be misleading.
    text: truncated ? text.slice(0, text.lastIndexOf('\n') + 1) : text,
    truncated,
  };
}

function emptyTree(repository: RigRepository): Promise<string> {
  return git(repository.directory, ['hash-object', '-t', 'tree', '--', '/dev/null']).then((hash) => hash.trim());
}
