import type { BindParams, SqlJsStatic, SqlValue } from 'sql.js';
import type { Bead } from '../../protocol/bead';
import { BeadRows } from './beadRows';
import { parentsOf, waitsFor, type Graph, type KnownWaiting } from './blocking';
import type { IndexImage } from './indexCache';
import { MemoryDatabase } from './memoryDatabase';
import type { ReverseEdges } from './reverseEdges';
import { NEVER, derivedStateOf } from './derivedState';
import { placeOf, WorkCounts } from './workCounts';

/** From this number of rows on rebuilding the indexes is faster than updating them. */
const BULK_ROWS = 2_000;

export interface IndexChange {
  id: string;
  /** The previous state, if known, which makes changes without effect on other beads cheap. */
  before?: Bead | undefined;
  /** Undefined if the bead is gone. */
  row: IndexRow | undefined;
}

export interface IndexRow {
  ledger: string;
  bead: Bead;
  dependencyTargets: readonly string[];
}

/** Sources of an index. */
export interface IndexSources {
  graph: Graph;
  edges: ReverseEdges;
  clock: () => Date;
  /**
   * Called with the beads whose state, step or place may have changed; undefined if all may have, because a ledger was
   * opened or closed.
   */
  onRecomputed: (ids: ReadonlySet<string> | undefined) => void;
}

export type ExportedIndex = Pick<IndexImage, 'database' | 'at' | 'counts'>;

/**
 * One sql.js database over all ledgers: a materialised index for queries, never the source of truth. It is written only
 * after the journal is durable, inside one synchronous SAVEPOINT, so readers only see durable states.
 *
 * The derived state of a bead (`derivedState.ts`) is stored in its row, and recomputed only for the beads that a change
 * can affect: the cost of a change does not depend on the size of the ledger.
 */
export class BeadIndex {
  private readonly beadRows: BeadRows;
  private readonly counts = new WorkCounts();
  private clockAt = 0;

  private readonly graph: Graph;
  private readonly edges: ReverseEdges;
  private readonly clock: () => Date;
  private readonly onRecomputed: IndexSources['onRecomputed'];

  private constructor(
    private readonly database: MemoryDatabase,
    sources: IndexSources,
  ) {
    this.beadRows = new BeadRows(database);
    ({ graph: this.graph, edges: this.edges, clock: this.clock, onRecomputed: this.onRecomputed } = sources);
  }

  /** Creates an empty index. */
  static create(sql: SqlJsStatic, sources: IndexSources): BeadIndex {
    const index = new BeadIndex(new MemoryDatabase(sql), sources);
    index.beadRows.createTables();
    return index;
  }

  /**
   * Opens an exported index, and adds its dependencies to the edges of the sources.
   * @throws Error if the database is not an index, or one of other sources
   */
  static open(sql: SqlJsStatic, { database, at, counts }: ExportedIndex, sources: IndexSources): BeadIndex {
    const index = new BeadIndex(new MemoryDatabase(sql, database), sources);
    try {
      for (const [issue, targets] of index.beadRows.dependencyTargets()) index.edges.set(issue, [...targets]);
    } catch (error) {
      index.close();
      throw error;
    }
    index.clockAt = at;
    index.counts.restore(counts);
    return index;
  }

  /** Applies a durable batch. `graph` must show the new state already; `edges` still the old one, and is updated. */
  apply(changes: readonly IndexChange[]): void {
    const recomputed = this.database.transaction(() => {
      const affected = new Set<string>();
      const parents = new Set<string>();
      const known: KnownWaiting = new Map();
      for (const { id, before, row } of changes) {
        if (row && before && !canChangeStates(before, row.bead)) {
          this.write(id, row, known);
          continue;
        }
        this.collectAffected(id, affected, parents); // by the old edges
        this.write(id, row, known);
        this.edges.set(id, row?.dependencyTargets ?? []);
        this.collectAffected(id, affected, parents); // by the new edges
      }
      // Once for each parent: a batch may contain all its children.
      for (const parent of parents) {
        for (const dependent of this.edges.of(parent))
          if (this.waitsForChildren(dependent, parent)) affected.add(dependent);
        for (const waiting of this.beadRows.spawnedBy(parent)) affected.add(waiting);
      }
      return this.recompute(affected);
    });
    if (recomputed.size > 0) this.onRecomputed(recomputed);
  }

  /**
   * Adds many rows at once, such as those of a ledger that was just opened.
   * @param isAffected true for dependency targets that have just appeared or disappeared: their dependents are
   * evaluated again
   */
  addAll(rows: ReadonlyMap<string, IndexRow>, isAffected: (target: string) => boolean): void {
    this.database.transaction(() => {
      for (const [id, { dependencyTargets }] of rows) this.edges.set(id, dependencyTargets);
      const { isEmpty } = this.beadRows;
      const add = (): void => this.insertAll(rows, isEmpty);
      if (rows.size >= BULK_ROWS) this.beadRows.withoutIndexes(add);
      else add();
      if (isEmpty) return;
      this.recomputeDependents(isAffected);
      this.counts.recount(this.database);
    });
    this.onRecomputed(undefined);
  }

  /** Inserts rows. @param isFirst the index is empty: rows are counted while they are inserted */
  private insertAll(rows: ReadonlyMap<string, IndexRow>, isFirst: boolean): void {
    const now = this.now();
    const known: KnownWaiting = new Map();
    if (isFirst) this.counts.clear();
    for (const [id, row] of rows) {
      if (!isFirst) this.beadRows.delete(id);
      const derived = derivedStateOf(this.graph, row.bead, now, known);
      this.beadRows.insert(row, derived);
      if (isFirst) this.counts.move(undefined, placeOf(row.ledger, derived));
    }
  }

  /** Removes the rows of a ledger. */
  removeAll(ids: Iterable<string>, isAffected: (target: string) => boolean): void {
    this.database.transaction(() => {
      const affected = new Set<string>();
      for (const id of ids) {
        for (const dependent of this.edges.of(id)) affected.add(dependent);
        this.beadRows.delete(id);
        this.edges.set(id, []);
      }
      this.recompute(affected);
      this.recomputeDependents(isAffected);
      this.counts.recount(this.database);
    });
    this.onRecomputed(undefined);
  }

  /** Updates the states that change only with time. Call before a query about states. */
  refresh(): void {
    const now = this.now();
    // After the clock was set back, beads that were due are deferred again.
    const due =
      now < this.clockAt
        ? this.column('SELECT id FROM beads WHERE defer IS NOT NULL')
        : this.column('SELECT id FROM beads WHERE due IS NOT NULL AND due <= ?', [now]);
    this.clockAt = now;
    if (due.length === 0) return;
    const recomputed = this.database.transaction(() => {
      const affected = new Set(due);
      for (const id of due) for (const dependent of this.edges.of(id)) affected.add(dependent);
      return this.recompute(affected);
    });
    this.onRecomputed(recomputed);
  }

  /** Recomputes the derived state of beads, because of something outside the beads. */
  recomputeStates(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const recomputed = this.database.transaction(() => this.recompute(new Set(ids)));
    this.onRecomputed(recomputed);
  }

  /** Microseconds since 1970 at which the next bead changes its state only with time. */
  nextDue(): number | undefined {
    const [row] = this.rows('SELECT MIN(due) FROM beads WHERE due IS NOT NULL AND due < ?', [NEVER]);
    return row?.[0] === null ? undefined : Number(row?.[0]);
  }

  /** Wisps, which are not in any file. */
  ephemeral(): string[] {
    return this.column('SELECT id FROM beads WHERE ephemeral = 1');
  }

  /** Number of workable beads of each ledger by state, or by place in the tree of epics. */
  countsBy(kind: 'state' | 'top'): { ledger: string; name: string; count: number }[] {
    return this.counts.by(kind);
  }

  /** First column of every row. */
  column(sql: string, params: BindParams = null): string[] {
    return this.database.column(sql, params);
  }

  rows(sql: string, params: BindParams = null): SqlValue[][] {
    return this.database.rows(sql, params);
  }

  number(sql: string, params: BindParams = null): number {
    return this.database.number(sql, params);
  }

  /** Exports this index for `open`. */
  export(): ExportedIndex {
    this.refresh();
    return { database: this.exportDatabase(), at: this.clockAt, counts: this.counts.export() };
  }

  /** The bytes of an SQLite file with this content. */
  exportDatabase(): Uint8Array {
    return this.database.export();
  }

  close(): void {
    this.database.close();
  }

  private now(): number {
    return this.clock().getTime() * 1000;
  }

  private write(id: string, row: IndexChange['row'], known: KnownWaiting): void {
    const before = this.beadRows.placeOf(id);
    this.beadRows.delete(id);
    const derived = row && derivedStateOf(this.graph, row.bead, this.now(), known);
    if (row && derived) this.beadRows.insert(row, derived);
    this.counts.move(before, row && derived && placeOf(row.ledger, derived));
  }

  /**
   * The beads whose derived state a change of this bead can change: the bead itself, those that wait for it, its
   * parents and children.
   * @param parents receives its parents: beads that wait for all or any of a parent's children can change too
   */
  private collectAffected(id: string, affected: Set<string>, parents: Set<string>): void {
    affected.add(id);
    for (const dependent of this.edges.of(id)) affected.add(dependent);
    for (const parent of this.beadRows.parentsOf(id)) {
      affected.add(parent);
      parents.add(parent);
    }
    for (const waiting of this.beadRows.spawnedBy(id)) affected.add(waiting);
  }

  private waitsForChildren(id: string, parent: string): boolean {
    return (this.graph.get(id)?.dependencies ?? []).some(
      (edge) => edge.type === 'waits-for' && (edge.depends_on_id === parent || waitsFor(edge).spawner === parent),
    );
  }

  private recomputeDependents(isAffected: (target: string) => boolean): void {
    const affected = new Set<string>();
    for (const target of this.edges.allTargets())
      if (isAffected(target)) for (const dependent of this.edges.of(target)) affected.add(dependent);
    this.recompute(affected);
  }

  /**
   * Recomputes the derived state of these beads, and of the children of those that have changed.
   * @returns all that were checked
   */
  private recompute(affected: ReadonlySet<string>): ReadonlySet<string> {
    const now = this.now();
    const known: KnownWaiting = new Map();
    const queue = [...affected];
    const seen = new Set(queue);
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      const bead = this.graph.get(id);
      if (!bead) continue;
      const moved = this.beadRows.writeDerived(id, derivedStateOf(this.graph, bead, now, known));
      if (moved === 'gone' || (!moved && !affected.has(id))) continue;
      if (moved) this.counts.move(moved.before, moved.after);
      for (const child of this.edges.of(id)) {
        const bead = seen.has(child) ? undefined : this.graph.get(child);
        if (!bead || !parentsOf(bead).includes(id)) continue;
        seen.add(child);
        queue.push(child);
      }
    }
    return seen;
  }
}

/** Whether a change of a bead can change the derived state of any bead, itself included. */
function canChangeStates(before: Bead, after: Bead): boolean {
  return (
    decidingFields.some((field) => before[field] !== after[field]) ||
    JSON.stringify(before.dependencies) !== JSON.stringify(after.dependencies)
  );
}

const decidingFields = [
  'status',
  'issue_type',
  'defer_until',
  'pinned',
  'ephemeral',
  'is_template',
  'close_reason',
] as const satisfies readonly (keyof Bead)[];
