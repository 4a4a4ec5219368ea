import type { Bead, BeadDetails, BlockedItem, TreeNode } from '../../protocol/bead';
import { oneLine, printable, type Colour, type Paint } from './output';

const marks: Readonly<Record<string, [mark: string, colour: Colour]>> = {
  open: ['○', 'bold'],
  in_progress: ['◐', 'yellow'],
  hooked: ['◐', 'yellow'],
  in_review: ['◑', 'magenta'],
  blocked: ['●', 'red'],
  deferred: ['❄', 'blue'],
  pinned: ['⚲', 'blue'],
  closed: ['✓', 'green'],
  failed: ['✗', 'red'],
  tombstone: ['⊘', 'dim'],
};
const priorityColours: readonly Colour[] = ['red', 'yellow', 'bold', 'dim', 'dim'];

export function statusMark(status: string, paint: Paint): string {
  const [mark, colour] = marks[status] ?? ['◇', 'cyan'];
  return paint(colour, mark);
}

/** One line: mark, id, priority, type, title, and what else matters. */
export function beadLine(bead: Bead, paint: Paint): string {
  const notes = [
    bead.assignee ? paint('cyan', `@${oneLine(bead.assignee)}`) : '',
    ...(bead.labels ?? []).map((label) => paint('dim', `#${oneLine(label)}`)),
    ['open', 'closed', 'in_progress'].includes(bead.status) ? '' : paint('dim', `(${oneLine(bead.status)})`),
  ].filter((note) => note !== '');
  const priority = paint(priorityColours[bead.priority] ?? 'dim', `P${bead.priority}`);
  const title = bead.status === 'closed' ? paint('dim', oneLine(bead.title)) : oneLine(bead.title);
  return [
    statusMark(bead.status, paint),
    paint('bold', oneLine(bead.id)),
    priority,
    paint('dim', oneLine(bead.issue_type)),
    title,
    ...notes,
  ].join(' ');
}

export function blockedLine(bead: BlockedItem, paint: Paint): string {
  return `${beadLine(bead, paint)}\n    ${paint('red', 'waits for')} ${bead.blocked_by.map(oneLine).join(', ')}`;
}

/** Everything about one bead. */
export function detailLines(bead: BeadDetails, paint: Paint): string[] {
  const lines = [
    `${statusMark(bead.status, paint)} ${paint('bold', oneLine(bead.id))} ${paint('bold', oneLine(bead.title))}`,
    `  ${oneLine(bead.issue_type)} · P${bead.priority} · ${oneLine(bead.status)}${bead.assignee ? ` · @${oneLine(bead.assignee)}` : ''}`,
    `  ${paint('dim', `created ${bead.created_at}${bead.created_by ? ` by ${oneLine(bead.created_by)}` : ''} · updated ${bead.updated_at}`)}`,
  ];
  if (bead.closed_at) lines.push(`  ${paint('dim', `closed ${bead.closed_at}: ${oneLine(bead.close_reason ?? '')}`)}`);
  if (bead.defer_until) lines.push(`  deferred until ${bead.defer_until}`);
  if (bead.external_ref) lines.push(`  ref ${oneLine(bead.external_ref)}`);
  if (bead.labels?.length) lines.push(`  labels ${bead.labels.map(oneLine).join(', ')}`);
  for (const [name, text] of [
    ['Description', bead.description],
    ['Design', bead.design],
    ['Acceptance criteria', bead.acceptance_criteria],
    ['Notes', bead.notes],
  ] as const) {
    if (text)
      lines.push(
        '',
        paint('bold', name),
        ...printable(text)
          .trimEnd()
          .split('\n')
          .map((line) => `  ${line}`),
      );
  }
  if (bead.metadata !== undefined)
    lines.push(
      '',
      paint('bold', 'Metadata'),
      ...JSON.stringify(bead.metadata, null, 2)
        .split('\n')
        .map((line) => `  ${printable(line)}`),
    );
  lines.push(
    ...relatedLines('Depends on', bead.dependencies, paint),
    ...relatedLines('Needed by', bead.dependents, paint),
  );
  if (bead.comments?.length) {
    lines.push('', paint('bold', 'Comments'));
    for (const comment of bead.comments)
      lines.push(
        `  ${paint('cyan', oneLine(comment.author))} ${paint('dim', comment.created_at)}`,
        ...indented(comment.text),
      );
  }
  return lines;
}

export function indented(text: string): string[] {
  return printable(text)
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`);
}

function relatedLines(name: string, beads: readonly (Bead & { dependency_type: string })[], paint: Paint): string[] {
  if (beads.length === 0) return [];
  return [
    '',
    paint('bold', name),
    ...beads.map((bead) => `  ${paint('dim', oneLine(bead.dependency_type))} ${beadLine(bead, paint)}`),
  ];
}

export function treeLines(nodes: readonly TreeNode[], paint: Paint): string[] {
  return nodes.map((node) => {
    const branch = node.depth === 0 ? '' : `${'  '.repeat(node.depth - 1)}└ `;
    return `${paint('dim', branch)}${beadLine(node, paint)}${node.truncated ? paint('dim', ' …') : ''}`;
  });
}
