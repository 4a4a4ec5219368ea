import path from 'node:path';
import { watchTree } from '../git/exactTree';
import { gitLine } from '../git/git';
import { safePart } from '../git/names';
import { treeOf } from '../git/mergeTrees';
import type { RigRepository } from '../git/repository';
import { checkoutDetached, type CheckoutOptions } from '../git/worktree';
import { gateNames } from '../protocol/rig';
import type { FlakyGateInfo } from '../protocol/town';
import { gatesOf, type RigSettings } from '../town/config';
import type { RigLayout, TownLayout } from '../town/layout';
import { FlakyGates } from './flakyGates';
import { GateResults } from './gateResults';
import { endRecordedGate, runGate } from './gates';
import { runGates, type GateListener, type GateRun, type GateWorld } from './runGates';
import type { GateResult } from './types';

export interface GateRunnerOptions {
  town: TownLayout;
  layout: RigLayout;
  rig: string;
  repository: RigRepository;
  environment(): Promise<NodeJS.ProcessEnv>;
  checkout(): CheckoutOptions;
  /** Asked right before commands run. @throws UserError `consent` where a person has not accepted them */
  requireAccepted(settings: RigSettings): void;
}

/** In place of a feature branch: a checkout in which agents have their work tested, beside the merge queue. */
export const VERIFY_LANE = 'verify';

/** Runs the gates of a rig in its refinery, each once for one tree and its command. */
export class GateRunner {
  private readonly results: GateResults;
  private readonly flaky: FlakyGates;

  constructor(private readonly options: GateRunnerOptions) {
    const { town, rig } = options;
    this.results = new GateResults(path.join(town.gateLogs, `${rig}.results.json`));
    this.flaky = new FlakyGates(path.join(town.gateLogs, `${rig}.flaky.json`));
  }

  /** @param settings read once: what is accepted, what runs and what the result is kept for are the same */
  async run(commit: string, run: GateRun, settings: RigSettings, onGate: GateListener): Promise<GateResult> {
    this.options.requireAccepted(settings);
    if (run.target === VERIFY_LANE) await this.endRecorded(VERIFY_LANE);
    const tree = await treeOf(this.options.repository, commit);
    const { parallel } = settings.merge_queue;
    return runGates(tree, gatesOf(settings), run, { parallel, world: this.worldOf(commit, run, settings), onGate });
  }

  /** Discards the results of gates that failed, where a person wants them to run again. */
  forgetFailed(): void {
    this.results.forgetFailures();
  }

  /** Oldest first. */
  flakyGates(): FlakyGateInfo[] {
    return this.flaky.list();
  }

  /** Ends gates that a killed server left running for a target. */
  async endRecorded(target?: string): Promise<void> {
    for (const gate of gateNames) await endRecordedGate(this.groupFile(gate, target));
  }

  private worldOf(commit: string, { mergeRequest, target }: GateRun, settings: RigSettings): GateWorld {
    const { town, layout, rig, repository } = this.options;
    const directory = target === undefined ? layout.refinery : layout.featureRefinery(target);
    let env: NodeJS.ProcessEnv = {};
    let changedFiles = (): Promise<string[]> => Promise.resolve([]);
    return {
      results: this.results,
      checkOut: async () => {
        await checkoutDetached(repository, directory, commit, {
          ...this.options.checkout(),
          keep: settings.merge_queue.keep,
        });
        env = await this.options.environment();
        this.options.requireAccepted(settings);
        changedFiles = await watchTree(directory, commit);
      },
      run: async (gate) => {
        const log = town.gateLog(rig, safePart(mergeRequest), gate.name);
        const outcome = await runGate(gate, directory, env, log, this.groupFile(gate.name, target));
        if (outcome.passed) return { passed: true, isFinal: true };
        const { problem, output, code } = outcome;
        return { passed: false, problem, output, isFinal: code !== null };
      },
      changes: async () => {
        const changed = await changedFiles();
        const moved = (await gitLine(directory, ['rev-parse', 'HEAD'])) !== commit;
        return moved ? 'HEAD' : changed.slice(0, 5).join(', ');
      },
      recordFlaky: (gate, problem) =>
        this.flaky.record({ gate, problem, commit, mergeRequest, at: new Date().toISOString() }),
    };
  }

  /** Remembers the process group of a gate that runs. */
  private groupFile(gate: string, target?: string): string {
    const lane = target === undefined ? '' : `.${safePart(target)}`;
    return path.join(this.options.town.gateLogs, `${this.options.rig}${lane}.${gate}.group.json`);
  }
}
