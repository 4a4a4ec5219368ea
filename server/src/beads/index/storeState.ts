import type { Bead, Dependency } from '../../protocol/bead';
import { BeadIndex } from './beadIndex';
import { edgesTo } from './blocking';
import { ReverseEdges } from './reverseEdges';
import { PrefixTable } from '../model/ids';
import type { Ledger } from '../storage/ledger';
import type { LedgerRules } from '../model/validate';
import { Located, type Change, type Source } from './overlay';
import { loadSql } from './wasm';

/** Everything that is durable: the open ledgers and the index over them. */
export class StoreState implements Source {
  readonly ledgers = new Map<string, Ledger>();
  readonly prefixes = new PrefixTable();
  readonly index: BeadIndex;

  private readonly edges = new ReverseEdges();

  private constructor(makeIndex: (state: StoreState) => BeadIndex) {
    this.index = makeIndex(this);
  }

  static async create(wasm?: string, clock: () => Date = () => new Date()): Promise<StoreState> {
    const sql = await loadSql(wasm);
    return new StoreState((state) => BeadIndex.create(sql, state, state.edges, clock));
  }

  add(ledger: Ledger): void {
    this.prefixes.set(ledger.prefix, ledger.name);
    this.ledgers.set(ledger.name, ledger);
    this.index.addAll(this.rowsOf(ledger.entries.keys()), (target) => this.belongs(target, ledger.name));
  }

  remove(name: string): void {
    const ledger = this.ledgers.get(name);
    if (!ledger) return;
    const isItsOwn = (target: string): boolean => this.belongs(target, name);
    const known = new Set([...this.edges.allTargets()].filter(isItsOwn));
    this.ledgers.delete(name);
    this.prefixes.removeLedger(name);
    this.index.removeAll(ledger.entries.keys(), (target) => known.has(target));
    // Other ledgers may hold beads of the same id, which were hidden.
    this.index.addAll(this.rowsOf(ledger.entries.keys()), () => false);
  }

  /** Takes over changes that are durable. */
  apply(changes: ReadonlyMap<string, Change>): void {
    const before = new Map([...changes.keys()].map((id) => [id, this.get(id)]));
    for (const [id, change] of changes) this.ledgers.get(change.ledger)?.apply(id, change.stored);
    this.changed([...changes.keys()], before);
  }

  /** The ledgers hold new states of these beads. */
  changed(ids: readonly string[], before?: ReadonlyMap<string, Bead | undefined>): void {
    this.index.apply(ids.map((id) => ({ id, before: before?.get(id), row: this.locate(id) })));
  }

  /** A bead that several ledgers hold counts where its prefix belongs. */
  locate(id: string): Located | undefined {
    const owner = this.prefixes.ledgerOf(id);
    const own = owner === undefined ? undefined : this.ledgers.get(owner)?.entries.get(id);
    if (own && owner !== undefined) return new Located(owner, own);
    for (const ledger of this.ledgers.values()) {
      const stored = ledger.entries.get(id);
      if (stored) return new Located(ledger.name, stored);
    }
    return undefined;
  }

  get(id: string): Bead | undefined {
    return this.locate(id)?.bead;
  }

  dependents(id: string): { bead: Bead; edge: Dependency }[] {
    const found: { bead: Bead; edge: Dependency }[] = [];
    for (const issue of this.edges.of(id)) {
      const bead = this.get(issue);
      if (bead) for (const edge of edgesTo(bead, id)) found.push({ bead, edge });
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

  private belongs(id: string, ledger: string): boolean {
    return this.prefixes.ledgerOf(id) === ledger;
  }

  private *rowsOf(ids: Iterable<string>): Generator<Located> {
    for (const id of ids) {
      const located = this.locate(id);
      if (located) yield located;
    }
  }
}
