import path from 'node:path';
import { isPresent } from '../base/safePaths';
import { git, gitLine, gitProbe } from './git';
import type { ObjectReader } from './objectReader';

const fullHash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** Maximum number of cached answers per repository: enough for a few landings of a large batch. */
const LIMIT = 5_000;

/** Maximum number of commits that are followed one by one before git is run. */
const MAX_CHAIN = 64;

/** Commits that only one of two branches has. */
export interface Divergence {
  left: number;
  right: number;
}

/** A file that differs between two commits, with its state in the second one. */
export interface ChangedEntry {
  /** Mode of the entry; `000000` if it was deleted. */
  mode: string;
  hash: string;
  path: string;
}

/**
 * Caches immutable facts about commits: their trees and their ancestry. Caching pays, because
 * each query starts a process, and one landing repeats the same ones many times. Refs are not cached, because they may
 * move, nor is a shallow repository, where a fetch can add missing history.
 */
export class CommitGraph {
  private readonly answers = new Map<string, unknown>();
  private readonly headers = new Map<string, CommitHeader>();

  /** @param directory a repository; its commands ignore grafts and replaced objects (see `git`) */
  constructor(
    private readonly directory: string,
    private readonly reader: ObjectReader,
  ) {}

  async tree(commit: string): Promise<string> {
    return (
      (await this.headerOf(commit))?.tree ??
      this.remember('tree', [commit], () => gitLine(this.directory, ['rev-parse', `${commit}^{tree}`]))
    );
  }

  /** @throws GitError if one of the commits is missing */
  async divergence(left: string, right: string): Promise<Divergence> {
    if (left === right && fullHash.test(left)) return { left: 0, right: 0 };
    return this.remember('divergence', [left, right], async () => {
      const [ours, theirs] = [await this.chain(left), await this.chain(right)];
      const meeting = meetingOf(ours, theirs);
      if (meeting !== undefined) return { left: ours.indexOf(meeting), right: theirs.indexOf(meeting) };
      const counts = await gitLine(this.directory, ['rev-list', '--left-right', '--count', `${left}...${right}`, '--']);
      const [onlyLeft, onlyRight] = counts.split('\t').map(Number);
      return { left: onlyLeft!, right: onlyRight! };
    });
  }

  /** The merge base; undefined without a common ancestor. */
  mergeBase(commit: string, others: readonly string[]): Promise<string | undefined> {
    return this.remember('merge-base', [commit, ...others], async () => {
      const own = await this.chain(commit);
      const meetings = await Promise.all(others.map(async (other) => meetingOf(own, await this.chain(other))));
      // Each one contains all later ones of the chain, so the first one is the merge base with all of the others.
      if (meetings.length > 0 && !meetings.includes(undefined))
        return own.find((candidate) => meetings.includes(candidate));
      return gitProbe(this.directory, ['merge-base', commit, ...others]);
    });
  }

  /** The files that differ between two commits. */
  changes(base: string, commit: string): Promise<readonly ChangedEntry[]> {
    return this.remember('changes', [base, commit], async () => {
      const options = ['-r', '-z', '--no-renames', '--raw', '--full-index'];
      const fields = (await git(this.directory, ['diff-tree', ...options, base, commit])).split('\0').filter(Boolean);
      return fields.flatMap((field, index) => {
        const [, mode, hash] = /^:\d+ (\d+) [0-9a-f]+ ([0-9a-f]+) \w/.exec(field) ?? [];
        return mode === undefined ? [] : [{ mode, hash: hash!, path: fields[index + 1]! }];
      });
    });
  }

  /**
   * A commit and its ancestors, newest first, as long as each has one parent. All commits before the last one are
   * exactly the history that the last one lacks, so two chains that meet determine the relation of their ends.
   */
  async chain(commit: string): Promise<string[]> {
    const chain: string[] = [];
    for (let next: string | undefined = commit; next !== undefined && chain.length < MAX_CHAIN; ) {
      const header = await this.headerOf(next);
      if (!header) break;
      chain.push(next);
      next = header.parents.length === 1 ? header.parents[0] : undefined;
    }
    return chain;
  }

  /**
   * The header of a commit; undefined without a full hash of an existing commit, and in a shallow repository, in which
   * some parents are missing.
   */
  private async headerOf(commit: string): Promise<CommitHeader | undefined> {
    if (!fullHash.test(commit) || this.isShallow) return undefined;
    const known = this.headers.get(commit);
    if (known) return known;
    const object = await this.reader.read(commit);
    if (object?.type !== 'commit') return undefined;
    const header = headerIn(object.content);
    if (this.headers.size >= LIMIT) this.headers.delete(this.headers.keys().next().value!);
    this.headers.set(commit, header);
    return header;
  }

  private get isShallow(): boolean {
    return isPresent(path.join(this.directory, 'shallow'));
  }

  private async remember<T>(question: string, commits: readonly string[], ask: () => Promise<T>): Promise<T> {
    const key = `${question} ${commits.join(' ')}`;
    if (this.answers.has(key)) return this.answers.get(key) as T;
    const answer = await ask();
    if (commits.every((commit) => fullHash.test(commit)) && !this.isShallow) {
      if (this.answers.size >= LIMIT) this.answers.delete(this.answers.keys().next().value!);
      this.answers.set(key, answer);
    }
    return answer;
  }
}

interface CommitHeader {
  tree: string;
  parents: readonly string[];
}

/** Parses the lines before the first empty one: `tree <hash>`, then a `parent <hash>` for each. */
function headerIn(content: Buffer): CommitHeader {
  const lines = content.toString('latin1').split('\n\n', 1)[0]!.split('\n');
  const valuesOf = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1));
  return { tree: valuesOf('tree')[0]!, parents: valuesOf('parent') };
}

/** The newest commit that both chains have. */
function meetingOf(ours: readonly string[], theirs: readonly string[]): string | undefined {
  const known = new Set(theirs);
  return ours.find((commit) => known.has(commit));
}
