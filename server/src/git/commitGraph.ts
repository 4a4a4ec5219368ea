import path from 'node:path';
import { isPresent } from '../base/safePaths';
import { git, gitLine, gitProbe } from './git';
import type { ObjectReader } from './objectReader';

const fullHash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** Maximum number of cached answers per repository: enough for a few landings of a large batch. */
const LIMIT = 5_000;

/** Number of commits that are followed one by one before git is asked. */
const MAX_CHAIN = 64;

/** Commits that one of two has and the other has not. */
export interface Divergence {
  left: number;
  right: number;
}

/** A file that differs between two commits, as it is in the second one. */
export interface ChangedEntry {
  /** `000000` where it is gone. */
  mode: string;
  hash: string;
  path: string;
}

/**
 * What git says of commits and never says otherwise later: their trees, and how they are related. It is remembered, because
 * each question is a process, and one landing asks the same ones again and again. Nothing is remembered of a name, which may
 * move, or in a shallow repository, where a fetch can add the history that was missing.
 */
export class CommitGraph {
  private readonly answers = new Map<string, unknown>();
  private readonly headers = new Map<string, CommitHeader>();

  /** @param directory a repository whose commands never see grafts or replaced objects (see `git`) */
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

  /** @throws GitError where one of them is not here */
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

  /** Undefined where they share nothing. */
  mergeBase(commit: string, others: readonly string[]): Promise<string | undefined> {
    return this.remember('merge-base', [commit, ...others], async () => {
      const own = await this.chain(commit);
      const meetings = await Promise.all(others.map(async (other) => meetingOf(own, await this.chain(other))));
      // Each holds all that comes after it in the chain: the first one is what the commit shares with any of the others.
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
   * The commit and those before it, newest first, as far as each has one parent. The commits before the last one are exactly
   * those of its history that the last one does not have: two chains that meet say all of how their ends are related.
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

  /** Undefined where it is not a whole hash of a commit that is here, and in a shallow repository, where some parents are not. */
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

/** From the lines before the first empty one: `tree <hash>`, then a `parent <hash>` for each. */
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
