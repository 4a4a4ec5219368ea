import type { Bead, BeadDetails, BlockedItem, Comment, TreeNode } from '../../protocol/bead';
import { indent, oneLine, printable, type Colour, type Paint } from './output';

/** Beads as lines for people. */

type BeadSummary = Pick<Bead, 'id' | 'title' | 'status' | 'priority' | 'issue_type' | 'assignee' | 'labels'>;

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
const customMark: [mark: string, colour: Colour] = ['◇', 'cyan'];
const priorityColours: readonly Colour[] = ['red', 'yellow', 'bold', 'dim', 'dim'];
/** Their mark says enough. */
const statusesWithoutName = ['open', 'closed', 'in_progress'];

function statusMark(status: string, paint: Paint): string {
  const [mark, colour] = marks[status] ?? customMark;
  return paint(colour, mark);
}

/** One line: mark, id, priority, type, title, assignee, labels and status. */
export function beadLine(bead: BeadSummary, paint: Paint): string {
  const title = oneLine(bead.title);
  return [
    statusMark(bead.status, paint),
    paint('bold', oneLine(bead.id)),
    paint(priorityColours[bead.priority] ?? 'dim', `P${bead.priority}`),
    paint('dim', oneLine(bead.issue_type)),
    bead.status === 'closed' ? paint('dim', title) : title,
    ...(bead.assignee ? [paint('cyan', `@${oneLine(bead.assignee)}`)] : []),
    ...(bead.labels ?? []).map((label) => paint('dim', `#${oneLine(label)}`)),
    ...(statusesWithoutName.includes(bead.status) ? [] : [paint('dim', `(${oneLine(bead.status)})`)]),
  ].join(' ');
}

export function blockedLine(bead: BlockedItem, paint: Paint): string {
  return `${beadLine(bead, paint)}\n    ${paint('red', 'waits for')} ${bead.blocked_by.map(oneLine).join(', ')}`;
}

/** Everything about one bead. */
export function detailLines(bead: BeadDetails, paint: Paint): string[] {
  const metadata = bead.metadata === undefined ? undefined : JSON.stringify(bead.metadata, null, 2);
  return [
    ...headLines(bead, paint),
    ...textLines('Description', bead.description, paint),
    ...textLines('Design', bead.design, paint),
    ...textLines('Acceptance criteria', bead.acceptance_criteria, paint),
    ...textLines('Notes', bead.notes, paint),
    ...textLines('Metadata', metadata, paint),
    ...relatedLines('Depends on', bead.dependencies, paint),
    ...relatedLines('Needed by', bead.dependents, paint),
    ...(bead.comments?.length ? ['', paint('bold', 'Comments'), ...commentLines(bead.comments, paint)] : []),
  ];
}

function headLines(bead: BeadDetails, paint: Paint): string[] {
  const facts = [
    oneLine(bead.issue_type),
    `P${bead.priority}`,
    oneLine(bead.status),
    ...(bead.assignee ? [`@${oneLine(bead.assignee)}`] : []),
  ];
  const author = bead.created_by ? ` by ${oneLine(bead.created_by)}` : '';
  const created = `created ${bead.created_at}${author} · updated ${bead.updated_at}`;
  const closed = bead.closed_at ? `closed ${bead.closed_at}: ${oneLine(bead.close_reason ?? '')}` : '';
  return [
    `${statusMark(bead.status, paint)} ${paint('bold', oneLine(bead.id))} ${paint('bold', oneLine(bead.title))}`,
    `  ${facts.join(' · ')}`,
    `  ${paint('dim', created)}`,
    ...(closed ? [`  ${paint('dim', closed)}`] : []),
    ...(bead.defer_until ? [`  deferred until ${bead.defer_until}`] : []),
    ...(bead.external_ref ? [`  ref ${oneLine(bead.external_ref)}`] : []),
    ...(bead.labels?.length ? [`  labels ${bead.labels.map(oneLine).join(', ')}`] : []),
  ];
}

function textLines(name: string, text: string | undefined, paint: Paint): string[] {
  return text ? ['', paint('bold', name), indent(printable(text), 2)] : [];
}

function relatedLines(
  name: string,
  beads: readonly (BeadSummary & { dependency_type: string })[],
  paint: Paint,
): string[] {
  if (beads.length === 0) return [];
  const lines = beads.map((bead) => `  ${paint('dim', oneLine(bead.dependency_type))} ${beadLine(bead, paint)}`);
  return ['', paint('bold', name), ...lines];
}

export function commentLines(comments: readonly Comment[], paint: Paint): string[] {
  return comments.flatMap((comment) => [
    `  ${paint('cyan', oneLine(comment.author))} ${paint('dim', comment.created_at)}`,
    indent(printable(comment.text), 4),
  ]);
}

export function treeLines(nodes: readonly TreeNode[], paint: Paint): string[] {
  return nodes.map((node) => {
    const branch = node.depth === 0 ? '' : `${'  '.repeat(node.depth - 1)}└ `;
    return `${paint('dim', branch)}${beadLine(node, paint)}${node.truncated ? paint('dim', ' …') : ''}`;
  });
}
