import { Mutex } from 'async-mutex';
import { identityOf } from '../agents/gitIdentity';
import type { GitIdentity } from '../git/git';
import { missingSubmodules } from '../git/gitlinks';
import { featureBase, featureTip, landingBase, type LandingBase } from '../git/landingBase';
import { uploadLargeFiles } from '../git/largeFiles';
import { mergeBranch } from '../git/mergeBranch';
import { rebaseOnto, type CommitShape, type RebaseResult } from '../git/rebase';
import type { RigRepository } from '../git/repository';
import type { MergeStrategy } from '../protocol/town';
import { mergeStrategyOf, signingOf, type RigSettings } from '../town/config';
import { parseAddress, type RigLayout, type TownLayout } from '../town/layout';
import { dropFeature, type DroppedFeature, type EndedFeature } from './featureBranches';
import type { RebasedWork } from './types';

/** The worktree of the refinery in which earlier resolutions of conflicts are reused. */
const REBASE_LANE = 'rebase';

/** The shape of commits. Local landings and pull requests have one commit for each bead, too. */
function shapeOf(strategy: MergeStrategy): CommitShape {
  return strategy === 'rebase' || strategy === 'merge' ? strategy : 'squash';
}

/** The commits that would land, or the submodules that a fresh clone would lack. */
export type MadeCommits = RebaseResult | { kind: 'incomplete'; problems: string[] };

/** What landings need of their rig. */
export interface LandingNeeds {
  town: TownLayout;
  repository: RigRepository;
  layout: RigLayout;
  settings(): RigSettings;
  identity(): GitIdentity;
  emailDomain(): string;
}

/** Makes the commits that land on the target of a rig or on a feature branch, and pushes them. */
export class RigLanding {
  private readonly rebases = new Mutex();

  constructor(private readonly rig: LandingNeeds) {}

  base(target?: string): Promise<LandingBase> {
    const { repository } = this.rig;
    const identity = this.rig.identity();
    return target === undefined ? landingBase(repository, identity) : featureBase(repository, target, identity);
  }

  async rebase(commit: string, base: string, work: RebasedWork): Promise<MadeCommits> {
    const { repository, town, layout } = this.rig;
    const settings = this.rig.settings();
    const rebased = {
      tip: commit,
      bases: work.bases,
      shape: shapeOf(mergeStrategyOf(town, settings)),
      target: work.target,
      title: work.title,
      trailers: [`Bead: ${work.bead}`],
      // A crew member's commits keep the person who committed them as their author.
      author: parseAddress(work.worker)?.role === 'crew' ? undefined : identityOf(work.worker, this.rig.emailDomain()),
      signing: signingOf(settings),
    };
    // Gates run in the other worktrees of the refinery meanwhile.
    const made = await this.rebases.runExclusive(async () =>
      rebaseOnto(repository, layout.featureRefinery(REBASE_LANE), rebased, base, this.rig.identity()),
    );
    return this.complete(made, base);
  }

  async mergeBranch(
    commit: string,
    base: string,
    { title, trailers }: { title: string; trailers: readonly string[] },
  ): Promise<MadeCommits> {
    const work = { tip: commit, title, trailers, signing: signingOf(this.rig.settings()) };
    return this.complete(await mergeBranch(this.rig.repository, work, base, this.rig.identity()), base);
  }

  /** Checks that a fresh clone would be complete. */
  private async complete(made: RebaseResult, base: string): Promise<MadeCommits> {
    if (made.kind !== 'clean') return made;
    const problems = await missingSubmodules(this.rig.repository, base, made.commit);
    return problems.length > 0 ? { kind: 'incomplete', problems } : made;
  }

  async featureTip(branch: string): Promise<string | undefined> {
    await this.rig.repository.fetchMoved(branch);
    return featureTip(this.rig.repository, branch);
  }

  /** Commits of a feature branch that the rig's own target does not have, as of the last fetch. */
  async commitsAhead(branch: string): Promise<number | undefined> {
    const { repository } = this.rig;
    const [tip, target] = [await featureTip(repository, branch), await repository.tip()];
    return tip && target ? (await repository.graph.divergence(target, tip)).right : undefined;
  }

  dropFeature(branch: string, ended: EndedFeature): Promise<DroppedFeature> {
    return dropFeature(this.rig.repository, this.rig.layout, branch, ended);
  }

  async land(commit: string, base: LandingBase): Promise<boolean> {
    const { repository } = this.rig;
    // Also for local landings before the rig's landings were pushed.
    if (!repository.landsHere) await uploadLargeFiles(repository, base.expected ?? base.commit, commit);
    return repository.push(commit, base.expected, base.branch);
  }

  async hasLanded(commit: string, target = this.rig.repository.landing): Promise<boolean> {
    await this.rig.repository.fetch();
    return this.rig.repository.holds(commit, target);
  }
}
