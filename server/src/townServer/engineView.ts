import type { RuntimeCatalogue } from '../agents/catalogue';
import type { BeadStore } from '../beads/store';
import { WhyNots } from '../engine/explain/whyNot';
import { mayorView } from '../engine/mayor/mayor';
import { buildView, type ViewedRig } from '../engine/state/buildView';
import { isAgentReviewer, reviewersOf } from '../engine/review/reviewers';
import type { TownView } from '../engine/state/townView';
import type { Rigs } from '../rigs/registry';
import type { SessionManager } from '../sessions/manager';
import { commandsOf, reviewSettingOf } from '../town/config';
import type { Consents } from './consent/consents';
import type { WorkRuntimes } from './workRuntimes';

export interface EngineViewSources {
  store: BeadStore;
  sessions: SessionManager;
  rigs: Rigs;
  runtimes: RuntimeCatalogue;
  work: WorkRuntimes;
  consents: Consents;
  /** Whether the town's engine is up. */
  isUp(): boolean;
}

/** Builds the engine's view of the town. */
export class EngineView {
  constructor(private readonly sources: EngineViewSources) {}

  /** @param awakeSince milliseconds since 1970 from which silence counts */
  build(inFlight: ReadonlySet<string> = new Set(), awakeSince = 0): TownView {
    const { store, sessions, runtimes, consents } = this.sources;
    const rigs = this.viewedRigs();
    const readable = new Set(rigs.map((rig) => rig.port.name));
    const mayor = mayorView(store, runtimes.mayor, consents.isRuntimeAccepted(runtimes.mayor));
    const view = buildView({
      store,
      sessions,
      up: this.sources.isUp(),
      now: new Date(),
      awakeSince,
      inFlight,
      rigs,
      consented: (bead, rig) => readable.has(rig) && consents.given(bead, rig),
    });
    return { ...view, mayor };
  }

  /** Why work has not started, computed from the engine's current view. */
  whyNots(): WhyNots {
    const { store, work } = this.sources;
    return new WhyNots({
      store,
      view: this.build(),
      runtimeOf: (bead, rig) => (work.isUsable(rig) ? work.runtimeOf(bead, rig) : undefined),
    });
  }

  private viewedRigs(): ViewedRig[] {
    const { rigs, runtimes, consents } = this.sources;
    return rigs.all().flatMap((port): ViewedRig[] => {
      const settings = rigs.settingsOf(port);
      if (!settings) return [];
      return [
        {
          port,
          settings,
          accepted: rigs.areAccepted(port.name, commandsOf(settings)),
          unacceptedReviewers: reviewersOf(reviewSettingOf(settings))
            .reviewers.filter(isAgentReviewer)
            .filter((reviewer) => !consents.isRuntimeAccepted(runtimes.reviewerFor(port.name, reviewer))),
        },
      ];
    });
  }
}
