import type { SqlValue } from 'sql.js';
import type { Bead } from '../../protocol/bead';
import type { BoardState } from '../../protocol/board';
import { toMicroseconds } from '../model/time';
import { isFinished, waitsFor } from './blocking';
import type { MemoryDatabase } from './memoryDatabase';
import type { DerivedState } from './derivedState';
import { createIndexes, dropIndexes, tables } from './tables';
import { placeOf, type Place } from './workCounts';

/** The rows of beads, of their dependencies and of their labels (`tables.ts`), for writing. */
export class BeadRows {
  constructor(private readonly database: MemoryDatabase) {}

  createTables(): void {
    this.database.script(tables);
    this.database.script(createIndexes);
  }

  /** For many rows rebuilding the indexes is faster than updating them. */
  withoutIndexes(write: () => void): void {
    this.database.script(dropIndexes);
    write();
    this.database.script(createIndexes);
  }

  get isEmpty(): boolean {
    return this.database.number('SELECT COUNT(*) FROM (SELECT 1 FROM beads LIMIT 1)') === 0;
  }

  insert({ ledger, bead }: { ledger: string; bead: Bead }, derived: DerivedState): void {
    const time = (text: string | undefined): number | null => toMicroseconds(text) ?? null;
    this.database.run(
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
        ...valuesOf(derived),
        Number(derived.isWork),
      ],
    );
    for (const edge of bead.dependencies ?? []) {
      const spawner = edge.type === 'waits-for' ? waitsFor(edge).spawner : null;
      this.database.run('INSERT OR REPLACE INTO dependencies VALUES (?,?,?,?)', [
        bead.id,
        edge.depends_on_id,
        edge.type,
        spawner,
      ]);
    }
    for (const label of bead.labels ?? [])
      this.database.run('INSERT OR IGNORE INTO labels VALUES (?,?)', [bead.id, label]);
  }

  delete(id: string): void {
    this.database.run('DELETE FROM beads WHERE id = ?', [id]);
    this.database.run('DELETE FROM dependencies WHERE issue = ?', [id]);
    this.database.run('DELETE FROM labels WHERE bead = ?', [id]);
  }

  placeOf(id: string): Place | undefined {
    const [row] = this.database.rows('SELECT ledger, state, top, work FROM beads WHERE id = ?', [id]);
    return (
      row && {
        ledger: String(row[0]),
        state: row[1] as BoardState,
        top: row[2] as string | null,
        isWork: row[3] === 1,
      }
    );
  }

  /**
   * Writes the derived state of a bead if it has changed.
   * @returns where the bead was counted before and is counted now; undefined if nothing changed, `gone` if it has no
   * row
   */
  writeDerived(id: string, derived: DerivedState): { before: Place; after: Place } | 'gone' | undefined {
    const sql = 'SELECT blocked, state, due, step, top, ledger, work FROM beads WHERE id = ?';
    const [row] = this.database.rows(sql, [id]);
    if (!row) return 'gone';
    const values = valuesOf(derived);
    if (values.every((value, index) => value === row[index])) return undefined;
    this.database.run('UPDATE beads SET blocked = ?, state = ?, due = ?, step = ?, top = ? WHERE id = ?', [
      ...values,
      id,
    ]);
    const ledger = String(row[5]);
    const before = { ledger, state: row[1] as BoardState, top: row[4] as string | null, isWork: row[6] === 1 };
    return { before, after: placeOf(ledger, derived) };
  }

  parentsOf(id: string): string[] {
    return this.database.column("SELECT target FROM dependencies WHERE issue = ? AND type = 'parent-child'", [id]);
  }

  /** Beads whose `waits-for` names this one as a spawner without depending on it. */
  spawnedBy(id: string): string[] {
    return this.database.column(
      "SELECT issue FROM dependencies WHERE type = 'waits-for' AND spawner <> target AND spawner = ?",
      [id],
    );
  }

  /** What each bead depends on. */
  dependencyTargets(): Map<string, Set<string>> {
    // As one text: the overhead of rows is larger than their content.
    const [text] = this.database.column('SELECT json_group_array(json_array(issue, target)) FROM dependencies');
    const targets = new Map<string, Set<string>>();
    for (const [issue, target] of JSON.parse(text!) as [string, string][]) {
      const known = targets.get(issue);
      if (known) known.add(target);
      else targets.set(issue, new Set([target]));
    }
    return targets;
  }
}

function valuesOf(derived: DerivedState): SqlValue[] {
  return [Number(derived.blocked), derived.state, derived.due ?? null, derived.step, derived.top ?? null];
}
