import type { BeadListItem } from '../../protocol/bead';
import { oneLine } from '../shared/output';

/** Beads as a list of tasks in Markdown, with the emoji of Obsidian's Tasks plugin. */

const priorityMarks = ['🔺', '⏫', '🔼', '🔽', '⏬'];

export function obsidianText(beads: readonly BeadListItem[]): string {
  const days = new Map<string, string[]>();
  for (const bead of [...beads].sort((a, b) => (a.updated_at < b.updated_at ? 1 : -1))) {
    const date = bead.updated_at.slice(0, 10);
    days.set(date, [...(days.get(date) ?? []), taskLine(bead)]);
  }
  const sections = [...days].map(([date, lines]) => `## ${date}\n\n${lines.join('\n')}\n`);
  return `# Changes Log\n\n${sections.join('\n')}\n`;
}

function taskLine(bead: BeadListItem): string {
  const type = `#${bead.issue_type.charAt(0).toUpperCase()}${bead.issue_type.slice(1)}`;
  const blockers = (bead.dependencies ?? []).filter((edge) => edge.type === 'blocks');
  return [
    `- [${bead.status === 'closed' ? 'x' : bead.status === 'in_progress' ? '/' : ' '}]`,
    oneLine(bead.title),
    `🆔 ${bead.id}`,
    priorityMarks[bead.priority] ?? '',
    type,
    ...(bead.labels ?? []).map((label) => `#${oneLine(label)}`),
    `🛫 ${bead.created_at.slice(0, 10)}`,
    ...(bead.due_at ? [`📅 ${bead.due_at.slice(0, 10)}`] : []),
    ...(bead.closed_at ? [`✅ ${bead.closed_at.slice(0, 10)}`] : []),
    ...blockers.map((edge) => `⛔ ${edge.depends_on_id}`),
  ].join(' ');
}
