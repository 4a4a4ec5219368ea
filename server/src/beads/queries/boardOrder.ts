import type { BoardState } from '../../protocol/board';

/** A workable bead in lists: the lists that contain it, and its sort keys. */
export interface BoardRow {
  id: string;
  ledger: string;
  /** State as in `bd`. */
  state: BoardState;
  /** Place in the tree of epics: the root of a tree, a single bead, or neither. */
  top: 'epic' | 'loose' | undefined;
  isClosed: boolean;
  priority: number;
  /** Microseconds since 1970; undefined if the bead has no such time. */
  created: number;
  updated: number;
  closed: number | undefined;
  defer: number | undefined;
}

type Column = 'isClosed' | 'priority' | 'created' | 'updated' | 'closed' | 'defer';
/** Columns by which a list is sorted, then by id; `-`: highest first. A bead without a time comes last. */
export type BoardOrder = readonly (Column | `-${Column}`)[];

/** The order of each list: in SQL for rows of the index, in memory for results of a filter. */
export const boardOrders: Readonly<Record<BoardState | 'tree', BoardOrder>> = {
  ready: ['priority', 'created'],
  blocked: ['priority', 'created'],
  in_progress: ['priority', '-updated'],
  in_review: ['priority', '-updated'],
  failed: ['-updated'],
  deferred: ['defer', 'priority', 'created'],
  closed: ['-closed'],
  tree: ['isClosed', 'priority', 'created'],
};

const expressions: Readonly<Record<Column, string>> = {
  isClosed: "status = 'closed'",
  priority: 'priority',
  created: 'created',
  updated: 'updated',
  closed: 'closed',
  defer: 'COALESCE(defer, 9e18)',
};

function columnOf(key: BoardOrder[number]): { column: Column; descending: boolean } {
  return key.startsWith('-')
    ? { column: key.slice(1) as Column, descending: true }
    : { column: key as Column, descending: false };
}

export function orderSql(order: BoardOrder): string {
  const keys = order.map(columnOf);
  return [...keys.map(({ column, descending }) => `${expressions[column]}${descending ? ' DESC' : ''}`), 'id'].join(
    ', ',
  );
}

/** The first rows in an order, without sorting the rest. */
export function firstRows(rows: Iterable<BoardRow>, order: BoardOrder, limit: number): BoardRow[] {
  const compare = comparison(order);
  const first: BoardRow[] = [];
  for (const row of rows) {
    const last = first[limit - 1];
    if (last && compare(row, last) >= 0) continue;
    let low = 0;
    for (let high = first.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (compare(row, first[middle]!) < 0) high = middle;
      else low = middle + 1;
    }
    first.splice(low, 0, row);
    if (first.length > limit) first.pop();
  }
  return first;
}

function comparison(order: BoardOrder): (a: BoardRow, b: BoardRow) => number {
  const keys = order.map(columnOf);
  return (a, b) => {
    for (const { column, descending } of keys) {
      const without = descending ? -Infinity : Infinity;
      const [left, right] = [Number(a[column] ?? without), Number(b[column] ?? without)];
      if (left !== right) return left < right === descending ? 1 : -1;
    }
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  };
}
