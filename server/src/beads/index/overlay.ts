import type { Bead, Dependency } from '../../protocol/bead';
import { edgesTo, type Graph } from './blocking';
import { deepFreeze, store, type Stored } from '../storage/codec';
import { ReverseEdges } from './reverseEdges';
import type { LedgerRules } from '../model/validate';

/** A bead with the ledger that has it. */
export class Located implements Stored {
  constructor(
    readonly ledger: string,
    private readonly stored: Stored,
  ) {}

  get bead(): Bead {
    return this.stored.bead;
  }

  get text(): string {
    return this.stored.text;
  }

  get dependencyTargets(): readonly string[] {
    return this.stored.dependencyTargets;
  }

  get isEphemeral(): boolean {
    return this.stored.isEphemeral;
  }
}

/** The beads that a batch reads: the durable ones, or another batch's changes on top of them. */
export interface Source extends Graph {
  locate(id: string): Located | undefined;
  /** Ids that start with `parent.` */
  idsUnder(parent: string): string[];
  /** Number of top-level ids with a prefix; decides the length of new ones. */
  countOf(prefix: string): number;
  ledgerOf(id: string): string | undefined;
  rulesOf(ledger: string): LedgerRules & { prefix: string };
}

export interface Change {
  readonly ledger: string;
  /** Undefined for a bead that was removed without a tombstone. */
  readonly stored: Stored | undefined;
}

/** Changes that are not durable yet, on top of the layer below. Batches of one write see each other through this. */
export class Overlay implements Source {
  readonly changes = new Map<string, Change>();
  private readonly edges = new ReverseEdges();

  private sealed = false;

  constructor(private readonly below: Source) {}

  /** Refuses changes after this: a change by a batch that has ended would be lost silently. */
  seal(): void {
    this.sealed = true;
  }

  set(ledger: string, bead: Bead): Bead {
    this.refuseIfSealed();
    const old = this.locate(bead.id);
    const frozen = deepFreeze(bead);
    const stored = old ? store(frozen, old) : store(frozen);
    this.edges.set(bead.id, stored.dependencyTargets);
    this.changes.set(bead.id, { ledger, stored });
    return frozen;
  }

  /** Sets a bead together with its text from elsewhere. */
  setStored(ledger: string, stored: Stored): void {
    this.refuseIfSealed();
    this.edges.set(stored.bead.id, stored.dependencyTargets);
    this.changes.set(stored.bead.id, { ledger, stored });
  }

  remove(ledger: string, id: string): void {
    this.refuseIfSealed();
    this.edges.set(id, []);
    this.changes.set(id, { ledger, stored: undefined });
  }

  /** Takes over the changes of a batch that succeeded. */
  absorb(upper: Overlay): void {
    for (const [id, change] of upper.changes) {
      this.edges.set(id, change.stored?.dependencyTargets ?? []);
      this.changes.set(id, change);
    }
  }

  locate(id: string): Located | undefined {
    const change = this.changes.get(id);
    if (!change) return this.below.locate(id);
    return change.stored && new Located(change.ledger, change.stored);
  }

  get(id: string): Bead | undefined {
    return this.locate(id)?.bead;
  }

  dependents(id: string): { bead: Bead; edge: Dependency }[] {
    const found = this.below.dependents(id).filter(({ bead }) => !this.changes.has(bead.id));
    for (const dependent of this.edges.of(id)) {
      const bead = this.changes.get(dependent)?.stored?.bead;
      if (bead) for (const edge of edgesTo(bead, id)) found.push({ bead, edge });
    }
    return found;
  }

  idsUnder(parent: string): string[] {
    const start = `${parent}.`;
    const added = [...this.changes.keys()].filter((id) => id.startsWith(start));
    return added.length === 0 ? this.below.idsUnder(parent) : [...new Set([...this.below.idsUnder(parent), ...added])];
  }

  countOf(prefix: string): number {
    return this.below.countOf(prefix) + this.changes.size;
  }

  knows(id: string): boolean {
    return this.below.knows(id);
  }

  waitsForExternal(reference: string): boolean {
    return this.below.waitsForExternal(reference);
  }

  ledgerOf(id: string): string | undefined {
    return this.below.ledgerOf(id);
  }

  rulesOf(ledger: string): LedgerRules & { prefix: string } {
    return this.below.rulesOf(ledger);
  }

  private refuseIfSealed(): void {
    if (this.sealed) throw new Error('a transaction was used after its batch had ended');
  }
}
