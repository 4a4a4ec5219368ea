import type { Row } from './row';

/** A row in its tree. The object stays the same as long as the row's id does: VS Code identifies rows by object. */
export interface RowNode {
  row: Row;
  parent: RowNode | undefined;
  children: RowNode[];
}

/** Keeps the nodes of a tree and finds out which of them have changed. */
export class RowForest {
  private readonly byId = new Map<string, RowNode>();
  roots: RowNode[] = [];

  get(id: string): RowNode | undefined {
    return this.byId.get(id);
  }

  /**
   * Updates the nodes. `all` if rows at the top were added, removed or moved; otherwise the changed nodes, none below
   * another.
   */
  update(rows: readonly Row[]): 'all' | RowNode[] {
    const before = this.roots;
    const changed: RowNode[] = [];
    const seen = new Set<string>();
    this.roots = this.merge(rows, undefined, changed, seen);
    for (const id of [...this.byId.keys()]) if (!seen.has(id)) this.byId.delete(id);
    return sameNodes(before, this.roots) ? changed : 'all';
  }

  private merge(rows: readonly Row[], parent: RowNode | undefined, changed: RowNode[], seen: Set<string>): RowNode[] {
    return rows
      .filter((row) => !seen.has(row.id))
      .map((row) => {
        seen.add(row.id);
        const known = this.byId.get(row.id);
        const node: RowNode = known ?? { row, parent, children: [] };
        const appearanceChanged = known === undefined || appearanceOf(known.row) !== appearanceOf(row);
        node.row = row;
        node.parent = parent;
        this.byId.set(row.id, node);
        const changedBelow: RowNode[] = [];
        const children = this.merge(row.children, node, changedBelow, seen);
        const childrenChanged = !sameNodes(node.children, children);
        node.children = children;
        // VS Code updates a row together with everything below it.
        if (known && (appearanceChanged || childrenChanged)) changed.push(node);
        else changed.push(...changedBelow);
        return node;
      });
  }
}

function appearanceOf(row: Row): string {
  return JSON.stringify({ ...row, children: row.children.length > 0 });
}

function sameNodes(a: readonly RowNode[], b: readonly RowNode[]): boolean {
  return a.length === b.length && a.every((node, index) => node === b[index]);
}
