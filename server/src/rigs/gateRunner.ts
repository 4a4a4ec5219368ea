import { createHash } from 'node:crypto';
import path from 'node:path';
import { AbortedError } from '../base/abort';
import { watchTree } from '../git/exactTree';
import { safePart } from '../git/names';
import { treeOf } from '../git/mergeTrees';
import type { RigRepository } from '../git/repository';
import { checkoutDetached, type CheckoutOptions } from '../git/worktree';
import { gateNames } from '../protocol/rig';
import type { FlakyGateInfo } from '../protocol/town';
import { gateRunsOf, type RigSettings } from '../town/config';
import type { RigLayout, TownLayout } from '../town/layout';
import { FlakyGates } from './flakyGates';
import { GateResults } from './gateResults';
import { endRecordedGate, runGate } from './gates';
import { GateSlots, type GateSlot } from './gateSlots';
import { filesChanged, filesOfTargets, scopeOf, type TestScope } from './gateTargets';
import { runGates, type GateListener, type GateRun, type GateWorld } from './runGates';
import { SharedRuns } from './sharedRuns';
import type { GateResult } from './types';

export interface GateRunnerOptions {
  town: TownLayout;
  layout: RigLayout;
  rig: string;
  repository: RigRepository;
  environment(): Promise<NodeJS.ProcessEnv>;
  checkout(): CheckoutOptions;
  /** The current settings of the rig. */
  settings(): RigSettings;
  /** Called right before commands run. @throws UserError `consent` if a person has not accepted them */
  requireAccepted(settings: RigSettings): void;
}

/** Lane, instead of a feature branch, whose checkout tests the work of agents outside the merge queue. */
export const VERIFY_LANE = 'verify';

/** Runs the gates of a rig in its refinery, each once per tree and command. */
export class GateRunner {
  private readonly results: GateResults;
  private readonly flaky: FlakyGates;
  private readonly slots: GateSlots;
  /** Concurrent runs by files and gates. */
  private readonly shared = new SharedRuns<GateResult>();

  constructor(private readonly options: GateRunnerOptions) {
    const { town, rig } = options;
    this.results = new GateResults(path.join(town.gateLogs, `${rig}.results.json`));
    this.flaky = new FlakyGates(path.join(town.gateLogs, `${rig}.flaky.json`));
    this.slots = new GateSlots(() => gateRunsOf(options.settings()));
  }

  /**
   * Runs gates in a free slot; joins a run in progress for the same files.
   * @param settings read once, so that the accepted commands, the executed ones, and the key of the result are the same
   */
  async run(commit: string, run: GateRun, settings: RigSettings, onGate: GateListener): Promise<GateResult> {
    this.options.requireAccepted(settings);
    const { repository } = this.options;
    const tree = await treeOf(repository, commit);
    const { targets } = settings.merge_queue;
    // The target itself is tested as a whole.
    const base = Object.keys(targets).length > 0 && run.base !== commit ? run.base : undefined;
    const scope = scopeOf(settings, base === undefined ? undefined : await filesChanged(repository, base, commit));
    const files = scope.targets ? await filesOfTargets(repository, tree, targets, scope.targets) : tree;
    const begin = (): Promise<GateResult> => this.runIn(tree, { commit, run, settings, onGate, scope, files });
    if (run.confirms !== undefined) return begin();
    const wanted = JSON.stringify([tree, files, run.only, scope.gates]);
    const result = await this.shared.run(createHash('sha256').update(wanted).digest('hex'), begin);
    return result.passed && scope.targets ? { ...result, gates: scope.gates.map(({ name }) => name) } : result;
  }

  private async runIn(tree: string, { commit, run, settings, onGate, scope, files }: WantedRun): Promise<GateResult> {
    let slot: GateSlot | undefined;
    try {
      return await runGates(tree, scope.gates, run, {
        parallel: settings.merge_queue.parallel,
        onGate,
        filesFor: () => files,
        world: this.worldOf(commit, run, settings, async () => {
          slot ??= run.isSpare ? this.slots.takeSpare() : await this.slots.take(run.target ?? '');
          if (!slot) throw new AbortedError(); // a spare run does not wait for a slot
          return slot.index;
        }),
      });
    } finally {
      slot?.release();
    }
  }

  /** Discards the results of failed gates, for a manual retry. */
  forgetFailed(): void {
    this.results.forgetFailures();
  }

  /** Flaky gates, oldest first. */
  flakyGates(): FlakyGateInfo[] {
    return this.flaky.list();
  }

  /** The environment of a run. @param slot its checkout, determined before the first gate */
  private worldOf(
    commit: string,
    { mergeRequest, target }: GateRun,
    settings: RigSettings,
    slot: () => Promise<number>,
  ): GateWorld {
    const { town, layout, rig, repository } = this.options;
    let place = { directory: '', groupFile: (gate: string) => gate };
    let env: NodeJS.ProcessEnv = {};
    let changedFiles = async (): Promise<{ head?: string; files: string[] }> => ({ head: commit, files: [] });
    return {
      results: this.results,
      checkOut: async () => {
        const lane = laneOf(await slot(), target);
        place = {
          directory: lane === undefined ? layout.refinery : layout.featureRefinery(lane),
          groupFile: (gate) => this.groupFile(gate, lane),
        };
        // A killed server may have left gates running there.
        for (const gate of gateNames) await endRecordedGate(place.groupFile(gate));
        const { comparison, differences } = await checkoutDetached(repository, place.directory, commit, {
          ...this.options.checkout(),
          keep: settings.merge_queue.keep,
        });
        env = await this.options.environment();
        this.options.requireAccepted(settings);
        changedFiles = watchTree(place.directory, comparison, differences);
      },
      run: async (gate) => {
        const log = town.gateLog(rig, safePart(mergeRequest), gate.name);
        const outcome = await runGate(gate, place.directory, env, log, place.groupFile(gate.name));
        if (outcome.passed) return { passed: true, isFinal: true };
        const { problem, output, code } = outcome;
        return { passed: false, problem, output, isFinal: code !== null };
      },
      changes: async () => {
        const { head, files } = await changedFiles();
        return head === commit ? files.slice(0, 5).join(', ') : 'HEAD';
      },
      recordFlaky: (gate, problem) =>
        this.flaky.record({ gate, problem, commit, mergeRequest, at: new Date().toISOString() }),
    };
  }

  /** File that records the process group of a running gate. */
  private groupFile(gate: string, lane: string | undefined): string {
    const part = lane === undefined ? '' : `.${safePart(lane)}`;
    return path.join(this.options.town.gateLogs, `${this.options.rig}${part}.${gate}.group.json`);
  }
}

interface WantedRun {
  commit: string;
  run: GateRun;
  settings: RigSettings;
  onGate: GateListener;
  scope: TestScope;
  /** Identifies the relevant files. */
  files: string;
}

/** Name of a slot's checkout; undefined for that of the rig's own target. */
function laneOf(slot: number, target: string | undefined): string | undefined {
  return slot === 0 ? target : `beside-${slot}`;
}
