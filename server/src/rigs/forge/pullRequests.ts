import type { RigRepository } from '../../git/repository';
import type { Forge, NewPullRequest, PullRequest, PullRequestMethod, PullRequestStatus } from './forge';

/** The pull requests of one rig: manages their branches in the source, and calls the provider. */
export class RigPullRequests {
  constructor(
    private readonly repository: RigRepository,
    /** @throws UserError `conflict` if the source is not at a known provider */
    private readonly forge: () => Forge,
    /** `off`: merged by people at the provider. */
    readonly merging: () => PullRequestMethod | 'off',
  ) {}

  /**
   * Pushes a commit to its branch, and creates the pull request. An open one of the branch is reused: it is from an
   * earlier attempt, or was not recorded because of a crash.
   * @param known the recorded one: it is returned if somebody has merged it meanwhile
   */
  async open(commit: string, request: Omit<NewPullRequest, 'base'>, known?: PullRequest): Promise<PullRequest> {
    const forge = this.forge();
    await this.repository.publish(commit, request.branch);
    const found = await forge.find(request.branch);
    if (found) return found;
    if (known && (await forge.status(known.number)).state === 'merged') return known;
    return forge.create({ ...request, base: this.repository.source.defaultBranch });
  }

  /** The newest pull request of a branch that was merged into the target. */
  findMerged(branch: string): Promise<PullRequest | undefined> {
    return this.forge().findMerged(branch, this.repository.source.defaultBranch);
  }

  status(number: number): Promise<PullRequestStatus> {
    return this.forge().status(number);
  }

  merge(number: number, head: string, method: PullRequestMethod): Promise<void> {
    return this.forge().merge(number, head, method);
  }

  /** Closes a pull request without merging, and removes its branch. @param branch undefined if another one uses it */
  async close(number: number, branch: string | undefined, comment: string): Promise<void> {
    await this.forge().close(number, comment);
    if (branch !== undefined) await this.repository.unpublish(branch);
  }

  /** Removes the branch of a merged pull request. */
  removeBranch(branch: string): Promise<void> {
    return this.repository.unpublish(branch);
  }
}
