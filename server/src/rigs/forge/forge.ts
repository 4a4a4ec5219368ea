import type { PullRequestMerge } from '../../protocol/town';

/** How a provider merges: by the commits themselves, as one commit, or by a commit that merges them. */
export type PullRequestMethod = Exclude<PullRequestMerge, 'off'>;

/** Pull requests of one repository at a provider, such as GitHub. */
export interface Forge {
  /** The open pull request of a branch. */
  find(branch: string): Promise<PullRequest | undefined>;
  /** The newest pull request of a branch that was merged into this base. */
  findMerged(branch: string, base: string): Promise<PullRequest | undefined>;
  create(request: NewPullRequest): Promise<PullRequest>;
  status(number: number): Promise<PullRequestStatus>;
  /** Merges a pull request, unless its branch is no longer at `head`. */
  merge(number: number, head: string, method: PullRequestMethod): Promise<void>;
  /** Closes a pull request without merging; does nothing if it is closed. */
  close(number: number, comment: string): Promise<void>;
}

export interface PullRequest {
  number: number;
  url: string;
}

export interface NewPullRequest {
  /** Branch with the commits, and the target branch. */
  branch: string;
  base: string;
  title: string;
  body: string;
}

export interface PullRequestStatus {
  state: 'open' | 'merged' | 'closed';
  /** Commit at the tip of its branch. */
  head: string;
  /** Commit on the target; for a merged one only. */
  mergeCommit?: string;
  /** Checks by the provider on the tip. */
  checks: { name: string; outcome: 'pending' | 'passed' | 'failed'; url?: string }[];
  /** Reviews of the tip that request changes, with their comments on lines. */
  requestedChanges: { by: string; text: string }[];
  /**
   * Whether merging is possible, apart from checks and requested changes. `waits`: for an approval, or for the provider
   * to determine the state; `behind`: not based on the tip of its target, or in conflict with it.
   */
  merging: 'possible' | 'waits' | 'behind';
}
