import type { RigRepository } from '../../git/repository';
import type { Forge, NewPullRequest, PullRequest, PullRequestMethod, PullRequestStatus } from './forge';

/** The pull requests of one rig: their branches in its source, and the provider. */
export class RigPullRequests {
  constructor(
    private readonly repository: RigRepository,
    /** @throws UserError `conflict` where the source is at no provider that is known */
    private readonly forge: () => Forge,
    /** `off`: people merge them at the provider. */
    readonly merging: () => PullRequestMethod | 'off',
  ) {}

  /**
   * Pushes a commit to its branch, and makes the pull request. One that is open for the branch is used again: it is from an
   * earlier attempt, or a crash came before it was written down.
   */
  async open(commit: string, request: Omit<NewPullRequest, 'base'>): Promise<PullRequest> {
    const forge = this.forge();
    await this.repository.publish(commit, request.branch);
    const found = await forge.find(request.branch);
    return found ?? forge.create({ ...request, base: this.repository.source.defaultBranch });
  }

  status(number: number): Promise<PullRequestStatus> {
    return this.forge().status(number);
  }

  merge(number: number, head: string, method: PullRequestMethod): Promise<void> {
    return this.forge().merge(number, head, method);
  }

  /** Closes it without merging, and removes its branch. */
  async close(number: number, branch: string, comment: string): Promise<void> {
    await this.forge().close(number, comment);
    await this.repository.unpublish(branch);
  }

  /** It is merged: its branch is not needed any more. */
  removeBranch(branch: string): Promise<void> {
    return this.repository.unpublish(branch);
  }
}
