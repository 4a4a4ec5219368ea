import type { Transaction } from '../../beads/store';
import type { GateInfo } from '../../protocol/town';
import type { GateResult } from '../../rigs/types';
import type { Clock } from '../loop/ports';
import { mergeOf, withMerge, type Check } from '../state/work';

/** Records results and durations of the gates of one run. */
export class CheckRecorder {
  private readonly started = new Map<string, number>();
  private readonly checks: Check[] = [];

  constructor(private readonly clock: Clock) {}

  readonly onGate = (gate: Pick<GateInfo, 'name'>, outcome: 'started' | 'passed' | 'failed'): void => {
    const now = this.clock.now();
    if (outcome === 'started') return void this.started.set(gate.name, now.getTime());
    const seconds = (now.getTime() - (this.started.get(gate.name) ?? now.getTime())) / 1000;
    this.checks.push({ gate: gate.name, passed: outcome === 'passed', at: now.toISOString(), seconds });
  };

  /** Results of all gates of a run, including cached ones of gates that had run for the same files before. */
  results(gates: readonly Pick<GateInfo, 'name'>[], result: GateResult): Check[] {
    const at = this.clock.now().toISOString();
    const known = (gate: string): Check[] => {
      if (result.passed) return [{ gate, passed: true, at }];
      return gate === result.gate ? [{ gate, passed: false, at }] : [];
    };
    return gates.flatMap(({ name }) => this.checks.findLast(({ gate }) => gate === name) ?? known(name));
  }
}

/** Stores the results on a merge request. @param testedWith the request whose name the logs have */
export function recordChecks(tx: Transaction, id: string, checks: Check[], testedWith: string): void {
  const bead = tx.get(id);
  if (bead && mergeOf(bead))
    tx.update(bead.id, {
      metadata: withMerge(bead, { checks, testedWith: testedWith === id ? undefined : testedWith }),
    });
}
