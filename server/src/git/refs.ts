import path from 'node:path';
import { isPresent } from '../base/safePaths';
import { git } from './git';

/** A name that `git for-each-ref` takes literally: without `^`, `@{…}` and other revision syntax. */
const plainRef = /^refs\/(?:(?!@\{)[^\s~^:?*[\\])+$/;

export function isPlainRef(name: string): boolean {
  return plainRef.test(name);
}

export interface FoundRefs {
  /** Commits of the existing refs, by full name. */
  commits: ReadonlyMap<string, string>;
  /** Requested refs that git skipped although they exist: unreadable, or just being written. */
  doubtful: readonly string[];
}

/**
 * The commits of refs, read with one git process instead of one or two for each of them.
 * @param names full names; ones that end with `/` stand for all refs below
 * @throws GitError if the object of a ref is missing
 */
export async function findRefs(directory: string, names: readonly string[]): Promise<FoundRefs> {
  const fields = ['refname', 'objecttype', 'objectname', '*objecttype', '*objectname'];
  const format = fields.map((field) => `%(${field})`).join('%00');
  const text = await git(directory, ['for-each-ref', `--format=${format}`, '--', ...names]);
  const found = new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [name, type, object, peeledType, peeled] = line.split('\0');
        const commit = type === 'commit' ? object : peeledType === 'commit' ? peeled : undefined;
        return [name!, commit];
      }),
  );
  const commits = new Map<string, string>();
  for (const [name, commit] of found)
    if (
      commit !== undefined &&
      names.some((wanted) => wanted === name || (wanted.endsWith('/') && name.startsWith(wanted)))
    )
      commits.set(name, commit);
  const doubtful = names.filter(
    (name) => !name.endsWith('/') && !commits.has(name) && (found.has(name) || isPresent(path.join(directory, name))),
  );
  return { commits, doubtful };
}
