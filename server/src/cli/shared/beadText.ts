import type {
  Bead,
  BeadDetails,
  BeadListItem,
  BlockedItem,
  Comment,
  ExternalDependency,
  ValidationRecord,
} from '../../protocol/bead';
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
/** Types that are shown before a title. */
const markedTypes = new Set(['epic', 'bug']);
const RULE = '─'.repeat(60);

function statusMark(status: string, paint: Paint): string {
  const [mark, colour] = marks[status] ?? customMark;
  return paint(colour, mark);
}

function priorityText(bead: BeadSummary, paint: Paint): string {
  return paint(priorityColours[bead.priority] ?? 'dim', `P${bead.priority}`);
}

/** `○ app-a1b2c [● P1] [bug] @ann [web] - Title`. Scripts cut these columns. */
export function beadLine(bead: BeadSummary, paint: Paint): string {
  const title = oneLine(bead.title);
  const isClosed = bead.status === 'closed';
  return [
    statusMark(bead.status, paint),
    paint('bold', oneLine(bead.id)),
    `[${isClosed ? '' : '● '}${priorityText(bead, paint)}]`,
    `[${oneLine(bead.issue_type)}]`,
    ...(bead.assignee ? [paint('cyan', `@${oneLine(bead.assignee)}`)] : []),
    ...(bead.labels?.length ? [`[${bead.labels.map(oneLine).join(' ')}]`] : []),
    '-',
    isClosed ? paint('dim', title) : title,
  ].join(' ');
}

/** Like `beadLine`, followed by its blockers and dependents. */
export function rowWithRelations(bead: BeadListItem, paint: Paint): string {
  const part = (name: string, ids: readonly string[] = []): string[] =>
    ids.length > 0 ? [`${name}: ${ids.map(oneLine).join(', ')}`] : [];
  const parts = [...part('blocked by', bead.blocked_by), ...part('blocks', bead.blocks)];
  return `${beadLine(bead, paint)}${parts.length > 0 ? paint('dim', ` (${parts.join(', ')})`) : ''}`;
}

/** `○ app-a1b2c ● P1 [bug] Title`: a line of a tree or of `bd show --short`. Ordinary tasks name no type. */
export function shortLine(bead: BeadSummary, paint: Paint): string {
  const isClosed = bead.status === 'closed';
  const type = oneLine(bead.issue_type);
  return [
    statusMark(bead.status, paint),
    paint('bold', oneLine(bead.id)),
    `● ${priorityText(bead, paint)}`,
    ...(isClosed ? [type] : badgedTypes.has(type) ? [`[${type}]`] : []),
    oneLine(bead.title),
  ].join(' ');
}

/** Types that are shown in a short row of an open bead. */
const badgedTypes: ReadonlySet<string> = new Set(['epic', 'bug']);

/** A numbered row of `bd ready`, with the assignee and the estimate below it. */
export function readyLines(bead: Bead, index: number, paint: Paint): string[] {
  const estimate = bead.estimated_minutes;
  return [
    `${index + 1}. [● ${priorityText(bead, paint)}] [${oneLine(bead.issue_type)}] ${paint('bold', oneLine(bead.id))}: ${oneLine(bead.title)}`,
    ...(typeof estimate === 'number' ? [`   Estimate: ${estimate} min`] : []),
    ...(bead.assignee ? [`   Assignee: ${oneLine(bead.assignee)}`] : []),
  ];
}

/** `app-a1b2c [P1] [bug] open @ann [web] - Title`: a row of `bd search`. */
export function foundLine(bead: BeadSummary, paint: Paint): string {
  return [
    paint('bold', oneLine(bead.id)),
    `[${priorityText(bead, paint)}]`,
    `[${oneLine(bead.issue_type)}]`,
    oneLine(bead.status),
    ...(bead.assignee ? [paint('cyan', `@${oneLine(bead.assignee)}`)] : []),
    ...(bead.labels?.length ? [`[${bead.labels.map(oneLine).join(' ')}]`] : []),
    '-',
    oneLine(bead.title),
  ].join(' ');
}

/** Several lines per bead, for `--long`. @param mark text before the priority, as in `bd list` */
export function longLines(bead: Bead, paint: Paint, mark = ''): string[] {
  return [
    `${paint('bold', oneLine(bead.id))} [${mark}${priorityText(bead, paint)}] [${oneLine(bead.issue_type)}] ${oneLine(bead.status)}`,
    `  ${oneLine(bead.title)}`,
    ...(bead.assignee ? [`  Assignee: ${oneLine(bead.assignee)}`] : []),
    ...(bead.labels?.length ? [`  Labels: [${bead.labels.map(oneLine).join(' ')}]`] : []),
    '',
  ];
}

export function blockedLines(bead: BlockedItem, paint: Paint): string[] {
  return [
    `[● ${priorityText(bead, paint)}] ${paint('bold', oneLine(bead.id))}: ${oneLine(bead.title)}`,
    `  Blocked by ${bead.blocked_by.length} open dependencies: [${bead.blocked_by.map(oneLine).join(' ')}]`,
    '',
  ];
}

/** Everything about some beads, with a rule between them. */
export function detailsOfAll(beads: readonly BeadDetails[], paint: Paint): string[] {
  return beads.flatMap((bead, index) => [...(index > 0 ? ['', RULE] : []), ...detailLines(bead, paint)]);
}

/** Everything about one bead. */
export function detailLines(bead: BeadDetails, paint: Paint): string[] {
  return [
    '',
    ...headLines(bead, paint),
    ...textLines('DESCRIPTION', bead.description, paint),
    ...textLines('DESIGN', bead.design, paint),
    ...textLines('NOTES', bead.notes, paint),
    ...textLines('ACCEPTANCE CRITERIA', bead.acceptance_criteria, paint),
    ...(bead.labels?.length ? ['', `${paint('bold', 'LABELS:')} ${bead.labels.map(oneLine).join(', ')}`] : []),
    ...metadataLines(bead.metadata, paint),
    ...validationLines(bead, paint),
    ...relationLines(bead, paint),
    ...(bead.comments?.length ? ['', paint('bold', 'COMMENTS'), ...commentLines(bead.comments, paint)] : []),
  ];
}

function headLines(bead: BeadDetails, paint: Paint): string[] {
  const kind = markedTypes.has(bead.issue_type) ? ` [${bead.issue_type.toUpperCase()}]` : '';
  const state = `[● ${priorityText(bead, paint)} · ${oneLine(bead.status).toUpperCase()}]`;
  const people = [
    ...(bead.created_by ? [`Owner: ${oneLine(bead.created_by)}`] : []),
    ...(bead.assignee ? [`Assignee: ${oneLine(bead.assignee)}`] : []),
    `Type: ${oneLine(bead.issue_type)}`,
  ];
  const times = [
    `Created: ${day(bead.created_at)}`,
    `Updated: ${day(bead.updated_at)}`,
    ...(bead.due_at ? [`Due: ${day(bead.due_at)}`] : []),
    ...(bead.defer_until ? [`Deferred: ${day(bead.defer_until)}`] : []),
  ];
  return [
    `${statusMark(bead.status, paint)} ${paint('bold', oneLine(bead.id))}${kind} · ${paint('bold', oneLine(bead.title))}   ${state}`,
    people.join(' · '),
    paint('dim', times.join(' · ')),
    ...(bead.updated_by && bead.updated_by !== bead.created_by ? [`Updated by: ${oneLine(bead.updated_by)}`] : []),
    ...(bead.close_reason ? [`Close reason: ${oneLine(bead.close_reason)}`] : []),
    ...(bead.external_ref ? [`External: ${oneLine(bead.external_ref)}`] : []),
    ...(typeof bead.spec_id === 'string' ? [`Spec: ${oneLine(bead.spec_id)}`] : []),
  ];
}

/** The date of an RFC 3339 time. */
function day(time: unknown): string {
  return String(time).slice(0, 10);
}

function textLines(name: string, text: string | undefined, paint: Paint): string[] {
  return text ? ['', paint('bold', name), printable(text.trimEnd())] : [];
}

/** The engine's own record of the work, which is for programs: `--json` has it. */
const ENGINE_DATA = 'gastown';

function metadataLines(metadata: Bead['metadata'], paint: Paint): string[] {
  const lines = Object.entries(metadata ?? {}).flatMap(([key, value]) => {
    if (key === ENGINE_DATA) return [];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return [`  ${oneLine(`${key}: ${text}`)}`];
  });
  return lines.length > 0 ? ['', paint('bold', 'METADATA'), ...lines] : [];
}

/** `app/refinery, merge, 2026-01-31: tests_passed ✓ lint_clean ✗` */
function validationLines({ validation_records: records = [] }: BeadDetails, paint: Paint): string[] {
  if (records.length === 0) return [];
  const line = ({
    validated_by,
    validation_type,
    timestamp,
    outcome,
    quality_signals,
    message,
  }: ValidationRecord): string => {
    const found = Object.entries(quality_signals).flatMap(([name, value]) =>
      value === null ? [] : [`${name} ${value ? '✓' : '✗'}`],
    );
    const parts = [...(outcome ? [outcome] : []), ...found, ...(message ? [`"${message.split('\n')[0]}"`] : [])];
    return `  ${oneLine(`${validated_by}, ${validation_type}, ${day(timestamp)}${parts.length > 0 ? `: ${parts.join(' ')}` : ''}`)}`;
  };
  return ['', paint('bold', 'VALIDATIONS'), ...records.map(line)];
}

type Related = BeadSummary & { dependency_type: string };

/** Headings of `bd show` for dependencies and dependents of a bead, by type of dependency. */
const outgoing: Readonly<Record<string, [heading: string, arrow: string]>> = {
  'parent-child': ['PARENT', '↑'],
  related: ['RELATED', '↔'],
  'relates-to': ['RELATED', '↔'],
  'discovered-from': ['DISCOVERED FROM', '◊'],
};
const incoming: Readonly<Record<string, [heading: string, arrow: string]>> = {
  'parent-child': ['CHILDREN', '↳'],
  related: ['RELATED', '↔'],
  'relates-to': ['RELATED', '↔'],
  'discovered-from': ['DISCOVERED', '◊'],
};

function relationLines(bead: BeadDetails, paint: Paint): string[] {
  const groups = new Map<string, string[]>();
  const add = (other: Related, [heading, arrow]: [string, string]): void => {
    const line = `  ${arrow} ${relatedText(other, paint)}`;
    const lines = groups.get(heading) ?? [];
    if (!lines.includes(line)) groups.set(heading, [...lines, line]);
  };
  for (const other of bead.dependencies) add(other, outgoing[other.dependency_type] ?? ['DEPENDS ON', '→']);
  for (const other of bead.external_dependencies ?? []) {
    const [heading, arrow] = outgoing[other.dependency_type] ?? ['DEPENDS ON', '→'];
    groups.set(heading, [...(groups.get(heading) ?? []), `  ${arrow} ${externalText(other, paint)}`]);
  }
  for (const other of bead.dependents) add(other, incoming[other.dependency_type] ?? ['BLOCKS', '←']);
  const order = ['PARENT', 'CHILDREN', 'DEPENDS ON', 'BLOCKS', 'RELATED', 'DISCOVERED FROM', 'DISCOVERED'];
  return order.flatMap((heading) => {
    const lines = groups.get(heading);
    return lines ? ['', paint('bold', heading), ...lines, ...(heading === 'CHILDREN' ? epicLines(bead) : [])] : [];
  });
}

function epicLines(epic: BeadDetails): string[] {
  if (epic.issue_type !== 'epic') return [];
  const children = epic.dependents.filter((other) => other.dependency_type === 'parent-child');
  return [`  ${progressText(children.filter(({ status }) => status === 'closed').length, children.length)}`];
}

/** How far an epic is. */
export function progressText(closed: number, total: number): string {
  return `Progress: ${closed}/${total} children closed (${total === 0 ? 0 : Math.floor((closed * 100) / total)}%)`;
}

const externalMarks = { met: ['✓', 'green'], open: ['○', 'bold'], unresolved: ['?', 'yellow'] } as const;

/** `? external:lib:login (unresolved: no ledger on this machine has it)` */
function externalText({ id, state, bead }: ExternalDependency, paint: Paint): string {
  const [mark, colour] = externalMarks[state];
  const what = bead
    ? `: ${oneLine(bead.title)} (${id.endsWith(bead.id) ? '' : `${oneLine(bead.id)}, `}${oneLine(bead.status)})`
    : state === 'unresolved'
      ? ' (unresolved: no ledger on this machine has it)'
      : ' (not provided yet)';
  return `${paint(colour, mark)} ${paint('bold', oneLine(id))}${what}`;
}

/** `○ app-a1b2c: (EPIC) Title ● P1` */
export function relatedText(bead: BeadSummary, paint: Paint): string {
  const kind = markedTypes.has(bead.issue_type) ? `(${bead.issue_type.toUpperCase()}) ` : '';
  return `${statusMark(bead.status, paint)} ${paint('bold', oneLine(bead.id))}: ${kind}${oneLine(bead.title)} ● ${priorityText(bead, paint)}`;
}

function commentLines(comments: readonly Comment[], paint: Paint): string[] {
  return comments.flatMap((comment) => [
    `  ${paint('dim', `${day(comment.created_at)} ${comment.created_at.slice(11, 16)}`)} ${paint('cyan', oneLine(comment.author))}`,
    indent(printable(comment.text), 4),
  ]);
}

/** The comments of a bead: `[ann] at 2026-01-31 09:00`. */
export function commentBlocks(comments: readonly Comment[], paint: Paint): string[] {
  return comments.flatMap((comment) => [
    `[${paint('cyan', oneLine(comment.author))}] at ${day(comment.created_at)} ${comment.created_at.slice(11, 16)}`,
    indent(printable(comment.text), 2),
    '',
  ]);
}

/** Branches of a tree before each line of its nodes. @param depths of the nodes in order of the lines; 0 for roots */
export function treeBranches(depths: readonly number[]): string[] {
  return depths.map((depth, index) => {
    if (depth === 0) return '';
    const following = depths.slice(index + 1);
    const isLast = (level: number): boolean => {
      const next = following.find((other) => other <= level);
      return next === undefined || next < level;
    };
    const stems = Array.from({ length: depth - 1 }, (_, level) => (isLast(level + 1) ? '    ' : '│   '));
    return `${stems.join('')}${isLast(depth) ? '└── ' : '├── '}`;
  });
}
