import { UserError } from '../../base/errors';
import type { BeadListItem, Dependency } from '../../protocol/bead';
import { oneLine } from '../shared/output';

/** `bd list --format`: the dependencies between the listed beads, in the formats of the Go `bd`. */

interface Edge {
  bead: BeadListItem;
  edge: Dependency;
}

/** Colours of nodes in `dot`, by status. */
const fills: Readonly<Record<string, readonly [fill: string, font: string]>> = {
  closed: ['lightgray', 'dimgray'],
  in_progress: ['lightyellow', 'black'],
  blocked: ['lightcoral', 'black'],
};

/** Styles of edges in `dot`, by type of dependency. */
const strokes: Readonly<Record<string, readonly [color: string, style: string]>> = {
  blocks: ['red', 'bold'],
  'parent-child': ['blue', 'solid'],
  'discovered-from': ['green', 'dashed'],
  related: ['gray', 'dashed'],
  'relates-to': ['gray', 'dashed'],
};

/** Fields of `.Issue` in a template, in the spelling of Go. */
const issueFields = new Set(
  (
    'ID Title Description Design AcceptanceCriteria Notes SpecID Status Priority IssueType Assignee Owner ' +
    'EstimatedMinutes CreatedAt CreatedBy UpdatedAt ClosedAt CloseReason DueAt DeferUntil ExternalRef Labels ' +
    'Pinned Ephemeral IsTemplate'
  ).split(' '),
);
const dependencyFields = new Set('IssueID DependsOnID Type CreatedAt CreatedBy'.split(' '));

/**
 * @param format `digraph`, `dot`, or a template such as `{{.IssueID}} waits for {{.DependsOnID}}`, one line for each
 * dependency
 * @throws UserError for a template with anything but fields
 */
export function formattedList(beads: readonly BeadListItem[], format: string): string[] {
  const listed = new Set(beads.map((bead) => bead.id));
  const edges = beads.flatMap((bead) =>
    (bead.dependencies ?? []).filter((edge) => listed.has(edge.depends_on_id)).map((edge) => ({ bead, edge })),
  );
  if (format === 'dot') return dotLines(beads, edges);
  const template = parseTemplate(format === 'digraph' ? '{{.IssueID}} {{.DependsOnID}}' : format);
  return edges.map((edge) => template.map((part) => part(edge)).join(''));
}

function dotLines(beads: readonly BeadListItem[], edges: readonly Edge[]): string[] {
  const quote = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;
  return [
    'digraph dependencies {',
    '  rankdir=TB;',
    '  node [shape=box, style=rounded];',
    '',
    ...beads.map((bead) => {
      const [fill, font] = fills[bead.status] ?? ['white', 'black'];
      const rows = [bead.id, `[${bead.issue_type} P${bead.priority}]`, oneLine(bead.title), `(${bead.status})`];
      const label = `"${rows.map((row) => quote(row).slice(1, -1)).join('\\n')}"`;
      return `  ${quote(bead.id)} [label=${label}, style="rounded,filled", fillcolor="${fill}", fontcolor="${font}"];`;
    }),
    '',
    ...edges.map(({ bead, edge }) => {
      const [color, style] = strokes[edge.type] ?? ['black', 'solid'];
      const attributes = `label=${quote(edge.type)}, color=${color}, style=${style}`;
      return `  ${quote(bead.id)} -> ${quote(edge.depends_on_id)} [${attributes}];`;
    }),
    '}',
  ];
}

type Part = (edge: Edge) => string;

function parseTemplate(text: string): Part[] {
  const parts = text.split(/\{\{-?\s*(.*?)\s*-?\}\}/);
  if (parts.length === 1)
    throw new UserError(
      `unknown format: ${oneLine(text)}`,
      'Valid: digraph, dot, or a template such as "{{.IssueID}} {{.DependsOnID}}". For programs there is --json.',
    );
  return parts.map((part, index) => (index % 2 === 1 ? fieldOf(part) : () => part));
}

/** Parses a field. Only fields are supported: for complex templates use `--json`. */
function fieldOf(expression: string): Part {
  const [, root = '', field] = /^\.([A-Z]\w*)(?:\.([A-Z]\w*))?$/.exec(expression) ?? [];
  if (field === undefined && dependencyFields.has(root)) return ({ edge }) => valueText(edge, root);
  if (field !== undefined && root === 'Issue' && issueFields.has(field)) return ({ bead }) => valueText(bead, field);
  if (field !== undefined && root === 'Dependency' && dependencyFields.has(field))
    return ({ edge }) => valueText(edge, field);
  throw new UserError(
    `invalid format template: {{${oneLine(expression)}}} is not a field`,
    'Fields: .IssueID, .DependsOnID, .Type, .Issue.Title (and others of .Issue). For more there is --json.',
  );
}

/** Text of a value; lists as in Go: `[a b]`. */
function valueText(of: BeadListItem | Dependency, field: string): string {
  const name = field.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  const value: unknown = (of as unknown as Record<string, unknown>)[name];
  if (Array.isArray(value)) return `[${value.map((each) => oneLine(String(each))).join(' ')}]`;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? oneLine(String(value))
    : '';
}
