import { git, NAMED_BARE_REPOSITORY, type GitOptions } from './git';
import type { ObjectReader } from './objectReader';
import { objectAt } from './refs';

export interface MovedRefs {
  /** Whether the source has a newer tip of one of the branches, or a tag that the repository lacks. */
  moved: boolean;
  /** Branches of the repository. */
  branches: readonly string[];
}

/**
 * Compares a repository with its source on this disk.
 * @param objects reader of the repository's objects
 * @param branches names of the relevant branches
 */
export async function movedRefs(
  source: string,
  objects: ObjectReader,
  branches: readonly string[],
  { env }: Pick<GitOptions, 'env'>,
): Promise<MovedRefs> {
  const theirs = await refsAt(source, [...branches.map((name) => `refs/heads/${name}`), 'refs/tags/'], env);
  const ours = new Map(
    await Promise.all(
      branches.map(async (name) => [name, await objectAt(objects, `refs/remotes/origin/${name}`)] as const),
    ),
  );
  const tags = [...theirs.keys()].filter((name) => name.startsWith('refs/tags/'));
  const moved =
    branches.some((name) => theirs.get(`refs/heads/${name}`) !== ours.get(name)) ||
    (await Promise.all(tags.map(async (tag) => (await objectAt(objects, tag)) !== theirs.get(tag)))).includes(true);
  return { moved, branches: branches.filter((name) => ours.get(name) !== undefined) };
}

/** The objects of refs, by full name; a name that ends with a slash stands for all refs below. @throws GitError */
async function refsAt(
  directory: string,
  names: readonly string[],
  env: GitOptions['env'],
): Promise<ReadonlyMap<string, string>> {
  const options = { env, config: [NAMED_BARE_REPOSITORY] };
  const text = await git(directory, ['for-each-ref', '--format=%(objectname) %(refname)', '--', ...names], options);
  return new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]),
  );
}
