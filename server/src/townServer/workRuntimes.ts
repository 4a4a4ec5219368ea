import type { RuntimeCatalogue } from '../agents/catalogue';
import { workOf } from '../engine/state/work';
import type { Bead } from '../protocol/bead';
import { isAgentReviewer, reviewersOf } from '../engine/review/reviewers';
import type { ReviewSetting } from '../protocol/town';
import { reviewSettingOf } from '../town/config';
import type { Rigs } from '../rigs/registry';
import { parseAddress } from '../town/layout';

/** Which runtime works and reviews where. A rig that cannot be used concerns its own beads alone. */
export class WorkRuntimes {
  constructor(
    private readonly rigs: Pick<Rigs, 'all' | 'get' | 'settingsOf'>,
    private readonly runtimes: Pick<RuntimeCatalogue, 'defaultFor' | 'reviewerFor'>,
    private readonly isScriptAccepted: (blocks: readonly string[]) => boolean,
  ) {}

  /** The sling's own choice, else the rig's, else the town's default. */
  runtimeOf(bead: Bead, rig: string): string {
    return workOf(bead).slung?.runtime ?? this.runtimes.defaultFor(rig);
  }

  /** False for a rig that cannot be opened or whose settings cannot be read: that concerns its own beads alone. */
  isUsable(name: string): boolean {
    const rig = this.rigs.get(name);
    return rig !== undefined && this.rigs.settingsOf(rig) !== undefined;
  }

  reviewSetting(name: string): ReviewSetting {
    const rig = this.rigs.get(name);
    const settings = rig && this.rigs.settingsOf(rig);
    return settings ? reviewSettingOf(settings) : 'off';
  }

  reviewers(): { rig: string; runtime: string }[] {
    return this.rigs.all().flatMap(({ name }) =>
      reviewersOf(this.reviewSetting(name))
        .reviewers.filter(isAgentReviewer)
        .map((reviewer) => ({ rig: name, runtime: this.runtimes.reviewerFor(name, reviewer) })),
    );
  }

  hasFrozenScript(bead: Bead, rig: string): boolean {
    const { branch } = workOf(bead);
    const name = parseAddress(bead.assignee ?? '')?.name;
    const script = branch && name !== undefined ? this.rigs.get(rig)?.frozenScript(name, branch) : undefined;
    // It lies in the agent's folder: a copied town, or an agent, may have written it.
    return script !== undefined && this.isScriptAccepted(script.blocks);
  }
}
