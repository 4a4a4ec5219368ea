import { parentsOf } from '../../beads/index/blocking';
import { boardOrders, firstRows, type BoardOrder, type BoardRow } from '../../beads/queries/boardOrder';
import type { BeadStore } from '../../beads/store';
import type { BoardState } from '../../protocol/board';
import { countRows, shownState, type BoardMoment, type BoardSource, type StateCounts } from './boardSource';

/**
 * The beads that contain a text. The whole index is read once; afterwards the cost of a change depends on the matches,
 * and changes of other beads cost nothing.
 */
export class FoundBeads implements BoardSource {
  private found = new Map<string, BoardRow>();
  /** Matches with their ancestors in the tree of epics; computed on demand. */
  private tree: ReadonlyMap<string, BoardRow> | undefined;
  private counted: StateCounts | undefined;

  constructor(
    private readonly store: BeadStore,
    private readonly text: string,
  ) {
    this.read();
  }

  /** Updates the matches. @returns whether lists may have changed */
  update(moment: BoardMoment): boolean {
    const { changed } = moment;
    if (!changed) {
      this.read();
      return true;
    }
    const known = [...changed].filter((id) => this.found.delete(id) || this.tree?.has(id));
    const rows = this.store.board.found(this.text, changed);
    for (const row of rows) this.found.set(row.id, row);
    if (known.length + rows.length === 0) return false;
    this.forget();
    return true;
  }

  counts(moment: BoardMoment): StateCounts {
    return (this.counted ??= countRows(this.found.values(), moment.held));
  }

  topCount(top: 'epic' | 'loose'): number {
    return this.atTop(top).length;
  }

  inState(
    { state, ledger }: { state: BoardState; ledger?: string | undefined },
    moment: BoardMoment,
    limit: number,
  ): string[] {
    const rows = [...this.found.values()].filter(
      (row) => shownState(row, moment.held) === state && (ledger === undefined || row.ledger === ledger),
    );
    return idsOf(rows, boardOrders[state], limit);
  }

  top(top: 'epic' | 'loose', limit: number): string[] {
    return idsOf(this.atTop(top), boardOrders.tree, limit);
  }

  children(parent: string, limit: number): { ids: string[]; total: number } {
    const rows = this.store.board.children(parent).filter(({ id }) => this.withAncestors().has(id));
    return { ids: idsOf(rows, boardOrders.tree, limit), total: rows.length };
  }

  private read(): void {
    this.found = new Map(this.store.board.found(this.text).map((row) => [row.id, row]));
    this.forget();
  }

  private forget(): void {
    this.tree = undefined;
    this.counted = undefined;
  }

  /** Ancestors of a match are shown, too; a bead outside of any tree only if it matches itself. */
  private atTop(top: 'epic' | 'loose'): BoardRow[] {
    const rows = top === 'epic' ? this.withAncestors() : this.found;
    return [...rows.values()].filter((row) => row.top === top);
  }

  private withAncestors(): ReadonlyMap<string, BoardRow> {
    if (this.tree) return this.tree;
    const seen = new Set(this.found.keys());
    const queue = [...seen];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      const bead = this.store.get(id);
      for (const parent of bead ? parentsOf(bead) : []) {
        if (seen.has(parent)) continue;
        seen.add(parent);
        queue.push(parent);
      }
    }
    const ancestors = this.store.board.rows([...seen].filter((id) => !this.found.has(id)));
    this.tree = new Map([...this.found, ...ancestors.map((row) => [row.id, row] as const)]);
    return this.tree;
  }
}

function idsOf(rows: readonly BoardRow[], order: BoardOrder, limit: number): string[] {
  return firstRows(rows, order, limit).map(({ id }) => id);
}
