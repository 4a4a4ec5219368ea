import type { Bead, Dependency } from '../../protocol/bead';
import { BeadIndex } from './beadIndex';
import { PrefixTable } from '../model/ids';
import type { Ledger } from '../storage/ledger';
import type { LedgerRules } from '../model/validate';
import type { Change, Located, Source } from './overlay';
import { loadSql } from './wasm';

/** Everything that is durable: the open ledgers and the index over them. */
export class StoreState implements Source {
  readonly ledgers = new Map<string, Ledger>();
  readonly prefixes = new PrefixTable();
  readonly index: BeadIndex;

  private constructor(makeIndex: (world: StoreState) => BeadIndex) {
    this.index = makeIndex(this);
  }

  static async create(wasm?: string): Promise<StoreState> {
    const sql = await loadSql(wasm);
    return new StoreState((world) => BeadIndex.create(sql, world));
  }

  add(ledger: Ledger): void {
    this.prefixes.set(ledger.prefix, ledger.name);
    this.ledgers.set(ledger.name, ledger);
    this.reindex();
  }

  remove(name: string): void {
    this.ledgers.delete(name);
    this.prefixes.removeLedger(name);
    this.reindex();
  }

  /** Takes over changes that are durable. */
  apply(changes: ReadonlyMap<string, Change>): void {
    for (const [id, change] of changes) this.ledgers.get(change.ledger)?.apply(id, change.stored);
    this.changed([...changes.keys()]);
  }

  /** The ledgers hold new states of these beads. */
  changed(ids: readonly string[]): void {
    try {
      this.index.apply(ids.map((id) => ({ id, row: this.locate(id) })));
    } catch {
      this.reindex(); // the index is only derived
    }
  }

  /** A bead that several ledgers hold counts where its prefix belongs. */
  locate(id: string): Located | undefined {
    const owner = this.prefixes.ledgerOf(id);
    const own = owner === undefined ? undefined : this.ledgers.get(owner)?.entries.get(id);
    if (own && owner !== undefined) return { ...own, ledger: owner };
    for (const ledger of this.ledgers.values()) {
      const stored = ledger.entries.get(id);
      if (stored) return { ...stored, ledger: ledger.name };
    }
    return undefined;
  }

  get(id: string): Bead | undefined {
    return this.locate(id)?.bead;
  }

  dependents(id: string): { bead: Bead; edge: Dependency }[] {
    const found: { bead: Bead; edge: Dependency }[] = [];
    for (const issue of this.index.column('SELECT DISTINCT issue FROM dependencies WHERE target = ?', [id])) {
      const bead = this.get(issue);
      for (const edge of bead?.dependencies ?? []) if (bead && edge.depends_on_id === id) found.push({ bead, edge });
    }
    return found;
  }

  idsUnder(parent: string): string[] {
    // '/' follows '.' in ASCII, so this is the range of ids that begin with "parent.".
    return this.index.column('SELECT id FROM beads WHERE id >= ? AND id < ?', [`${parent}.`, `${parent}/`]);
  }

  countOf(prefix: string): number {
    return this.ledgers.get(this.prefixes.ledgerOfPrefix(prefix) ?? '')?.entries.size ?? 0;
  }

  knows(id: string): boolean {
    return this.prefixes.ledgerOf(id) !== undefined;
  }

  ledgerOf(id: string): string | undefined {
    const owner = this.prefixes.ledgerOf(id);
    if (owner !== undefined && this.ledgers.get(owner)?.entries.has(id)) return owner;
    return this.locate(id)?.ledger ?? owner;
  }

  rulesOf(ledger: string): LedgerRules & { prefix: string } {
    const found = this.ledgers.get(ledger);
    if (!found) throw new Error(`no ledger ${ledger}`);
    return { prefix: found.prefix, customStatuses: found.config.customStatuses, customTypes: found.config.customTypes };
  }

  private *visible(): Generator<Located> {
    for (const ledger of this.ledgers.values()) {
      for (const id of ledger.entries.keys()) {
        const located = this.locate(id);
        if (located?.ledger === ledger.name) yield located;
      }
    }
  }

  private reindex(): void {
    this.index.rebuild(this.visible());
  }
}
