import type { BindParams, Database, SqlJsStatic, SqlValue, Statement } from 'sql.js';
import type { Bead } from '../../protocol/bead';
import type { BoardState } from '../../protocol/board';
import { isFinished, parentsOf, waitsFor, type Graph, type KnownWaiting } from './blocking';
import type { IndexImage } from './indexCache';
import type { ReverseEdges } from './reverseEdges';
import { NEVER, standingOf, type Standing } from './standing';
import { connectionSettings, createIndexes, dropIndexes, tables } from './tables';
import { toMicroseconds } from '../model/time';

/** From so many rows on it is quicker to rebuild the indexes than to keep them. */
const BULK_ROWS = 2_000;

export interface IndexChange {
  id: string;
  /** Its state so far, where that is known: a change that leaves others alone is cheap then. */
  before?: Bead | undefined;
  /** Undefined where the bead is gone. */
  row: IndexRow | undefined;
}

export interface IndexRow {
  ledger: string;
  bead: Bead;
  dependencyTargets: readonly string[];
}

/** What an index is made from. */
export interface IndexSources {
  graph: Graph;
  edges: ReverseEdges;
  clock: () => Date;
  /** Told which beads may have another state, step or place; undefined: any, because a ledger came or went. */
  onRestood: (ids: ReadonlySet<string> | undefined) => void;
}

export type ExportedIndex = Pick<IndexImage, 'database' | 'at' | 'counts'>;

/** Where a row counts on the board. */
interface Place {
  ledger: string;
  state: BoardState;
  top: string | null;
  isWork: boolean;
}

/**
 * One sql.js database over all ledgers: a materialised index for queries, never the truth. It is written only
 * after the journal is durable, inside one synchronous SAVEPOINT, so readers never see anything else.
 *
 * How a bead stands among the others (`standing.ts`) is kept in its row, and recomputed for the beads that a change
 * can affect: one change costs what it touches, whatever the ledger holds.
 */
export class BeadIndex {
  private readonly statements = new Map<string, Statement>();
  /** By ledger and state, and by ledger and place in the tree: how many beads of work. */
  private readonly counts = new Map<string, number>();
  private clockAt = 0;

  private readonly graph: Graph;
  private readonly edges: ReverseEdges;
  private readonly clock: () => Date;
  private readonly onRestood: IndexSources['onRestood'];

  private constructor(
    private readonly db: Database,
    sources: IndexSources,
  ) {
    ({ graph: this.graph, edges: this.edges, clock: this.clock, onRestood: this.onRestood } = sources);
  }

  /** An empty one. */
  static create(sql: SqlJsStatic, sources: IndexSources): BeadIndex {
    const db = new sql.Database();
    db.run(connectionSettings);
    db.run(tables);
    db.run(createIndexes);
    return new BeadIndex(db, sources);
  }

  /**
   * One that was exported before. The edges of the sources get the dependencies that it holds.
   * @throws Error where the database is none, or another one
   */
  static open(sql: SqlJsStatic, { database, at, counts }: ExportedIndex, sources: IndexSources): BeadIndex {
    const db = new sql.Database(database);
    db.run(connectionSettings);
    const index = new BeadIndex(db, sources);
    try {
      index.readEdges();
    } catch (error) {
      db.close();
      throw error;
    }
    index.clockAt = at;
    for (const [key, count] of counts) index.counts.set(key, count);
    return index;
  }

  private readEdges(): void {
    // As one text: rows cost more than what is in them.
    const [text] = this.column('SELECT json_group_array(json_array(issue, target)) FROM dependencies');
    const targets = new Map<string, Set<string>>();
    for (const [issue, target] of JSON.parse(text!) as [string, string][]) {
      const known = targets.get(issue);
      if (known) known.add(target);
      else targets.set(issue, new Set([target]));
    }
    for (const [issue, each] of targets) this.edges.set(issue, [...each]);
  }

  /** Applies a durable batch. `graph` must show the new state already; `edges` still the old one, and is brought along. */
  apply(changes: readonly IndexChange[]): void {
    const restood = this.transaction(() => {
      const affected = new Set<string>();
      const parents = new Set<string>();
      const known: KnownWaiting = new Map();
      for (const { id, before, row } of changes) {
        if (row && before && !standsOtherwise(before, row.bead)) {
          this.write(id, row, known);
          continue;
        }
        this.collectAffected(id, affected, parents); // by the old edges
        this.write(id, row, known);
        this.edges.set(id, row?.dependencyTargets ?? []);
        this.collectAffected(id, affected, parents); // by the new edges
      }
      // Once for each parent: a batch may hold all its children.
      for (const parent of parents) {
        for (const dependent of this.edges.of(parent))
          if (this.waitsForChildren(dependent, parent)) affected.add(dependent);
        for (const waiting of this.spawnedBy(parent)) affected.add(waiting);
      }
      return this.restand(affected);
    });
    if (restood.size > 0) this.onRestood(restood);
  }

  /**
   * Adds many rows at once, such as those of a ledger that was opened.
   * @param isAffected true for dependency targets that have just appeared or disappeared: their dependents are evaluated again
   */
  addAll(rows: ReadonlyMap<string, IndexRow>, isAffected: (target: string) => boolean): void {
    this.transaction(() => {
      for (const [id, { dependencyTargets }] of rows) this.edges.set(id, dependencyTargets);
      const isEmpty = this.number('SELECT COUNT(*) FROM (SELECT 1 FROM beads LIMIT 1)') === 0;
      const isBulk = rows.size >= BULK_ROWS;
      if (isBulk) this.db.run(dropIndexes);
      const now = this.now();
      const known: KnownWaiting = new Map();
      if (isEmpty) this.counts.clear();
      for (const [id, row] of rows) {
        if (!isEmpty) this.delete(id);
        const standing = standingOf(this.graph, row.bead, now, known);
        this.insert(row, standing);
        if (isEmpty) this.count(undefined, placeOf(row.ledger, standing));
      }
      if (isBulk) this.db.run(createIndexes);
      if (isEmpty) return;
      this.restandDependents(isAffected);
      this.recount();
    });
    this.onRestood(undefined);
  }

  /** Takes out the rows of a ledger. */
  removeAll(ids: Iterable<string>, isAffected: (target: string) => boolean): void {
    this.transaction(() => {
      const affected = new Set<string>();
      for (const id of ids) {
        for (const dependent of this.edges.of(id)) affected.add(dependent);
        this.delete(id);
        this.edges.set(id, []);
      }
      this.restand(affected);
      this.restandDependents(isAffected);
      this.recount();
    });
    this.onRestood(undefined);
  }

  /** Makes the states right that change by time alone. Call before a question about states. */
  refresh(): void {
    const now = this.now();
    // A clock that was put back makes deferred again what was due.
    const due =
      now < this.clockAt
        ? this.column('SELECT id FROM beads WHERE defer IS NOT NULL')
        : this.column('SELECT id FROM beads WHERE due IS NOT NULL AND due <= ?', [now]);
    this.clockAt = now;
    if (due.length === 0) return;
    const restood = this.transaction(() => {
      const affected = new Set(due);
      for (const id of due) for (const dependent of this.edges.of(id)) affected.add(dependent);
      return this.restand(affected);
    });
    this.onRestood(restood);
  }

  /** Microseconds since 1970 at which the next bead stands otherwise by time alone. */
  nextDue(): number | undefined {
    const [row] = this.rows('SELECT MIN(due) FROM beads WHERE due IS NOT NULL AND due < ?', [NEVER]);
    return row?.[0] === null ? undefined : Number(row?.[0]);
  }

  /** Wisps, which are in no file. */
  ephemeral(): string[] {
    return this.column('SELECT id FROM beads WHERE ephemeral = 1');
  }

  /** How many beads of work a ledger has in a state, or in a place of the tree of epics. */
  countsBy(kind: 'state' | 'top'): { ledger: string; name: string; count: number }[] {
    return [...this.counts].flatMap(([key, count]) => {
      const [by, ledger, name] = key.split('\0') as [string, string, string];
      return by === kind && count > 0 ? [{ ledger, name, count }] : [];
    });
  }

  /** First column of every row. */
  column(sql: string, params: BindParams = null): string[] {
    return this.rows(sql, params).map((row) => String(row[0]));
  }

  rows(sql: string, params: BindParams = null): SqlValue[][] {
    const statement = this.statement(sql);
    const rows: SqlValue[][] = [];
    try {
      statement.bind(params);
      while (statement.step()) rows.push(statement.get());
    } finally {
      statement.reset();
    }
    return rows;
  }

  number(sql: string, params: BindParams = null): number {
    return Number(this.rows(sql, params)[0]?.[0] ?? 0);
  }

  /** This index as `open` takes it. */
  export(): ExportedIndex {
    this.refresh();
    return { database: this.exportDatabase(), at: this.clockAt, counts: [...this.counts] };
  }

  /** The bytes of an SQLite file with this content. */
  exportDatabase(): Uint8Array {
    for (const statement of this.statements.values()) statement.free();
    this.statements.clear();
    const bytes = this.db.export();
    this.db.run(connectionSettings); // exporting reopens the database
    return bytes;
  }

  close(): void {
    for (const statement of this.statements.values()) statement.free();
    this.statements.clear();
    this.db.close();
  }

  private transaction<T>(work: () => T): T {
    this.db.run('SAVEPOINT batch');
    try {
      const result = work();
      this.db.run('RELEASE batch');
      return result;
    } catch (error) {
      this.db.run('ROLLBACK TO batch');
      this.db.run('RELEASE batch');
      throw error;
    }
  }

  private now(): number {
    return this.clock().getTime() * 1000;
  }

  private statement(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (!statement) this.statements.set(sql, (statement = this.db.prepare(sql)));
    return statement;
  }

  private run(sql: string, params: SqlValue[]): void {
    this.statement(sql).run(params);
  }

  private write(id: string, row: IndexChange['row'], known: KnownWaiting): void {
    const before = this.placeOf(id);
    this.delete(id);
    if (row) {
      const standing = standingOf(this.graph, row.bead, this.now(), known);
      this.insert(row, standing);
      this.count(before, placeOf(row.ledger, standing));
    } else this.count(before, undefined);
  }

  private delete(id: string): void {
    this.run('DELETE FROM beads WHERE id = ?', [id]);
    this.run('DELETE FROM dependencies WHERE issue = ?', [id]);
    this.run('DELETE FROM labels WHERE bead = ?', [id]);
  }

  private insert({ ledger, bead }: { ledger: string; bead: Bead }, standing: Standing): void {
    const time = (text: string | undefined): number | null => toMicroseconds(text) ?? null;
    this.run(
      `INSERT OR REPLACE INTO beads (id, ledger, title, status, type, priority, assignee, created, updated, closed, defer, pinned, ephemeral,
       template, finished, blocked, state, due, step, top, work) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
      [
        bead.id,
        ledger,
        bead.title,
        bead.status,
        bead.issue_type,
        bead.priority,
        bead.assignee ?? '',
        time(bead.created_at) ?? 0,
        time(bead.updated_at) ?? 0,
        time(bead.closed_at),
        time(bead.defer_until),
        Number(bead.pinned === true || bead.status === 'pinned'),
        Number(bead.ephemeral === true),
        Number(bead.is_template === true),
        Number(isFinished(bead)),
        ...valuesOf(standing),
        Number(standing.isWork),
      ],
    );
    for (const edge of bead.dependencies ?? []) {
      const spawner = edge.type === 'waits-for' ? waitsFor(edge).spawner : null;
      this.run('INSERT OR REPLACE INTO dependencies VALUES (?,?,?,?)', [
        bead.id,
        edge.depends_on_id,
        edge.type,
        spawner,
      ]);
    }
    for (const label of bead.labels ?? []) this.run('INSERT OR IGNORE INTO labels VALUES (?,?)', [bead.id, label]);
  }

  /**
   * What a change of this bead can let stand otherwise: itself, those that wait for it, its parents and children.
   * @param parents gets its parents: those that wait for all or any of their children can stand otherwise too
   */
  private collectAffected(id: string, affected: Set<string>, parents: Set<string>): void {
    affected.add(id);
    for (const dependent of this.edges.of(id)) affected.add(dependent);
    for (const [parent] of this.rows("SELECT target FROM dependencies WHERE issue = ? AND type = 'parent-child'", [
      id,
    ])) {
      affected.add(String(parent));
      parents.add(String(parent));
    }
    for (const waiting of this.spawnedBy(id)) affected.add(waiting);
  }

  private waitsForChildren(id: string, parent: string): boolean {
    return (this.graph.get(id)?.dependencies ?? []).some(
      (edge) => edge.type === 'waits-for' && (edge.depends_on_id === parent || waitsFor(edge).spawner === parent),
    );
  }

  /** Beads whose `waits-for` names this one as a spawner that is not its target. */
  private spawnedBy(id: string): string[] {
    return this.column(
      "SELECT issue FROM dependencies WHERE type = 'waits-for' AND spawner <> target AND spawner = ?",
      [id],
    );
  }

  private restandDependents(isAffected: (target: string) => boolean): void {
    const affected = new Set<string>();
    for (const target of this.edges.allTargets())
      if (isAffected(target)) for (const dependent of this.edges.of(target)) affected.add(dependent);
    this.restand(affected);
  }

  /**
   * Recomputes how these beads stand; where that is otherwise than before, their children are looked at too.
   * @returns all that were looked at
   */
  private restand(affected: ReadonlySet<string>): ReadonlySet<string> {
    const now = this.now();
    const known: KnownWaiting = new Map();
    const queue = [...affected];
    const seen = new Set(queue);
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      const bead = this.graph.get(id);
      const before = this.rows('SELECT blocked, state, due, step, top, ledger, work FROM beads WHERE id = ?', [id])[0];
      if (!bead || !before) continue;
      const standing = standingOf(this.graph, bead, now, known);
      const values = valuesOf(standing);
      const isSame = values.every((value, index) => value === before[index]);
      if (!isSame) {
        this.run('UPDATE beads SET blocked = ?, state = ?, due = ?, step = ?, top = ? WHERE id = ?', [...values, id]);
        const ledger = String(before[5]);
        this.count(
          { ledger, state: before[1] as BoardState, top: before[4] as string | null, isWork: before[6] === 1 },
          placeOf(ledger, standing),
        );
      }
      if (isSame && !affected.has(id)) continue;
      for (const child of this.edges.of(id)) {
        const bead = seen.has(child) ? undefined : this.graph.get(child);
        if (!bead || !parentsOf(bead).includes(id)) continue;
        seen.add(child);
        queue.push(child);
      }
    }
    return seen;
  }

  private placeOf(id: string): Place | undefined {
    const [row] = this.rows('SELECT ledger, state, top, work FROM beads WHERE id = ?', [id]);
    return (
      row && {
        ledger: String(row[0]),
        state: row[1] as BoardState,
        top: row[2] as string | null,
        isWork: row[3] === 1,
      }
    );
  }

  private count(before: Place | undefined, after: Place | undefined): void {
    for (const [place, by] of [
      [before, -1],
      [after, 1],
    ] as const) {
      if (!place?.isWork) continue;
      this.bump(`state\0${place.ledger}\0${place.state}`, by);
      if (place.top !== null) this.bump(`top\0${place.ledger}\0${place.top}`, by);
    }
  }

  private bump(key: string, by: number): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + by);
  }

  private recount(): void {
    this.counts.clear();
    const rows = this.rows('SELECT ledger, state, top, COUNT(*) FROM beads WHERE work = 1 GROUP BY 1, 2, 3');
    for (const [ledger, state, top, count] of rows) {
      this.bump(`state\0${String(ledger)}\0${String(state)}`, Number(count));
      if (top !== null) this.bump(`top\0${String(ledger)}\0${String(top)}`, Number(count));
    }
  }
}

function valuesOf(standing: Standing): SqlValue[] {
  return [Number(standing.blocked), standing.state, standing.due ?? null, standing.step, standing.top ?? null];
}

function placeOf(ledger: string, standing: Standing): Place {
  return { ledger, state: standing.state, top: standing.top ?? null, isWork: standing.isWork };
}

/** Whether a change of a bead can let any bead, itself included, stand otherwise among the others. */
function standsOtherwise(before: Bead, after: Bead): boolean {
  return (
    standingFields.some((field) => before[field] !== after[field]) ||
    JSON.stringify(before.dependencies) !== JSON.stringify(after.dependencies)
  );
}

const standingFields = [
  'status',
  'issue_type',
  'defer_until',
  'pinned',
  'ephemeral',
  'is_template',
  'close_reason',
] as const satisfies readonly (keyof Bead)[];
