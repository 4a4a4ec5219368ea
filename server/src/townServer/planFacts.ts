import { messageOf } from '../base/errors';
import type { PlannedRig } from '../engine/convoys/checkPlan';
import { rigOfBead } from '../engine/state/workingSet';
import type { BeadStore } from '../beads/store';
import { loginEnvironment } from '../agents/environment';
import type { RuntimeCatalogue } from '../agents/catalogue';
import type { Bead } from '../protocol/bead';
import type { Rigs } from '../rigs/registry';
import { isCrashLoop } from '../engine/supervision/crashLoops';
import { resolveCommand } from '../sessions/host/resolveCommand';
import { commandsOf } from '../town/config';
import type { WorkRuntimes } from './workRuntimes';

export interface PlanSources {
  rigs: Pick<Rigs, 'get' | 'settingsOf' | 'areAccepted' | 'brokenNames'>;
  runtimes: Pick<RuntimeCatalogue, 'find'>;
  work: Pick<WorkRuntimes, 'isUsable' | 'runtimeOf'>;
  store: BeadStore;
}

/** Facts for checking the plan of a convoy: the rigs and the runtimes of the town. */
export class PlanFactsOfTown {
  constructor(private readonly sources: PlanSources) {}

  rig(name: string): PlannedRig | undefined {
    const { rigs } = this.sources;
    const rig = rigs.get(name);
    const settings = rig && rigs.settingsOf(rig);
    if (!rig || !settings)
      return rig || rigs.brokenNames().includes(name)
        ? { accepted: true, maxWorkers: 1, blocked: 'the rig cannot be used' }
        : undefined;
    const looping = isCrashLoop(rig.pacing.shortLives, Date.now(), settings.max_workers);
    return {
      accepted: rigs.areAccepted(name, commandsOf(settings)),
      maxWorkers: settings.max_workers,
      featureBranch: settings.merge_queue.feature_branch,
      ...(looping ? { blocked: 'its agents end as soon as they start' } : {}),
    };
  }

  /** Why the runtime of a bead cannot run, by the name of the rig. */
  async missingRuntimes(beads: readonly Bead[]): Promise<Map<string, string>> {
    const { store, work, runtimes } = this.sources;
    const missing = new Map<string, string>();
    const environment = await loginEnvironment();
    const path = Object.fromEntries(
      Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
    for (const bead of beads) {
      const rig = rigOfBead(store, bead);
      if (rig === undefined || missing.has(rig) || !work.isUsable(rig)) continue;
      const name = work.runtimeOf(bead, rig);
      const runtime = runtimes.find(name);
      if (!runtime) missing.set(rig, `there is no agent runtime ${name}`);
      else if (name !== 'script') {
        try {
          resolveCommand(runtime.command, { ...path, ...runtime.env }, '/');
        } catch (error) {
          missing.set(rig, messageOf(error));
        }
      }
    }
    return missing;
  }
}
