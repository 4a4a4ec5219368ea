import { git, NAMED_BARE_REPOSITORY, type GitOptions } from './git';

/** Whether a source on this disk has what a repository does not have: another tip of one of the branches, or a tag. */
export async function hasMoved(
  source: string,
  repository: string,
  branches: readonly string[],
  { env }: Pick<GitOptions, 'env'>,
): Promise<boolean> {
  const options = { env, config: [NAMED_BARE_REPOSITORY] };
  const [heads, ours, tags, ourTags] = await Promise.all([
    refsAt(source, 'refs/heads/', branches, options),
    refsAt(repository, 'refs/remotes/origin/', branches),
    refsAt(source, 'refs/tags/', [''], options),
    refsAt(repository, 'refs/tags/', ['']),
  ]);
  const known = new Set(ourTags);
  return heads.join('\n') !== ours.join('\n') || tags.some((tag) => !known.has(tag));
}

/** Lines `<name> <hash>` of the refs with one of these names (`''`: all) under a prefix. @throws GitError */
async function refsAt(
  directory: string,
  prefix: string,
  names: readonly string[],
  options: GitOptions = {},
): Promise<string[]> {
  const text = await git(
    directory,
    [
      'for-each-ref',
      `--format=%(refname:lstrip=${prefix.split('/').length - 1}) %(objectname)`,
      '--',
      ...names.map((name) => `${prefix}${name}`),
    ],
    options,
  );
  return text.split('\n').filter(Boolean);
}
