import type { RuntimeCatalogue } from '../agents/catalogue';
import { workOf } from '../engine/state/work';
import type { Bead } from '../protocol/bead';
import { isAgentReviewer, reviewersOf } from '../engine/review/reviewers';
import type { ReviewSetting } from '../protocol/town';
import { reviewSettingOf } from '../town/config';
import type { Rigs } from '../rigs/registry';
import { parseAddress } from '../town/layout';

/** The runtimes for beads and reviews. A rig that cannot be used only affects its own beads. */
export class WorkRuntimes {
  constructor(
    private readonly rigs: Pick<Rigs, 'all' | 'get' | 'settingsOf'>,
    private readonly runtimes: Pick<RuntimeCatalogue, 'defaultFor' | 'reviewerFor'>,
    private readonly isScriptAccepted: (blocks: readonly string[]) => boolean,
  ) {}

  /** The runtime of a bead: the choice of the sling, else the rig's, else the town's default. */
  runtimeOf(bead: Bead, rig: string): string {
    return workOf(bead).slung?.runtime ?? this.runtimes.defaultFor(rig);
  }

  /**
   * Whether a rig is usable: it can be opened, and its settings are readable. Otherwise only its own beads are
   * affected.
   */
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
    // The file is in the agent's folder: it may come from a copied town, or from the agent.
    return script !== undefined && this.isScriptAccepted(script.blocks);
  }
}
