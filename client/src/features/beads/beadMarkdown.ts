import type { AuditEvent, Bead, BeadDetails } from '../../../../server/src/protocol/bead';
import type { BeadDiffInfo, BeadPageInfo, MergeInfo, WorkSession } from '../../../../server/src/protocol/board';
import { l10n } from '../../base/l10n';
import { escapeMarkdown, fenced, oneLine } from '../../base/text';
import { whyText, type Wording } from './whyNot';
import { containMarkdown, quoteMarkdown } from '../../ui/framedMarkdown';

/** A diff, or why there is none to show. */
export type PageDiff = BeadDiffInfo | { kind: 'problem'; reason: string };

/**
 * A bead as a page of Markdown. What people and agents wrote is framed, so that it can say nothing in the name of the
 * page; everything else is escaped. Pure.
 */
export function beadMarkdown(page: BeadPageInfo, diff: PageDiff): string {
  const bead = plainBead(page.bead);
  const { dependencies, dependents } = page.bead;
  const children = dependents.filter((other) => other.dependency_type === 'parent-child');
  const facts = [
    say(bead.id),
    say(bead.issue_type),
    say(bead.status),
    `P${bead.priority}`,
    ...(bead.assignee ? [l10n.t('assigned to {0}', say(bead.assignee))] : []),
    ...(bead.labels ?? []).map((label) => `\`${oneLine(label, 60).replace(/`/g, '')}\``),
  ];
  const sections = [
    `# ${say(bead.title, 500)}`,
    facts.join(' · '),
    partOf(dependencies),
    section(l10n.t('Why nobody begins'), page.why.map((reason) => `- ${whyText(reason, wording)}`).join('\n')),
    section(l10n.t('Description'), body(bead.description)),
    section(l10n.t('Design'), body(bead.design)),
    section(l10n.t('Acceptance criteria'), body(bead.acceptance_criteria)),
    section(l10n.t('Notes'), body(bead.notes)),
    section(
      l10n.t('Parts: {0} of {1} done', children.filter((child) => child.status === 'closed').length, children.length),
      related(children),
    ),
    section(l10n.t('Waits for'), related(dependencies.filter((other) => other.dependency_type !== 'parent-child'))),
    section(
      l10n.t('Needed by'),
      related(dependents.filter((other) => !['tracks', 'parent-child'].includes(other.dependency_type))),
    ),
    section(l10n.t('Convoys'), related(dependents.filter((other) => other.dependency_type === 'tracks'))),
    section(l10n.t('What went wrong last'), bead.status === 'closed' ? '' : trouble(page)),
    section(l10n.t('Who worked on it'), page.sessions.map(sessionLine).join('\n')),
    section(l10n.t('Merge requests'), page.merges.map(mergeText).join('\n\n')),
    section(l10n.t('Reviews'), page.reviews.map(reviewText).join('\n\n')),
    section(
      l10n.t('Comments'),
      (bead.comments ?? []).map((comment) => said(comment.author, comment.created_at, comment.text)).join('\n\n'),
    ),
    section(l10n.t('Diff'), diffText(diff)),
    section(l10n.t('History'), page.events.map(eventLine).join('\n')),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

/** The decisions of a role that is a rule of the engine: the audit trail of its ledger, newest first. */
export function decisionLogMarkdown(title: string, events: readonly AuditEvent[]): string {
  const lines = events.length > 0 ? events.map(eventLine).join('\n') : l10n.t('Nothing yet.');
  return `# ${escapeMarkdown(title)}\n\n${l10n.t('This role is a rule of the engine: it uses no model. What it decided, newest first:')}\n\n${lines}\n`;
}

/** `BeadDetails` leaves a key out of a type that allows any key, after which TypeScript knows none of them. */
export function plainBead(details: BeadDetails): Bead {
  return details as unknown as Bead;
}

/** Ids of other beads that a page names: when one of them changes, the page does. */
export function namedBeads(page: BeadPageInfo): string[] {
  return [...page.bead.dependencies, ...page.bead.dependents, ...page.merges].map((other) => other.id);
}

/** Links to pages beside this one, as `link` writes them. */
export const pageLink = /\[[^[\]\n]{1,200}\]\(([A-Za-z0-9][\w.-]*)\.md\)/g;

const wording: Wording = { bead: (ref) => link(ref.id, ref.title), name: (text) => say(text) };

/** Ids come from files that others wrote: one that is no plain name is no link. */
function link(id: string, title: string | undefined): string {
  const name = /^[A-Za-z0-9][\w.-]*$/.test(id) ? `[${say(id)}](${id}.md)` : say(id);
  return title === undefined ? name : `${name} ${say(title)}`;
}

/** A link to the page of a bead, by its id. */
export function pageLinkTo(id: string): string {
  return link(id, undefined);
}

function say(text: string, length = 120): string {
  return escapeMarkdown(oneLine(text, length));
}

function section(title: string, content: string): string {
  return content === '' ? '' : `## ${title}\n\n${content}`;
}

function body(value: string | undefined): string {
  return containMarkdown(value?.trim() ?? '');
}

function partOf(dependencies: BeadDetails['dependencies']): string {
  return dependencies
    .filter((other) => other.dependency_type === 'parent-child')
    .map((parent) => l10n.t('Part of {0}', link(parent.id, parent.title)))
    .join('\n');
}

function related(beads: BeadDetails['dependencies']): string {
  return beads
    .map((bead) => {
      const type = ['blocks', 'tracks', 'parent-child'].includes(bead.dependency_type)
        ? ''
        : ` (${say(bead.dependency_type)})`;
      return `- ${link(bead.id, bead.title)}: ${say(bead.status)}${type}`;
    })
    .join('\n');
}

/** What the next attempt is told; the output of gates is among it. */
function trouble({ problem, feedback }: BeadPageInfo): string {
  return [problem ? say(problem, 400) : '', feedback ? fenced(feedback) : ''].filter(Boolean).join('\n\n');
}

function sessionLine(session: WorkSession): string {
  const ended = session.ended === undefined ? l10n.t('works on it') : `${time(session.ended)} ${endText(session)}`;
  const restarts = session.restarts > 0 ? `, ${l10n.t('restarted {0} times', session.restarts)}` : '';
  const message = session.message ? `: ${say(session.message, 300)}` : '';
  return `- **${say(session.agent)}** ${l10n.t('attempt {0}', session.attempt)}: ${time(session.started)} – ${ended}${restarts}${message}`;
}

function endText({ end }: WorkSession): string {
  switch (end) {
    case 'done':
      return l10n.t('handed in');
    case 'merged':
      return l10n.t('handed in and merged');
    case 'sent_back':
      return l10n.t('handed in and sent back');
    case 'attempt_failed':
    case 'failed':
      return l10n.t('failed');
    case 'stopped':
      return l10n.t('stopped');
    case 'closed':
      return l10n.t('closed');
    default:
      return say(end ?? '');
  }
}

function mergeText(merge: MergeInfo): string {
  const facts = [
    say(merge.status),
    `\`${oneLine(merge.branch, 120).replace(/`/g, '')}\``,
    say(merge.commit.slice(0, 12)),
    say(merge.worker),
    time(merge.createdAt),
    ...(merge.retries > 0 ? [l10n.t('{0} retries', merge.retries)] : []),
    ...(merge.closedAt ? [l10n.t('closed {0}', time(merge.closedAt))] : []),
  ];
  return [
    `- ${link(merge.id, undefined)}: ${facts.join(' · ')}${merge.reason ? `: ${say(merge.reason, 400)}` : ''}`,
    ...merge.comments.map((comment) => said(comment.author, comment.at, comment.text)),
    merge.events
      .filter((event) => !['created', 'updated'].includes(event.type))
      .map((event) => `  ${eventLine(event)}`)
      .join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** A verdict, with what the author of the work had said before it. */
export function reviewText(
  review: Pick<BeadPageInfo['reviews'][number], 'by' | 'verdict' | 'message' | 'note' | 'at'>,
): string {
  const verdict = review.verdict === 'approved' ? l10n.t('approved') : l10n.t('rejected');
  const note = review.note ? `${l10n.t('The author said:')}\n\n${quoteMarkdown(review.note)}\n\n` : '';
  return `${note}**${say(review.by)}** ${verdict}, ${time(review.at)}\n\n${quoteMarkdown(review.message)}`;
}

function said(author: string, at: string, text: string): string {
  return `**${say(author)}**, ${time(at)}\n\n${quoteMarkdown(text)}`;
}

function diffText(diff: PageDiff): string {
  if (diff.kind === 'problem') return l10n.t('There is no diff: {0}.', say(diff.reason, 300));
  if (diff.kind === 'none') return '';
  const hash = (commit: string | undefined): string => say((commit ?? '').slice(0, 12));
  const what =
    diff.kind === 'merged'
      ? l10n.t('What landed as {0}', hash(diff.head))
      : l10n.t('{0} at {1}, since {2}', say(diff.branch ?? '', 200), hash(diff.head), hash(diff.base));
  const size = l10n.t('{0} files, +{1} −{2}', diff.files, diff.insertions, diff.deletions);
  const cut = diff.truncated ? `\n\n${l10n.t('Only its beginning is shown.')}` : '';
  return diff.text === '' ? `${what}: ${size}` : `${what}: ${size}\n\n${fenced(diff.text.trimEnd(), 'diff')}${cut}`;
}

function eventLine(event: AuditEvent): string {
  const change =
    event.old !== undefined && event.new !== undefined
      ? `${oneLine(event.old, 60)} → ${oneLine(event.new, 60)}`
      : oneLine(event.new ?? '', 60);
  const details = [event.bead ?? event.convoy ?? '', change, oneLine(event.message ?? '', 200)]
    .filter(Boolean)
    .map(escapeMarkdown)
    .join(' · ');
  return `- ${time(event.ts)} **${escapeMarkdown(event.type)}** ${details} _${escapeMarkdown(oneLine(event.actor, 80))}_`;
}

/** Local time, in a form that sorts. */
function time(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return escapeMarkdown(oneLine(iso, 40));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
