import type { Bead } from '../../protocol/bead';
import { shortLine, treeBranches } from './beadText';
import type { Paint } from './output';

const RULE = '-'.repeat(80);

/** Beads as a tree of parents and children; a bead whose parent is not among them is a root. */
export function treeOfBeads(beads: readonly Bead[], paint: Paint, { summary = false } = {}): string[] {
  const listed = new Map(beads.map((bead) => [bead.id, bead]));
  const parentIn = (bead: Bead): string | undefined =>
    bead.dependencies?.find((edge) => edge.type === 'parent-child' && listed.has(edge.depends_on_id))?.depends_on_id;
  const children = new Map<string | undefined, Bead[]>();
  for (const bead of beads) {
    const parent = parentIn(bead);
    children.set(parent, [...(children.get(parent) ?? []), bead]);
  }
  const nodes: { bead: Bead; depth: number }[] = [];
  const seen = new Set<string>();
  const visit = (bead: Bead, depth: number): void => {
    if (seen.has(bead.id)) return;
    seen.add(bead.id);
    nodes.push({ bead, depth });
    const below = [...(children.get(bead.id) ?? [])].sort((a, b) => a.priority - b.priority || (a.id < b.id ? -1 : 1));
    for (const child of below) visit(child, depth + 1);
  };
  for (const root of children.get(undefined) ?? []) visit(root, 0);
  // Beads in a cycle of parents have no root.
  for (const bead of beads) visit(bead, 0);
  const branches = treeBranches(nodes.map(({ depth }) => depth));
  const lines = nodes.map(({ bead }, index) => `${paint('dim', branches[index] ?? '')}${shortLine(bead, paint)}`);
  return summary ? [...lines, '', ...summaryLines(beads)] : lines;
}

function summaryLines(beads: readonly Bead[]): string[] {
  const count = (status: string): number => beads.filter((bead) => bead.status === status).length;
  return [
    RULE,
    `Total: ${beads.length} issues (${count('open')} open, ${count('in_progress')} in progress)`,
    '',
    'Status: ○ open  ◐ in_progress  ● blocked  ✓ closed  ❄ deferred',
  ];
}
