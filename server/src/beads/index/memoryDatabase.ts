import type { BindParams, Database, SqlJsStatic, SqlValue, Statement } from 'sql.js';

/** The database has one connection and is in memory: it needs no locks, no journal on a file and no temporary files. */
const connectionSettings =
  'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;';

/** An SQLite database in memory. Statements are prepared once. */
export class MemoryDatabase {
  private readonly statements = new Map<string, Statement>();
  private readonly db: Database;

  /** @param file bytes of an SQLite file with the initial content; empty by default */
  constructor(sql: SqlJsStatic, file?: Uint8Array) {
    this.db = new sql.Database(file);
    this.db.run(connectionSettings);
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

  /** First column of the first row; 0 if there is none. */
  number(sql: string, params: BindParams = null): number {
    return Number(this.rows(sql, params)[0]?.[0] ?? 0);
  }

  run(sql: string, params: SqlValue[]): void {
    this.statement(sql).run(params);
  }

  /** Several statements without parameters, such as those that create tables. */
  script(sql: string): void {
    this.db.run(sql);
  }

  /** Keeps all writes of `work`, or none if it throws. */
  transaction<T>(work: () => T): T {
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

  /** The bytes of an SQLite file with this content. */
  export(): Uint8Array {
    this.freeStatements();
    const bytes = this.db.export();
    this.db.run(connectionSettings); // exporting reopens the database
    return bytes;
  }

  close(): void {
    this.freeStatements();
    this.db.close();
  }

  private statement(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (!statement) this.statements.set(sql, (statement = this.db.prepare(sql)));
    return statement;
  }

  private freeStatements(): void {
    for (const statement of this.statements.values()) statement.free();
    this.statements.clear();
  }
}
