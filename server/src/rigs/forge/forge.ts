import type { PullRequestMerge } from '../../protocol/town';

/** How a provider merges: by the commits themselves, as one commit, or by a commit that merges them. */
export type PullRequestMethod = Exclude<PullRequestMerge, 'off'>;

/** Pull requests of one repository at a provider, such as GitHub. */
export interface Forge {
  /** The open pull request of a branch. */
  find(branch: string): Promise<PullRequest | undefined>;
  create(request: NewPullRequest): Promise<PullRequest>;
  status(number: number): Promise<PullRequestStatus>;
  /** Merges it, unless its branch is at another commit than `head` by then. */
  merge(number: number, head: string, method: PullRequestMethod): Promise<void>;
  /** Closes it without merging; nothing happens where it is closed. */
  close(number: number, comment: string): Promise<void>;
}

export interface PullRequest {
  number: number;
  url: string;
}

export interface NewPullRequest {
  /** Its commits, and where they are to be merged. */
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
  /** Checks that the provider runs on the tip. */
  checks: { name: string; outcome: 'pending' | 'passed' | 'failed'; url?: string }[];
  /** Reviews of the tip that request changes, with what they say about single lines. */
  requestedChanges: { by: string; text: string }[];
  /**
   * What blocks merging, besides checks and requested changes. `waits`: for an approval, or until the provider has
   * determined it; `behind`: not based on the tip of its target, or in conflict with it.
   */
  merging: 'possible' | 'waits' | 'behind';
}
