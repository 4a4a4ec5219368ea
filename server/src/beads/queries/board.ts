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

/** People look for few words at a time; more would only make the query longer. */
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

/** What the lists of beads in windows ask of the index. Call `refresh` first where states must be those of this moment. */
export class BoardQueries {
  /** @param source of the index, which is made when it is first asked */
  constructor(
    private readonly source: () => BeadIndex,
    /** Beads that may have another state, step or place; undefined: any, because a ledger came or went. */
    readonly onDidRecompute: StoreState['onDidRecompute'],
  ) {}

  private get index(): BeadIndex {
    return this.source();
  }

  /** Makes the states right that change by time alone, which `onDidRecompute` tells. */
  refresh(): void {
    this.index.refresh();
  }

  /** Milliseconds since 1970 at which the next state changes by time alone. */
  nextDue(): number | undefined {
    const due = this.index.nextDue();
    return due === undefined ? undefined : Math.ceil(due / 1000);
  }

  /** Where a bead counts, as `bd` has it; undefined for one that no open ledger has. */
  state(id: string): BoardState | undefined {
    return this.index.column('SELECT state FROM beads WHERE id = ?', [id])[0] as BoardState | undefined;
  }

  /** Those of the beads that are work. The `+` makes the ids the narrow condition. */
  rows(ids: Iterable<string>): BoardRow[] {
    return this.index
      .rows(`SELECT ${columns} FROM beads WHERE id IN (SELECT value FROM json_each(?)) AND +work = 1`, [
        JSON.stringify([...ids]),
      ])
      .map(toRow);
  }

  /**
   * The beads of work in which every word of the text is found.
   * @param ids only these; all beads without it, which reads the whole index
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

  /** How many beads are in each state of each ledger, as `bd` has it. They are kept counted. */
  stateCounts(): StateCount[] {
    return this.index
      .countsBy('state')
      .map(({ ledger, name, count }) => ({ ledger, state: name as BoardState, count }));
  }

  /** How many beads are at a place in the tree of epics. They are kept counted. */
  topCount(top: 'epic' | 'loose'): number {
    return this.index.countsBy('top').reduce((sum, { name, count }) => sum + (name === top ? count : 0), 0);
  }

  /**
   * The first beads of a state.
   * @param held beads that are ready for `bd` and wait for something else all the same: they are in the list of `blocked`
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
      // Two short lists in one: a condition with OR would sort all that are blocked.
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

  /** All children of a bead that are work. */
  children(parent: string): BoardRow[] {
    return this.index.rows(`SELECT ${columns} ${children}`, [parent]).map(toRow);
  }

  /** How many children a bead has, and how many of them are closed; undefined for one without any. */
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
