import path from 'node:path';
import { readTextIfPresent } from '../base/safeFiles';
import { isPresent } from '../base/safePaths';
import { git } from './git';
import type { ObjectReader } from './objectReader';

/** Maximum size of packed-refs in bytes: larger than with a million refs. */
const MAX_PACKED_REFS = 256 * 1024 * 1024;

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
 * The commits of refs. Reads them with the running process; another one is started only for refs that are unknown to
 * it, and whose existence the files of the repository do not rule out.
 * @param names full names; ones that end with `/` stand for all refs below
 * @throws GitError if the object of a ref is missing
 */
export async function findRefs(directory: string, reader: ObjectReader, names: readonly string[]): Promise<FoundRefs> {
  const commits = new Map<string, string>();
  await Promise.all(
    names.map(async (name) => {
      const found = isPlainRef(name) && !name.endsWith('/') ? await reader.info(`${name}^{commit}`) : undefined;
      if (found) commits.set(name, found.hash);
    }),
  );
  const possible = names.filter((name) => !commits.has(name) && mayExist(directory, name));
  if (possible.length === 0) return { commits, doubtful: [] };
  const listed = await listRefs(directory, possible);
  for (const [name, commit] of listed.commits) commits.set(name, commit);
  return { commits, doubtful: listed.doubtful };
}

/** The object of a ref, which for an annotated tag is the tag; undefined if it is missing or unreadable. */
export async function objectAt(reader: ObjectReader, ref: string): Promise<string | undefined> {
  return isPlainRef(ref) ? (await reader.info(ref))?.hash : undefined;
}

/** Whether a ref, or one below a prefix, may exist; false if the repository's files rule it out. */
function mayExist(directory: string, name: string): boolean {
  if (isPresent(path.join(directory, 'reftable')) || isPresent(path.join(directory, name))) return true;
  try {
    return (readTextIfPresent(path.join(directory, 'packed-refs'), MAX_PACKED_REFS) ?? '').includes(` ${name}`);
  } catch {
    return true; // git reports the problem
  }
}

async function listRefs(directory: string, names: readonly string[]): Promise<FoundRefs> {
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
