import path from 'node:path';
import { isPresent } from '../base/safePaths';
import { gitLine, gitProbe } from './git';

const fullHash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** Maximum number of cached answers per repository: enough for a few landings of a large batch. */
const LIMIT = 5_000;

/** Commits that only one of two branches has. */
export interface Divergence {
  left: number;
  right: number;
}

/**
 * Caches immutable facts about commits: their trees and their ancestry. Caching pays, because
 * each query starts a process, and one landing repeats the same ones many times. Refs are not cached, because they may
 * move, nor is a shallow repository, where a fetch can add missing history.
 */
export class CommitGraph {
  private readonly answers = new Map<string, unknown>();

  /** @param directory a repository; its commands ignore grafts and replaced objects (see `git`) */
  constructor(private readonly directory: string) {}

  tree(commit: string): Promise<string> {
    return this.remember('tree', [commit], () => gitLine(this.directory, ['rev-parse', `${commit}^{tree}`]));
  }

  /** @throws GitError if one of the commits is missing */
  async divergence(left: string, right: string): Promise<Divergence> {
    if (left === right && fullHash.test(left)) return { left: 0, right: 0 };
    return this.remember('divergence', [left, right], async () => {
      const counts = await gitLine(this.directory, ['rev-list', '--left-right', '--count', `${left}...${right}`, '--']);
      const [onlyLeft, onlyRight] = counts.split('\t').map(Number);
      return { left: onlyLeft!, right: onlyRight! };
    });
  }

  /** The merge base; undefined without a common ancestor. */
  mergeBase(commit: string, others: readonly string[]): Promise<string | undefined> {
    return this.remember('merge-base', [commit, ...others], () =>
      gitProbe(this.directory, ['merge-base', commit, ...others]),
    );
  }

  private async remember<T>(question: string, commits: readonly string[], ask: () => Promise<T>): Promise<T> {
    const key = `${question} ${commits.join(' ')}`;
    if (this.answers.has(key)) return this.answers.get(key) as T;
    const answer = await ask();
    if (commits.every((commit) => fullHash.test(commit)) && !isPresent(path.join(this.directory, 'shallow'))) {
      if (this.answers.size >= LIMIT) this.answers.delete(this.answers.keys().next().value!);
      this.answers.set(key, answer);
    }
    return answer;
  }
}
