import type { EventType } from '../../protocol/bead';
import type { Batch, Link } from './batch';
import type { TestPrefix, Verdict } from './testChain';

/** Runs gates on a chain, shows which, and notes for each bead how its own ended. */
export class GateEvents {
  /** By the number of links and the gate, how it ended last. */
  private readonly ended = new Map<number, Map<string, 'passed' | 'failed'>>();

  constructor(
    private readonly batch: Batch,
    private readonly chain: readonly Link[],
    private readonly base: string,
  ) {}

  readonly test: TestPrefix = (length, run = {}) => {
    const links = this.chain.slice(0, length);
    const last = links.at(-1);
    const mergeRequest = last?.id ?? this.chain[0]!.id;
    return this.batch.rig.runGates(last?.commit ?? this.base, { ...run, mergeRequest }, (gate, outcome) => {
      if (outcome === 'started') return this.batch.show(`${gate.name}:`, last ? links : this.chain);
      const ends = this.ended.get(length) ?? new Map<string, 'passed' | 'failed'>();
      this.ended.set(length, ends.set(gate.name, outcome));
    });
  };

  /** What passed belongs to every change that it lands; what failed to the one that is blamed for it. */
  async record({ good, culprit }: Verdict): Promise<void> {
    const events = this.chain.slice(0, good).flatMap((link) => this.eventsOf(good, link));
    if (culprit) events.push(...this.eventsOf(culprit.link, this.chain[culprit.link - 1]!));
    if (events.length === 0) return;
    await this.batch.context.store.batch({ actor: this.batch.actor }, (tx) => {
      for (const event of events) tx.event(event);
    });
  }

  private eventsOf(
    length: number,
    { request }: Link,
  ): { type: EventType; message: string; bead: string; rig: string }[] {
    return [...(this.ended.get(length) ?? [])].map(([gate, outcome]) => ({
      type: `gate_${outcome}` as const,
      message: gate,
      bead: request.source,
      rig: this.batch.rigName,
    }));
  }
}
