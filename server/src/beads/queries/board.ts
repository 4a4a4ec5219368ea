import type { StoreState } from '../index/storeState';
import type { SqlValue } from 'sql.js';
import type { BoardState } from '../../protocol/board';
import type { BeadIndex } from '../index/beadIndex';
import { boardOrders, orderSql, type BoardRow } from './boardOrder';
import { Conditions } from './queries';

/** One page of a list. */
export interface BoardPage {
  ids: string[];
  total: number;
}

export interface StateCount {
  ledger: string;
  state: BoardState;
  count: number;
}

/** Maximum number of words of a search: users search for few, and each makes the query longer. */
const MAX_WORDS = 8;

const columns = "id, ledger, state, top, status = 'closed', priority, created, updated, closed, defer";

function toRow(values: SqlValue[]): BoardRow {
  const [id, ledger, state, top, isClosed, priority, created, updated, closed, defer] = values;
  return {
    id: String(id),
    ledger: String(ledger),
    state: String(state) as BoardState,
    top: top === null ? undefined : (String(top) as 'epic' | 'loose'),
    isClosed: isClosed === 1,
    priority: Number(priority),
    created: Number(created),
    updated: Number(updated),
    closed: closed === null ? undefined : Number(closed),
    defer: defer === null ? undefined : Number(defer),
  };
}

const children =
  "FROM beads WHERE id IN (SELECT issue FROM dependencies WHERE target = ? AND type = 'parent-child') AND +work = 1";

/** Queries for the lists of beads in windows. Call `refresh` first if the states must be up to date. */
export class BoardQueries {
  /** @param source of the index, which is built on first use */
  constructor(
    private readonly source: () => BeadIndex,
    /**
     * Fires with the beads whose state, step or place may have changed; undefined if all may have, because a ledger was
     * opened or closed.
     */
    readonly onDidRecompute: StoreState['onDidRecompute'],
  ) {}

  private get index(): BeadIndex {
    return this.source();
  }

  /** Updates the states that change only with time, and fires `onDidRecompute`. */
  refresh(): void {
    this.index.refresh();
  }

  /** Milliseconds since 1970 at which the next state changes only with time. */
  nextDue(): number | undefined {
    const due = this.index.nextDue();
    return due === undefined ? undefined : Math.ceil(due / 1000);
  }

  /** The state of a bead as in `bd`; undefined for a bead of no open ledger. */
  state(id: string): BoardState | undefined {
    return this.index.column('SELECT state FROM beads WHERE id = ?', [id])[0] as BoardState | undefined;
  }

  /** Rows of the workable ones of these beads. The `+` makes SQLite start from the ids. */
  rows(ids: Iterable<string>): BoardRow[] {
    return this.index
      .rows(`SELECT ${columns} FROM beads WHERE id IN (SELECT value FROM json_each(?)) AND +work = 1`, [
        JSON.stringify([...ids]),
      ])
      .map(toRow);
  }

  /**
   * The workable beads that contain every word of the text.
   * @param ids search only these; all beads by default, which reads the whole index
   */
  found(text: string, ids?: Iterable<string>): BoardRow[] {
    const conditions = new Conditions();
    if (ids) conditions.oneOf('id', [...ids]);
    conditions.add('+work = 1');
    for (const word of text.split(/\s+/).filter(Boolean).slice(0, MAX_WORDS)) {
      conditions.add(
        `(instr(lower(title), lower(?)) > 0 OR instr(lower(id), lower(?)) > 0 OR instr(lower(assignee), lower(?)) > 0 OR type = lower(?)
        OR EXISTS (SELECT 1 FROM labels WHERE bead = beads.id AND lower(label) = lower(?)))`,
        ...Array.from({ length: 5 }, () => word),
      );
    }
    return this.index
      .rows(`SELECT ${columns} FROM beads WHERE ${conditions.texts.join(' AND ')}`, conditions.params)
      .map(toRow);
  }

  /** Number of beads in each state of each ledger, as in `bd`. From cached counts. */
  stateCounts(): StateCount[] {
    return this.index
      .countsBy('state')
      .map(({ ledger, name, count }) => ({ ledger, state: name as BoardState, count }));
  }

  /** Number of beads at a place in the tree of epics. From cached counts. */
  topCount(top: 'epic' | 'loose'): number {
    return this.index.countsBy('top').reduce((sum, { name, count }) => sum + (name === top ? count : 0), 0);
  }

  /**
   * The first beads of a state.
   * @param held beads that are ready for `bd` but still wait for the engine: they are listed as `blocked`
   */
  inState(
    { state, ledger }: { state: BoardState; ledger?: string | undefined },
    held: readonly string[],
    limit: number,
  ): string[] {
    const order = orderSql(boardOrders[state]);
    const scope = ledger === undefined ? '' : 'AND ledger = ?';
    const scopeParams = ledger === undefined ? [] : [ledger];
    const ids = JSON.stringify(held);
    const plain = `SELECT * FROM beads WHERE work = 1 AND state = ? ${scope}`;
    if (held.length > 0 && state === 'ready')
      return this.index.column(
        `SELECT id FROM (${plain}) WHERE id NOT IN (SELECT value FROM json_each(?)) ORDER BY ${order} LIMIT ?`,
        [state, ...scopeParams, ids, limit],
      );
    if (held.length > 0 && state === 'blocked')
      // A union of two short lists: a condition with OR would sort all blocked beads.
      return this.index.column(
        `SELECT id FROM (
          SELECT * FROM (${plain} ORDER BY ${order} LIMIT ?)
          UNION ALL
          SELECT * FROM beads WHERE id IN (SELECT value FROM json_each(?)) AND +work = 1 AND +state = 'ready' ${scope}
        ) ORDER BY ${order} LIMIT ?`,
        [state, ...scopeParams, limit, ids, ...scopeParams, limit],
      );
    return this.index.column(`SELECT id FROM (${plain}) ORDER BY ${order} LIMIT ?`, [state, ...scopeParams, limit]);
  }

  /** The first beads at a place in the tree of epics. */
  atTop(top: 'epic' | 'loose', limit: number): string[] {
    return this.index.column(
      `SELECT id FROM beads WHERE work = 1 AND top = ? ORDER BY ${orderSql(boardOrders.tree)} LIMIT ?`,
      [top, limit],
    );
  }

  /** The first children of a bead. */
  childPage(parent: string, limit: number): BoardPage {
    const ids = this.index.column(`SELECT id ${children} ORDER BY ${orderSql(boardOrders.tree)} LIMIT ?`, [
      parent,
      limit,
    ]);
    const isAll = ids.length < limit;
    return { ids, total: isAll ? ids.length : this.index.number(`SELECT COUNT(*) ${children}`, [parent]) };
  }

  /** All children of a bead that are workable. */
  children(parent: string): BoardRow[] {
    return this.index.rows(`SELECT ${columns} ${children}`, [parent]).map(toRow);
  }

  /** Number of children of a bead, and of closed ones; undefined without children. */
  progress(id: string): { done: number; total: number } | undefined {
    const [row] = this.index.rows(
      `SELECT COUNT(*), COALESCE(SUM(child.status = 'closed'), 0) FROM dependencies edge JOIN beads child ON child.id = edge.issue
      WHERE edge.target = ? AND edge.type = 'parent-child' AND child.status <> 'tombstone'`,
      [id],
    );
    const total = Number(row?.[0] ?? 0);
    return total === 0 ? undefined : { done: Number(row?.[1] ?? 0), total };
  }
}
