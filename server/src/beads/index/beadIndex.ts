import type { BindParams, Database, SqlJsStatic, SqlValue, Statement } from 'sql.js';
import type { Bead } from '../../protocol/bead';
import { openBlockers, waitsFor, type Graph } from './blocking';
import { toMicroseconds } from '../model/time';

const schema = `
CREATE TABLE beads (
  id TEXT PRIMARY KEY, ledger TEXT NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL, type TEXT NOT NULL, priority INTEGER NOT NULL,
  assignee TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, closed REAL, defer REAL,
  pinned INTEGER NOT NULL, ephemeral INTEGER NOT NULL, template INTEGER NOT NULL,
  waiting INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX beads_status ON beads (status, priority, created);
CREATE INDEX beads_assignee ON beads (assignee);
CREATE INDEX beads_defer ON beads (defer) WHERE defer IS NOT NULL;
CREATE INDEX beads_waiting ON beads (waiting) WHERE waiting = 1;
CREATE TABLE dependencies (
  issue TEXT NOT NULL, target TEXT NOT NULL, type TEXT NOT NULL, spawner TEXT, PRIMARY KEY (issue, target, type)
) WITHOUT ROWID;
CREATE INDEX dependencies_target ON dependencies (target, type);
CREATE INDEX dependencies_spawner ON dependencies (spawner) WHERE spawner IS NOT NULL;
CREATE TABLE labels (bead TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (bead, label)) WITHOUT ROWID;
CREATE INDEX labels_label ON labels (label);
CREATE TABLE blocked (id TEXT PRIMARY KEY) WITHOUT ROWID;
`;

/** A blocked parent blocks its children, however deep; UNION, so that a circle ends. */
const fillBlocked = `
INSERT INTO blocked
WITH RECURSIVE spread(id) AS (
  SELECT id FROM beads WHERE waiting = 1
  UNION
  SELECT child.id FROM spread
    JOIN dependencies edge ON edge.target = spread.id AND edge.type = 'parent-child'
    JOIN beads child ON child.id = edge.issue AND child.status NOT IN ('closed', 'tombstone')
) SELECT id FROM spread`;

export interface IndexChange {
  id: string;
  /** Undefined where the bead is gone. */
  row: { ledger: string; bead: Bead } | undefined;
}

/**
 * One sql.js database over all ledgers: a materialised index for queries, never the truth. It is written only
 * after the journal is durable, inside one synchronous SAVEPOINT, so readers never see anything else.
 *
 * `waiting` marks beads with an open blocker of their own and is kept for the beads that a change can
 * affect; what children inherit is spread over `blocked` when somebody asks and something changed.
 */
export class BeadIndex {
  private readonly statements = new Map<string, Statement>();
  private blockedIsStale = true;

  private constructor(
    private readonly db: Database,
    private readonly graph: Graph,
  ) {}

  static create(sql: SqlJsStatic, graph: Graph): BeadIndex {
    const db = new sql.Database();
    db.run(schema);
    return new BeadIndex(db, graph);
  }

  /** Applies a durable batch. `graph` must show the new state already. */
  apply(changes: readonly IndexChange[]): void {
    this.db.run('SAVEPOINT batch');
    try {
      const affected = new Set<string>();
      for (const { id } of changes) this.collectAffected(id, affected); // by the old edges
      for (const change of changes) this.write(change);
      for (const { id } of changes) this.collectAffected(id, affected); // by the new edges
      for (const id of affected) this.updateWaiting(id);
      this.db.run('RELEASE batch');
    } catch (error) {
      this.db.run('ROLLBACK TO batch');
      this.db.run('RELEASE batch');
      throw error;
    }
    this.blockedIsStale = true;
  }

  /** Fills an empty index, or one whose ledgers changed, from scratch. */
  rebuild(rows: Iterable<{ ledger: string; bead: Bead }>): void {
    this.db.run('SAVEPOINT batch');
    this.db.run('DELETE FROM beads; DELETE FROM dependencies; DELETE FROM labels; DELETE FROM blocked');
    const ids: string[] = [];
    for (const row of rows) {
      this.insert(row);
      ids.push(row.bead.id);
    }
    for (const id of ids) this.updateWaiting(id);
    this.db.run('RELEASE batch');
    this.blockedIsStale = true;
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

  /** Must be called before a query uses the table `blocked`. */
  refreshBlocked(): void {
    if (!this.blockedIsStale) return;
    this.db.run('DELETE FROM blocked');
    this.db.run(fillBlocked);
    this.blockedIsStale = false;
  }

  /** The bytes of an SQLite file with this content. */
  export(): Uint8Array {
    this.refreshBlocked();
    return this.db.export();
  }

  close(): void {
    for (const statement of this.statements.values()) statement.free();
    this.statements.clear();
    this.db.close();
  }

  private statement(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (!statement) this.statements.set(sql, (statement = this.db.prepare(sql)));
    return statement;
  }

  private run(sql: string, params: SqlValue[]): void {
    this.statement(sql).run(params);
  }

  private write({ id, row }: IndexChange): void {
    this.run('DELETE FROM beads WHERE id = ?', [id]);
    this.run('DELETE FROM dependencies WHERE issue = ?', [id]);
    this.run('DELETE FROM labels WHERE bead = ?', [id]);
    if (row) this.insert(row);
  }

  private insert({ ledger, bead }: { ledger: string; bead: Bead }): void {
    const time = (text: string | undefined): number | null => toMicroseconds(text) ?? null;
    this.run(
      `INSERT OR REPLACE INTO beads (id, ledger, title, status, type, priority, assignee, created, updated, closed, defer, pinned, ephemeral, template)
       VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
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

  /** The bead itself, those that wait for it, and those that wait for all or any children of its parents. */
  private collectAffected(id: string, affected: Set<string>): void {
    affected.add(id);
    const waiting = this.column(
      `SELECT issue FROM dependencies WHERE target = ?1 AND type IN ('blocks', 'conditional-blocks', 'waits-for')
      UNION SELECT issue FROM dependencies WHERE spawner = ?1
      UNION SELECT wait.issue FROM dependencies child JOIN dependencies wait ON wait.spawner = child.target
        WHERE child.issue = ?1 AND child.type = 'parent-child'`,
      [id],
    );
    for (const issue of waiting) affected.add(issue);
  }

  private updateWaiting(id: string): void {
    const bead = this.graph.get(id);
    const waiting = bead !== undefined && openBlockers(this.graph, bead).length > 0;
    this.run('UPDATE beads SET waiting = ?2 WHERE id = ?1 AND waiting <> ?2', [id, Number(waiting)]);
  }
}
