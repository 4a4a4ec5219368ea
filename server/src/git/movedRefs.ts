import { git, NAMED_BARE_REPOSITORY, type GitOptions } from './git';

export interface MovedRefs {
  /** Whether the source has a newer tip of one of the branches, or a tag that the repository lacks. */
  moved: boolean;
  /** Branches of the repository. */
  branches: readonly string[];
}

/** Compares a repository with its source on this disk. @param branches names of the relevant branches */
export async function movedRefs(
  source: string,
  repository: string,
  branches: readonly string[],
  { env }: Pick<GitOptions, 'env'>,
): Promise<MovedRefs> {
  const options = { env, config: [NAMED_BARE_REPOSITORY] };
  const [theirs, ours] = await Promise.all([
    refsAt(source, 'refs/heads/', branches, options),
    refsAt(repository, 'refs/remotes/origin/', branches),
  ]);
  const known = new Set(ours.tags);
  return {
    moved: theirs.heads.join('\n') !== ours.heads.join('\n') || theirs.tags.some((tag) => !known.has(tag)),
    branches: ours.heads.map((line) => line.slice(0, line.lastIndexOf(' '))),
  };
}

/**
 * Lines `<name> <hash>` of the branches with these names, which are stored under a prefix, and of all tags. @throws
 * GitError
 */
async function refsAt(
  directory: string,
  prefix: string,
  names: readonly string[],
  options: GitOptions = {},
): Promise<{ heads: string[]; tags: string[] }> {
  const text = await git(
    directory,
    [
      'for-each-ref',
      '--format=%(refname) %(objectname)',
      '--',
      ...names.map((name) => `${prefix}${name}`),
      'refs/tags/',
    ],
    options,
  );
  const lines = text.split('\n').filter(Boolean);
  const heads = lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  return { heads, tags: lines.filter((line) => line.startsWith('refs/tags/')) };
}
