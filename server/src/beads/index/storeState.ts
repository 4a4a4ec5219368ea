import type { Bead, Dependency } from '../../protocol/bead';
import type { SqlJsStatic } from 'sql.js';
import { onUnexpectedError } from '../../base/errors';
import { Emitter } from '../../base/lifecycle';
import { BeadIndex, type IndexChange, type IndexRow, type IndexSources } from './beadIndex';
import { referenceRanges } from '../external/reference';
import { edgesTo } from './blocking';
import type { IndexCache, IndexedLedger, IndexImage } from './indexCache';
import { ReverseEdges } from './reverseEdges';
import { PrefixTable } from '../model/ids';
import type { Ledger } from '../storage/ledger';
import type { LedgerRules } from '../model/validate';
import { Located, type Change, type Source } from './overlay';
import { loadSql } from './wasm';

/** From this number of changed beads on they may be a large part of all. */
const BULK_CHANGES = 2_000;

/** Everything that is durable: the open ledgers and the index over them. */
export class StoreState implements Source {
  readonly ledgers = new Map<string, Ledger>();
  readonly prefixes = new PrefixTable();

  private readonly edges = new ReverseEdges();
  private readonly recomputed = new Emitter<ReadonlySet<string> | undefined>();
  /**
   * Fires with the beads whose state, step or place may have changed; undefined if all may have, because a ledger was
   * opened or closed.
   */
  readonly onDidRecompute = this.recomputed.event;
  private built: BeadIndex | undefined;
  /** Open ledgers that are not in the index yet. */
  private pending: Ledger[] = [];
  /** So much was changed at once that the index is rebuilt at the next query. */
  private isPostponed = false;
  /** Hashes of files whose lines are all readable, by ledger. */
  private readonly soundHashes: ReadonlyMap<string, string>;
  /** Description of the ledgers of the stored index. */
  private kept: string | undefined;

  private constructor(
    private readonly sql: SqlJsStatic,
    private readonly clock: () => Date,
    private image: IndexImage | undefined,
  ) {
    this.soundHashes = new Map(image?.ledgers.map(({ name, hash }) => [name, hash]));
    this.kept = image && keyOf(image.ledgers);
  }

  /** @param options.image a stored index: used if it is of exactly the opened ledgers */
  static async create(
    options: { wasm?: string | undefined; clock?: () => Date; image?: IndexImage | undefined } = {},
  ): Promise<StoreState> {
    const sql = await loadSql(options.wasm);
    return new StoreState(sql, options.clock ?? (() => new Date()), options.image);
  }

  /** Built on first use, when all ledgers of the start are open. */
  get index(): BeadIndex {
    const added = this.pending;
    this.pending = [];
    this.isPostponed = false;
    if (this.built && added.length > 0) this.addToIndex(this.built, added);
    return (this.built ??= this.openIndex(added));
  }

  /** Whether a change, such as an import, is so large that rebuilding the index is cheaper than updating it. */
  private isBulk(count: number): boolean {
    if (count < BULK_CHANGES) return false;
    const known = [...this.ledgers.values()].reduce((sum, { entries }) => sum + entries.size, 0);
    return count * 2 >= known;
  }

  private postponeIndex(): void {
    this.built?.close();
    this.built = undefined;
    this.image = undefined;
    this.edges.clear();
    this.pending = [...this.ledgers.values()];
    this.isPostponed = true;
    this.recomputed.fire(undefined);
  }

  private openIndex(ledgers: readonly Ledger[]): BeadIndex {
    const { image } = this;
    this.image = undefined; // large
    if (image && isOf(image, ledgers)) {
      const index = BeadIndex.open(this.sql, image, this.indexSources());
      const changed = new Set(index.ephemeral());
      for (const ledger of ledgers) for (const id of ledger.notInFile()) changed.add(id);
      index.apply([...changed].map((id) => ({ id, row: this.locate(id) })));
      return index;
    }
    const index = BeadIndex.create(this.sql, this.indexSources());
    this.addToIndex(index, ledgers);
    return index;
  }

  private indexSources(): IndexSources {
    return {
      graph: this,
      edges: this.edges,
      clock: this.clock,
      // The index is not visible to others while it is being built.
      onRecomputed: (ids) => {
        if (this.built) this.recomputed.fire(ids);
      },
    };
  }

  /** If a change cannot be applied to the index, it is rebuilt from the ledgers, which already contain the change. */
  private bring(changes: readonly IndexChange[]): void {
    const { index } = this;
    try {
      index.apply(changes);
    } catch (error) {
      onUnexpectedError(error);
      this.postponeIndex();
      void this.index;
    }
  }

  private addToIndex(index: BeadIndex, ledgers: readonly Ledger[]): void {
    const names = new Set(ledgers.map(({ name }) => name));
    const rows = this.rowsOf(ledgers.flatMap(({ entries }) => [...entries.keys()]));
    index.addAll(rows, (target) => names.has(this.prefixes.ledgerOf(target) ?? ''));
  }

  /** Hash of a ledger's file when all of its lines were readable. */
  soundHash(ledger: string): string | undefined {
    return this.soundHashes.get(ledger);
  }

  /**
   * Keeps the index for the next start. Does nothing while a ledger has changes that are not in its file, or unreadable
   * lines.
   */
  keepIndex(cache: IndexCache): void {
    const ledgers = this.isPostponed ? undefined : describe([...this.ledgers.values()]);
    if (!ledgers || this.kept === keyOf(ledgers)) return;
    cache.write({ ledgers, ...this.index.export() });
    this.kept = keyOf(ledgers);
  }

  /**
   * The file of a ledger and the dependents of its beads, for a table; undefined if the file does not contain all
   * beads, or the dependencies are not known without reading every bead.
   */
  tableSource(name: string): { bytes: Buffer; dependentsOf: (id: string) => Iterable<string> } | undefined {
    if (this.isPostponed || !this.built || this.pending.length > 0) return undefined;
    const bytes = this.ledgers.get(name)?.soundFile();
    return bytes && { bytes, dependentsOf: (id) => this.edges.of(id) };
  }

  close(): void {
    this.recomputed.dispose();
    this.built?.close();
  }

  add(ledger: Ledger): void {
    this.prefixes.set(ledger.prefix, ledger.name);
    this.ledgers.set(ledger.name, ledger);
    this.pending.push(ledger);
  }

  /** Sets the order of the ledgers: the first one stores events without a bead. Unnamed ledgers come last. */
  sortLedgers(names: readonly string[]): void {
    const known = names.flatMap((name) => this.ledgers.get(name) ?? []);
    const all = new Set([...known, ...this.ledgers.values()]);
    this.ledgers.clear();
    for (const ledger of all) this.ledgers.set(ledger.name, ledger);
  }

  remove(name: string): void {
    const ledger = this.ledgers.get(name);
    if (!ledger) return;
    const { index } = this;
    const isItsOwn = (target: string): boolean => this.belongs(target, name);
    const known = new Set([...this.edges.allTargets()].filter(isItsOwn));
    this.ledgers.delete(name);
    this.prefixes.removeLedger(name);
    index.removeAll(ledger.entries.keys(), (target) => known.has(target));
    // Other ledgers may contain beads with the same ids, which were hidden.
    index.addAll(this.rowsOf(ledger.entries.keys()), () => false);
  }

  /** Applies durable changes. */
  apply(changes: ReadonlyMap<string, Change>): void {
    if (this.isBulk(changes.size)) {
      for (const [id, change] of changes) this.ledgers.get(change.ledger)?.apply(id, change.stored);
      return this.postponeIndex();
    }
    void this.index; // build the index of the states before the change
    const before = new Map([...changes.keys()].map((id) => [id, this.get(id)]));
    for (const [id, change] of changes) this.ledgers.get(change.ledger)?.apply(id, change.stored);
    this.bring([...changes.keys()].map((id) => ({ id, before: before.get(id), row: this.locate(id) })));
  }

  /** Updates the index for these beads, whose ledgers have changed already. */
  changed(ids: readonly string[]): void {
    this.bring(ids.map((id) => ({ id, row: this.locate(id) })));
  }

  /** Replaces an open ledger by a newer reading of it. @param ids of the beads that differ */
  replace(ledger: Ledger, ids: readonly string[]): void {
    void this.index;
    this.ledgers.set(ledger.name, ledger);
    this.changed(ids);
  }

  /** Finds a bead. If several ledgers contain it, that of its prefix counts. */
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
    if (this.pending.length > 0) void this.index;
    const found: { bead: Bead; edge: Dependency }[] = [];
    for (const issue of this.edges.of(id)) {
      const bead = this.get(issue);
      if (bead) for (const edge of edgesTo(bead, id)) found.push({ bead, edge });
    }
    return found;
  }

  idsUnder(parent: string): string[] {
    // '/' follows '.' in ASCII, so this is the range of ids that start with "parent.".
    return this.index.column('SELECT id FROM beads WHERE id >= ? AND id < ?', [`${parent}.`, `${parent}/`]);
  }

  countOf(prefix: string): number {
    return this.ledgers.get(this.prefixes.ledgerOfPrefix(prefix) ?? '')?.entries.size ?? 0;
  }

  knows(id: string): boolean {
    return this.prefixes.ledgerOf(id) !== undefined;
  }

  /** Resolves references to other projects; set once they are available. */
  externals: { blocks(reference: string): boolean } | undefined;

  waitsForExternal(reference: string): boolean {
    return this.externals?.blocks(reference) ?? true;
  }

  /** References to other projects that beads depend on, each with the ledgers of these beads. */
  references(): { reference: string; ledger: string }[] {
    return referenceRanges.flatMap(([from, to]) =>
      this.index
        .rows(
          'SELECT DISTINCT d.target, b.ledger FROM dependencies d JOIN beads b ON b.id = d.issue WHERE d.target >= ? AND d.target < ?',
          [from, to],
        )
        .map(([reference, ledger]) => ({ reference: String(reference), ledger: String(ledger) })),
    );
  }

  /** Updates the index after the targets of these references have changed. @returns the beads that depend on them */
  externalsChanged(references: readonly string[]): string[] {
    const dependents = [...new Set(references.flatMap((reference) => [...this.edges.of(reference)]))];
    this.index.recomputeStates(dependents);
    return dependents;
  }

  ledgerOf(id: string): string | undefined {
    const owner = this.prefixes.ledgerOf(id);
    if (owner !== undefined && this.ledgers.get(owner)?.entries.has(id)) return owner;
    return this.locate(id)?.ledger ?? owner;
  }

  rulesOf(ledger: string): LedgerRules & { prefix: string } {
    const found = this.ledgers.get(ledger);
    if (!found) throw new Error(`no ledger ${ledger}`);
    const { customStatuses, customTypes, keepsOwner } = found.config;
    return { prefix: found.prefix, customStatuses, customTypes, keepsOwner };
  }

  private belongs(id: string, ledger: string): boolean {
    return this.prefixes.ledgerOf(id) === ledger;
  }

  private rowsOf(ids: Iterable<string>): Map<string, IndexRow> {
    const rows = new Map<string, IndexRow>();
    for (const id of ids) {
      const located = this.locate(id);
      if (located) rows.set(id, located);
    }
    return rows;
  }
}

/** Describes the ledgers of an index by their files; undefined while a ledger has unwritten changes. */
function describe(ledgers: readonly Ledger[]): IndexedLedger[] | undefined {
  const all = ledgers.map(({ name, prefix, soundHash }) => ({ name, prefix, hash: soundHash }));
  return all.every((each): each is IndexedLedger => each.hash !== undefined) ? all : undefined;
}

function keyOf(ledgers: readonly IndexedLedger[]): string {
  return JSON.stringify(ledgers.map(({ name, prefix, hash }) => [name, prefix, hash]));
}

/** Whether an index was built from exactly these ledgers; changes beyond their files can be applied to it. */
function isOf(image: IndexImage, ledgers: readonly Ledger[]): boolean {
  const all = ledgers.map(({ name, prefix, fileHash }) => ({ name, prefix, hash: fileHash }));
  return all.every((each): each is IndexedLedger => each.hash !== undefined) && keyOf(image.ledgers) === keyOf(all);
}
