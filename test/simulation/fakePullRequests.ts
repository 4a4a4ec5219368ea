import { UserError } from '../../server/src/base/errors';
import type { PullRequestPort } from '../../server/src/engine/loop/ports';
import type { PullRequest, PullRequestMethod, PullRequestStatus } from '../../server/src/rigs/forge/forge';
import type { ProvidedRequest, Provider } from './provider';
import type { Guard, World } from './world';

/** The server's way to the provider of a rig. */
export class FakePullRequests implements PullRequestPort {
  /** @param checkCommit notes what must not be offered to others */
  constructor(
    private readonly provider: Provider,
    private readonly world: World,
    private readonly guard: Guard,
    private readonly checkCommit: (commit: string) => void,
  ) {}

  readonly merging = (): PullRequestMethod | 'off' => this.provider.merging;

  async open(commit: string, { branch }: { branch: string }, known?: PullRequest): Promise<PullRequest> {
    await this.reach('the branch of a pull request is pushed', () => {
      this.checkCommit(commit);
      this.provider.publish(commit, branch, this.world.now);
    });
    return this.reach('a pull request is opened', () => {
      const open = this.provider.open(branch);
      if (!open && known && this.provider.requests[known.number - 1]?.state === 'merged') return known;
      return named(open ?? this.provider.create(branch));
    });
  }

  findMerged(branch: string): Promise<PullRequest | undefined> {
    return this.reach('pull requests are listed', () => {
      const merged = this.provider.merged(branch);
      return merged && named(merged);
    });
  }

  status(number: number): Promise<PullRequestStatus> {
    return this.reach('a pull request is read', () => {
      const status = this.provider.status(number, this.world.now);
      this.provider.seen.set(number, status);
      return status;
    });
  }

  merge(number: number, head: string): Promise<void> {
    return this.reach('a pull request is merged', () => {
      const request = this.provider.requests[number - 1]!;
      const { provider, world } = this;
      const { merging, requestedChanges, checks } = provider.seen.get(number)!;
      if (merging !== 'possible' || requestedChanges.length > 0 || checks.some(({ outcome }) => outcome !== 'passed'))
        world.violate('what is merged by a pull request has passed its checks and its reviews', request.branch);
      if (provider.branches.get(request.branch) !== head || !provider.merge(request, world.now))
        throw new UserError('it cannot be merged', undefined, 'unavailable');
    });
  }

  close(number: number, branch: string): Promise<void> {
    return this.reach('a pull request is closed', () => {
      const request = this.provider.requests[number - 1]!;
      if (request.state === 'open') request.state = 'closed';
      this.provider.branches.delete(branch);
    });
  }

  removeBranch(branch: string): Promise<void> {
    return this.reach('the branch of a pull request is removed', () => void this.provider.branches.delete(branch));
  }

  private reach<T>(what: string, effect: () => T): Promise<T> {
    return this.guard(what, () => {
      if (this.world.chances.happens('the provider is away', 0.05, what))
        throw new UserError('the provider is away', undefined, 'unavailable');
      return effect();
    });
  }
}

function named({ number }: ProvidedRequest): PullRequest {
  return { number, url: `https://example.org/${number}` };
}
