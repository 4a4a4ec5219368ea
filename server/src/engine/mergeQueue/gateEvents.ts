import type { GateResult } from '../../rigs/types';
import type { Batch, Link } from './batch';
import { CheckRecorder, recordChecks } from './checks';
import type { TestPrefix, Verdict } from './testChain';

/** Runs gates on a chain, shows which, and notes for each bead how its own ended. */
export class GateEvents {
  /** By the number of links. */
  private readonly tested = new Map<number, { checks: CheckRecorder; ended: Map<string, 'passed' | 'failed'> }>();

  constructor(
    private readonly batch: Batch,
    private readonly chain: readonly Link[],
    private readonly base: string,
  ) {}

  readonly test: TestPrefix = (length, run = {}) => {
    const links = this.chain.slice(0, length);
    const last = links.at(-1);
    const mergeRequest = last?.id ?? this.chain[0]!.id;
    const { checks, ended } = this.of(length);
    return this.batch.rig.runGates(
      last?.commit ?? this.base,
      { ...run, mergeRequest, target: this.batch.target },
      (gate, outcome) => {
        checks.onGate(gate, outcome);
        if (outcome === 'started') this.batch.show(`${gate.name}:`, last ? links : this.chain);
        else ended.set(gate.name, outcome);
      },
    );
  };

  /** What passed belongs to every change that it lands; what failed to the one that is blamed for it. */
  async record({ good, culprit }: Verdict): Promise<void> {
    const { context, actor, rig, rigName } = this.batch;
    if (rig.gates.length === 0) return;
    const results = this.chain.slice(0, good).map((link): { link: Link; length: number; result: GateResult } => ({
      link,
      length: good,
      result: { passed: true },
    }));
    if (culprit) results.push({ link: this.chain[culprit.link - 1]!, length: culprit.link, result: culprit.failure });
    if (results.length === 0) return;
    await context.store.batch({ actor }, (tx) => {
      for (const { link, length, result } of results) {
        const { checks, ended } = this.of(length);
        recordChecks(tx, link.id, checks.results(rig.gates, result), this.chain[length - 1]!.id);
        for (const [gate, outcome] of ended)
          tx.event({ type: `gate_${outcome}`, bead: link.request.source, rig: rigName, message: gate });
      }
    });
  }

  private of(length: number): { checks: CheckRecorder; ended: Map<string, 'passed' | 'failed'> } {
    let tested = this.tested.get(length);
    if (!tested) {
      tested = { checks: new CheckRecorder(this.batch.context.clock), ended: new Map() };
      this.tested.set(length, tested);
    }
    return tested;
  }
}
