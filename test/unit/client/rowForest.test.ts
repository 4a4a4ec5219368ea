import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Row } from '../../../client/src/ui/tree/row';
import { RowForest, type RowNode } from '../../../client/src/ui/tree/rowDiff';

const row = (id: string, label: string, children: Row[] = []): Row => ({
  id,
  label,
  icon: { id: 'robot' },
  context: 'x',
  aria: label,
  target: { kind: 'bead', id },
  children,
});

/** The tree as VS Code shows it: it reloads what is reported as changed, and keeps the rest. */
class Shown {
  private readonly labels = new Map<RowNode, string>();
  private readonly children = new Map<RowNode | undefined, RowNode[]>();

  constructor(private readonly forest: RowForest) {}

  draw(changed: 'all' | RowNode[]): void {
    if (changed === 'all') this.fetch(undefined);
    else for (const node of changed) this.fetch(node);
  }

  private fetch(node: RowNode | undefined): void {
    if (node) this.labels.set(node, node.row.label);
    const children = node ? node.children : this.forest.roots;
    this.children.set(node, [...children]);
    for (const child of children) this.fetch(child);
  }

  lines(node?: RowNode, depth = 0): string[] {
    return (this.children.get(node) ?? []).flatMap((child) => [
      `${depth} ${this.labels.get(child)}`,
      ...this.lines(child, depth + 1),
    ]);
  }
}

const lines = (rows: readonly Row[], depth = 0): string[] =>
  rows.flatMap((item) => [`${depth} ${item.label}`, ...lines(item.children, depth + 1)]);

describe('the nodes of a tree', () => {
  it('keep their objects; only changed ones are reported', () => {
    const forest = new RowForest();
    forest.update([row('a', 'A', [row('a1', 'one'), row('a2', 'two')]), row('b', 'B')]);
    const [a] = forest.roots;
    const changed = forest.update([row('a', 'A', [row('a1', 'one'), row('a2', 'TWO')]), row('b', 'B')]);
    assert.ok(changed !== 'all');
    assert.deepEqual(
      changed.map((node) => node.row.id),
      ['a2'],
    );
    assert.equal(forest.roots[0], a);
    assert.equal(forest.get('a2')?.parent, a);
  });

  it('are not reported when nothing changed', () => {
    const forest = new RowForest();
    const rows = [row('a', 'A', [row('a1', 'one')])];
    forest.update(rows);
    assert.deepEqual(forest.update(structuredClone(rows)), []);
  });

  it('always match the rows (property)', () => {
    const leaf = fc.record({ id: fc.constantFrom('p', 'q', 'r', 's'), label: fc.constantFrom('1', '2') });
    const tree = fc.uniqueArray(
      fc.record({
        id: fc.constantFrom('a', 'b', 'c'),
        label: fc.constantFrom('1', '2'),
        leaves: fc.uniqueArray(leaf, { selector: (item) => item.id, maxLength: 3 }),
      }),
      { selector: (item) => item.id, maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.array(tree, { minLength: 1, maxLength: 8 }), (states) => {
        const forest = new RowForest();
        const shown = new Shown(forest);
        for (const state of states) {
          const rows = state.map((item) =>
            row(
              item.id,
              item.label,
              item.leaves.map((child) => row(`${item.id}/${child.id}`, child.label)),
            ),
          );
          shown.draw(forest.update(rows));
          assert.deepEqual(shown.lines(), lines(rows));
        }
      }),
      { numRuns: 300 },
    );
  });
});
