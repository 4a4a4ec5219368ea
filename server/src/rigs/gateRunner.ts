import path from 'node:path';
import { watchTree } from '../git/exactTree';
import { gitLine } from '../git/git';
import { safePart } from '../git/names';
import { treeOf } from '../git/rebase';
import type { RigRepository } from '../git/repository';
import { checkoutDetached, type CheckoutOptions } from '../git/worktree';
import type { GateInfo } from '../protocol/town';
import { gatesOf, type RigSettings } from '../town/config';
import type { RigLayout, TownLayout } from '../town/layout';
import { GateResults } from './gateResults';
import { runGate } from './gates';
import type { GateResult } from './types';

/** Told of every gate that runs. */
export type GateListener = (gate: GateInfo, outcome: 'started' | 'passed' | 'failed') => void;

export interface GateRunnerOptions {
  town: TownLayout;
  layout: RigLayout;
  rig: string;
  repository: RigRepository;
  environment(): Promise<NodeJS.ProcessEnv>;
  checkout(): CheckoutOptions;
  /** Asked right before commands run. @throws UserError `consent` where a person has not accepted them */
  requireAccepted(settings: RigSettings): void;
  /** Where the process group of a running gate is recorded. */
  groupFile: string;
}

/** Runs the gates of a rig in its refinery, each once for one tree and one list of commands. */
export class GateRunner {
  private readonly results: GateResults;

  constructor(private readonly options: GateRunnerOptions) {
    this.results = new GateResults(path.join(options.town.gateLogs, `${options.rig}.results.json`));
  }

  /** @param settings read once: what is accepted, what runs and what the result is kept for are the same */
  async run(commit: string, mergeRequest: string, settings: RigSettings, onGate: GateListener): Promise<GateResult> {
    const gates = gatesOf(settings);
    this.options.requireAccepted(settings);
    const tree = await treeOf(this.options.repository, commit);
    const before = this.results.get(tree, gates);
    if (before) return before;
    const { isFinal, ...result } = await this.runNow(commit, mergeRequest, settings, onGate);
    if (isFinal) this.results.set(tree, gates, result);
    return result;
  }

  /** Discards the results of gates that failed, where a person wants them to run again. */
  forgetFailed(): void {
    this.results.forgetFailures();
  }

  /** @returns `isFinal`: it says something about the files, and not about the machine or the time it took */
  private async runNow(
    commit: string,
    mergeRequest: string,
    settings: RigSettings,
    onGate: GateListener,
  ): Promise<GateResult & { isFinal: boolean }> {
    const { town, layout, rig, repository, groupFile } = this.options;
    const directory = layout.refinery;
    await checkoutDetached(repository, directory, commit, {
      ...this.options.checkout(),
      keep: settings.merge_queue.keep,
    });
    const env = await this.options.environment();
    this.options.requireAccepted(settings);
    const changesOfTree = await watchTree(directory, commit);
    for (const gate of gatesOf(settings)) {
      onGate(gate, 'started');
      const log = town.gateLog(rig, safePart(mergeRequest), gate.name);
      const outcome = await runGate(gate, directory, env, log, groupFile);
      const changed = outcome.passed ? await changesOfTree() : [];
      const moved = outcome.passed && (await gitLine(directory, ['rev-parse', 'HEAD'])) !== commit;
      const passed = outcome.passed && changed.length === 0 && !moved;
      onGate(gate, passed ? 'passed' : 'failed');
      if (!outcome.passed) {
        const { problem, output, code } = outcome;
        return { passed: false, gate: gate.name, problem, output, isFinal: code !== null };
      }
      if (!passed) {
        const what = moved ? 'HEAD' : changed.slice(0, 5).join(', ');
        return {
          passed: false,
          gate: gate.name,
          problem: `changed the tree that it should only test (${what})`,
          output: '',
          isFinal: true,
        };
      }
    }
    return { passed: true, isFinal: true };
  }
}
