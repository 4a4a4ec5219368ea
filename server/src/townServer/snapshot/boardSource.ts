import type { BoardRow } from '../../beads/queries/boardOrder';
import type { BeadStore } from '../../beads/store';
import type { BoardState } from '../../protocol/board';

/** The beads at one moment, for lists. */
export interface BoardMoment {
  /** Beads that may have changed since the last moment; undefined: all. */
  changed: ReadonlySet<string> | undefined;
  /** Rows of the changed beads that are workable. */
  rows: readonly BoardRow[];
  /** Beads that only the engine holds back: ready ones in `bd` are blocked in these lists. */
  held: ReadonlySet<string>;
  /** Rows of the held beads that are ready in `bd`. */
  heldRows: readonly BoardRow[];
}

/** Counts by ledger and state. */
export type StateCounts = readonly { ledger: string; state: BoardState; count: number }[];

/** Source of the beads of lists: all beads, or those that contain a text. */
export interface BoardSource {
  /** Updates the source. @returns whether lists may have changed in addition to the changes of the moment */
  update(moment: BoardMoment): boolean;
  counts(moment: BoardMoment): StateCounts;
  topCount(top: 'epic' | 'loose'): number;
  /** The first ids of a list, in its order. */
  inState(filter: { state: BoardState; ledger?: string | undefined }, moment: BoardMoment, limit: number): string[];
  top(top: 'epic' | 'loose', limit: number): string[];
  children(parent: string, limit: number): { ids: string[]; total: number };
}

export function shownState({ id, state }: BoardRow, held: ReadonlySet<string>): BoardState {
  return state === 'ready' && held.has(id) ? 'blocked' : state;
}

export function countRows(rows: Iterable<BoardRow>, held: ReadonlySet<string>): StateCounts {
  const counts = new Map<string, { ledger: string; state: BoardState; count: number }>();
  for (const row of rows) {
    const state = shownState(row, held);
    const key = `${row.ledger}/${state}`;
    const known = counts.get(key);
    if (known) known.count += 1;
    else counts.set(key, { ledger: row.ledger, state, count: 1 });
  }
  return [...counts.values()];
}

/** All beads: pages and counts come from the index. */
export class AllBeads implements BoardSource {
  constructor(private readonly store: BeadStore) {}

  update(): boolean {
    return false;
  }

  counts({ heldRows, held }: BoardMoment): StateCounts {
    const moved = countRows(heldRows, held).map((count) => ({
      ...count,
      state: 'ready' as const,
      count: -count.count,
    }));
    const sums = new Map<string, { ledger: string; state: BoardState; count: number }>();
    for (const { ledger, state, count } of [
      ...this.store.board.stateCounts(),
      ...countRows(heldRows, held),
      ...moved,
    ]) {
      const key = `${ledger}/${state}`;
      sums.set(key, { ledger, state, count: (sums.get(key)?.count ?? 0) + count });
    }
    return [...sums.values()].filter(({ count }) => count > 0);
  }

  topCount(top: 'epic' | 'loose'): number {
    return this.store.board.topCount(top);
  }

  inState(
    filter: { state: BoardState; ledger?: string | undefined },
    { heldRows }: BoardMoment,
    limit: number,
  ): string[] {
    return this.store.board.inState(
      filter,
      heldRows.map(({ id }) => id),
      limit,
    );
  }

  top(top: 'epic' | 'loose', limit: number): string[] {
    return this.store.board.atTop(top, limit);
  }

  children(parent: string, limit: number): { ids: string[]; total: number } {
    return this.store.board.childPage(parent, limit);
  }
}
