import type { BoardRow } from '../../beads/queries/boardOrder';
import type { BeadStore } from '../../beads/store';
import type { BoardState } from '../../protocol/board';

/** The beads as they are at a moment, for lists of them. */
export interface BoardMoment {
  /** Beads that may be different since the last moment; undefined: any. */
  changed: ReadonlySet<string> | undefined;
  /** Those of the changed ones that are work. */
  rows: readonly BoardRow[];
  /** Beads that only the engine keeps waiting: where `bd` calls one ready, lists call it blocked. */
  held: ReadonlySet<string>;
  /** Those of the held ones that are ready for `bd`. */
  heldRows: readonly BoardRow[];
}

/** Counts by ledger and state. */
export type StateCounts = readonly { ledger: string; state: BoardState; count: number }[];

/** Where lists get their beads from: all of them, or those in which a text is found. */
export interface BoardSource {
  /** Brings it up to date. @returns whether a list may be different for it, apart from what the moment says itself */
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

/** All beads: pages come from the index, counts are kept there. */
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
