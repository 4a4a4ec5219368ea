import type { BoardState } from '../../protocol/board';
import type { MemoryDatabase } from './memoryDatabase';
import type { DerivedState } from './derivedState';

/** Lists of the board that count a row. */
export interface Place {
  ledger: string;
  state: BoardState;
  top: string | null;
  isWork: boolean;
}

export function placeOf(ledger: string, derived: DerivedState): Place {
  return { ledger, state: derived.state, top: derived.top ?? null, isWork: derived.isWork };
}

/**
 * Numbers of workable beads by ledger and state, and by ledger and place in the tree. Cached, because windows query
 * them constantly.
 */
export class WorkCounts {
  private readonly counts = new Map<string, number>();

  move(before: Place | undefined, after: Place | undefined): void {
    for (const [place, by] of [
      [before, -1],
      [after, 1],
    ] as const) {
      if (!place?.isWork) continue;
      this.bump(`state\0${place.ledger}\0${place.state}`, by);
      if (place.top !== null) this.bump(`top\0${place.ledger}\0${place.top}`, by);
    }
  }

  by(kind: 'state' | 'top'): { ledger: string; name: string; count: number }[] {
    return [...this.counts].flatMap(([key, count]) => {
      const [by, ledger, name] = key.split('\0') as [string, string, string];
      return by === kind && count > 0 ? [{ ledger, name, count }] : [];
    });
  }

  clear(): void {
    this.counts.clear();
  }

  recount(database: MemoryDatabase): void {
    this.clear();
    const rows = database.rows('SELECT ledger, state, top, COUNT(*) FROM beads WHERE work = 1 GROUP BY 1, 2, 3');
    for (const [ledger, state, top, count] of rows) {
      this.bump(`state\0${String(ledger)}\0${String(state)}`, Number(count));
      if (top !== null) this.bump(`top\0${String(ledger)}\0${String(top)}`, Number(count));
    }
  }

  /** The counts, for `restore`. */
  export(): [key: string, count: number][] {
    return [...this.counts];
  }

  restore(counts: Iterable<readonly [key: string, count: number]>): void {
    this.clear();
    for (const [key, count] of counts) this.counts.set(key, count);
  }

  private bump(key: string, by: number): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + by);
  }
}
