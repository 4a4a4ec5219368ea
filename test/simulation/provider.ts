import type { PullRequestMethod, PullRequestStatus } from '../../server/src/rigs/forge/forge';
import type { Chances } from './chances';
import type { Repository } from './repository';

export interface ProvidedRequest {
  number: number;
  branch: string;
  state: 'open' | 'merged' | 'closed';
  mergeCommit?: string;
}

/** What is known of the tip of a branch. */
interface Tip {
  /** Time at which its checks end. */
  checkedAt: number;
  fails: boolean;
  isApproved: boolean;
  hasRequestedChanges: boolean;
}

const MAX_CHECK_MS = 40_000;

/** Pull requests of one repository at its provider, with its checks and the people who look at them there. */
export class Provider {
  /** Branches of pull requests, by name. */
  readonly branches = new Map<string, string>();
  readonly requests: ProvidedRequest[] = [];
  /** What the town was told last, by number. */
  readonly seen = new Map<number, PullRequestStatus>();
  /** How the town may merge; `off`: people do it. */
  merging: PullRequestMethod | 'off' = 'squash';
  /** Only what is based on the tip of the target can be merged. */
  isStrict = false;
  needsApproval = false;
  private readonly tips = new Map<string, Tip>();

  constructor(
    private readonly repository: Repository,
    private readonly chances: Chances,
  ) {}

  publish(commit: string, branch: string, now: number): void {
    this.branches.set(branch, commit);
    if (this.tips.has(commit)) return;
    const about = this.repository.workOf(commit).at(-1);
    this.tips.set(commit, {
      checkedAt: now + this.chances.random() * MAX_CHECK_MS,
      fails: this.chances.happens('a check of a pull request fails', 0.1, about),
      isApproved: !this.needsApproval,
      hasRequestedChanges: false,
    });
  }

  open(branch: string): ProvidedRequest | undefined {
    return this.requests.find((request) => request.branch === branch && request.state === 'open');
  }

  merged(branch: string): ProvidedRequest | undefined {
    return this.requests.findLast((request) => request.branch === branch && request.state === 'merged');
  }

  create(branch: string): ProvidedRequest {
    const request: ProvidedRequest = { number: this.requests.length + 1, branch, state: 'open' };
    this.requests.push(request);
    return request;
  }

  get openRequests(): ProvidedRequest[] {
    return this.requests.filter(({ state }) => state === 'open');
  }

  status(number: number, now: number): PullRequestStatus {
    const request = this.requests[number - 1]!;
    const head = this.branches.get(request.branch) ?? 'deleted';
    const tip = this.tips.get(head);
    const outcome = !tip || now < tip.checkedAt ? 'pending' : tip.fails ? 'failed' : 'passed';
    return {
      state: request.state,
      head,
      mergeCommit: request.mergeCommit,
      checks: [{ name: 'build', outcome }],
      requestedChanges: tip?.hasRequestedChanges ? [{ by: 'bob', text: 'another name' }] : [],
      merging: this.mergingOf(head, tip),
    };
  }

  private mergingOf(head: string, tip: Tip | undefined): PullRequestStatus['merging'] {
    const { repository, isStrict } = this;
    if (repository.merge(head, repository.landing).kind !== 'clean') return 'behind';
    if (isStrict && !repository.contains(head, repository.landing)) return 'behind';
    return tip?.isApproved ? 'possible' : 'waits';
  }

  /** @returns whether it was merged */
  merge(request: ProvidedRequest, now: number): boolean {
    const { head, merging, checks, state } = this.status(request.number, now);
    if (state !== 'open' || merging !== 'possible' || checks.some(({ outcome }) => outcome !== 'passed')) return false;
    const merged = this.repository.merge(head, this.repository.landing);
    if (merged.kind !== 'clean') return false;
    this.repository.moveTarget(merged.commit);
    Object.assign(request, { state: 'merged', mergeCommit: merged.commit });
    return true;
  }

  /** People approve, and merge what the town may not. @param haste how likely they see to one of them in one round */
  help(haste: number, now: number): void {
    for (const request of this.openRequests) {
      const tip = this.tips.get(this.branches.get(request.branch) ?? '');
      if (!tip || !this.chances.chance(haste)) continue;
      tip.isApproved = true;
      if (this.merging === 'off' && !tip.hasRequestedChanges) this.merge(request, now);
    }
  }

  /** They merge by hand, request changes, close what they do not want, and push to branches that are not theirs. */
  interfere(now: number): void {
    for (const request of this.openRequests) {
      const { branch } = request;
      const head = this.branches.get(branch) ?? '';
      const tip = this.tips.get(head);
      if (tip && this.chances.happens('changes are requested at the provider', 0.006, branch))
        tip.hasRequestedChanges = true;
      if (this.chances.happens('a pull request is merged by hand', 0.006, branch)) this.merge(request, now);
      else if (this.chances.happens('a pull request is closed by hand', 0.003, branch)) request.state = 'closed';
      else if (head !== '' && this.chances.happens('somebody pushes to a pull request', 0.003, branch))
        this.publish(this.repository.commitOutside(head), branch, now);
    }
    if (this.chances.happens('somebody pushes to the target', 0.003, this.repository.rig))
      this.repository.pushFromOutside({ broken: false });
  }
}
