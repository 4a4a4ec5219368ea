import { countText, dollarText } from '../../../../server/src/base/amounts';
import { plural } from '../../../../server/src/base/text';
import type { AuditEvent, BeadDetails } from '../../../../server/src/protocol/bead';
import type { BeadDiffInfo, BeadPageInfo, MergeInfo, WorkSession } from '../../../../server/src/protocol/board';
import { l10n } from '../../base/editor';
import { capitalized, escapeLine, escapeMarkdown, fenced, oneLine } from '../../base/text';
import { reviewerLine } from '../review/reviewerLine';
import { whyNotText, type WhyNotFormat } from './whyNot';
import { containMarkdown, quoteMarkdown } from '../../ui/containedMarkdown';

/** A diff, or the reason why it cannot be shown. */
export type PageDiff = BeadDiffInfo | { kind: 'problem'; reason: string };

/**
 * The page of a bead in Markdown. Text by people and agents is quoted, so that it cannot look like a part of the
 * page; everything else is escaped. Pure.
 */
export function beadMarkdown(page: BeadPageInfo, diff: PageDiff): string {
  const { bead } = page;
  const { dependencies, dependents } = page.bead;
  const children = dependents.filter((other) => other.dependency_type === 'parent-child');
  const facts = [
    escapeLine(bead.id),
    escapeLine(bead.issue_type),
    escapeLine(bead.status),
    `P${bead.priority}`,
    ...(bead.assignee ? [l10n.t('assigned to {0}', escapeLine(bead.assignee))] : []),
    ...(bead.labels ?? []).map((label) => `\`${oneLine(label, 60).replace(/`/g, '')}\``),
  ];
  const sections = [
    `# ${escapeLine(bead.title, 500)}`,
    facts.join(' · '),
    partOf(dependencies),
    section(
      l10n.t('Not started because'),
      page.why.map((reason) => `- ${capitalized(whyNotText(reason, linked))}`).join('\n'),
    ),
    section(l10n.t('Description'), body(bead.description)),
    section(l10n.t('Design'), body(bead.design)),
    section(l10n.t('Acceptance criteria'), body(bead.acceptance_criteria)),
    section(l10n.t('Notes'), body(bead.notes)),
    section(
      l10n.t(
        'Children: {0} of {1} closed',
        children.filter((child) => child.status === 'closed').length,
        children.length,
      ),
      related(children),
    ),
    section(l10n.t('Depends on'), related(dependencies.filter((other) => other.dependency_type !== 'parent-child'))),
    section(
      l10n.t('Needed by'),
      related(dependents.filter((other) => !['tracks', 'parent-child'].includes(other.dependency_type))),
    ),
    section(l10n.t('Convoys'), related(dependents.filter((other) => other.dependency_type === 'tracks'))),
    section(l10n.t('Last failure'), bead.status === 'closed' ? '' : lastFailure(page)),
    section(l10n.t('Attempts'), page.sessions.map(sessionLine).join('\n')),
    section(l10n.t('Tokens'), page.usage.map(usageLine).join('\n')),
    section(l10n.t('Merge requests'), page.merges.map(mergeText).join('\n\n')),
    section(l10n.t('Reviews'), page.reviews.map(reviewText).join('\n\n')),
    section(
      l10n.t('Comments'),
      (bead.comments ?? []).map(({ author, created_at, text }) => comment(author, created_at, text)).join('\n\n'),
    ),
    section(l10n.t('Diff'), diffText(diff)),
    section(l10n.t('History'), page.events.map(eventLine).join('\n')),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

/** The decisions of a built-in role: the audit trail of its ledger, newest first. */
export function decisionLogMarkdown(title: string, events: readonly AuditEvent[]): string {
  const lines = events.length > 0 ? events.map(eventLine).join('\n') : l10n.t('None yet.');
  return `# ${escapeMarkdown(title)}\n\n${l10n.t('Built-in automation (no model, no tokens). Its decisions, newest first:')}\n\n${lines}\n`;
}

/** Ids of the other beads on a page: the page changes with them. */
export function namedBeads(page: BeadPageInfo): string[] {
  return [...page.bead.dependencies, ...page.bead.dependents, ...page.merges].map((other) => other.id);
}

/** Links to the pages of other beads, in the format of `link`. */
export const pageLink = /\[[^[\]\n]{1,200}\]\(([A-Za-z0-9][\w.-]*)\.md\)/g;

const linked: WhyNotFormat = { bead: (ref) => link(ref.id, ref.title), name: (text) => escapeLine(text) };

/** A link to a bead. Ids come from untrusted files: only a plain name becomes a link. */
function link(id: string, title: string | undefined): string {
  const name = /^[A-Za-z0-9][\w.-]*$/.test(id) ? `[${escapeLine(id)}](${id}.md)` : escapeLine(id);
  return title === undefined ? name : `${name} ${escapeLine(title)}`;
}

/** A link to the page of a bead, by its id. */
export function pageLinkTo(id: string): string {
  return link(id, undefined);
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
        : ` (${escapeLine(bead.dependency_type)})`;
      return `- ${link(bead.id, bead.title)}: ${escapeLine(bead.status)}${type}`;
    })
    .join('\n');
}

/** The text that the next attempt gets, such as the output of gates. */
function lastFailure({ problem, feedback }: BeadPageInfo): string {
  return [problem ? escapeLine(problem, 400) : '', feedback ? fenced(feedback) : ''].filter(Boolean).join('\n\n');
}

function sessionLine(session: WorkSession): string {
  const ended = session.ended === undefined ? l10n.t('working') : `${time(session.ended)} ${endText(session)}`;
  const restarts = session.restarts > 0 ? `, ${plural(session.restarts, l10n.t('restart'), l10n.t('restarts'))}` : '';
  const message = session.message ? `: ${escapeLine(session.message, 300)}` : '';
  return `- **${escapeLine(session.agent)}** ${l10n.t('attempt {0}', session.attempt)}: ${time(session.started)} – ${ended}${restarts}${message}`;
}

function usageLine({ by, model, input, cache_read, cache_write, output, cost }: BeadPageInfo['usage'][number]): string {
  const counts = l10n.t(
    '{0} read ({1} from the cache), {2} written',
    countText(input + cache_read + cache_write),
    countText(cache_read),
    countText(output),
  );
  const price = cost === undefined ? l10n.t('no price') : dollarText(cost);
  return `- **${escapeLine(by)}** ${escapeLine(model)}: ${counts}, ${price}`;
}

function endText({ end }: WorkSession): string {
  switch (end) {
    case 'done':
      return l10n.t('submitted');
    case 'merged':
      return l10n.t('merged');
    case 'sent_back':
      return l10n.t('changes requested');
    case 'attempt_failed':
    case 'failed':
      return l10n.t('failed');
    case 'stopped':
      return l10n.t('stopped');
    case 'closed':
      return l10n.t('closed');
    default:
      return escapeLine(end ?? '');
  }
}

function mergeText(merge: MergeInfo): string {
  const facts = [
    escapeLine(merge.status),
    `\`${oneLine(merge.branch, 120).replace(/`/g, '')}\``,
    escapeLine(merge.commit.slice(0, 12)),
    escapeLine(merge.worker),
    time(merge.createdAt),
    ...(merge.retries > 0 ? [plural(merge.retries, l10n.t('retry'), l10n.t('retries'))] : []),
    ...(merge.closedAt ? [l10n.t('closed {0}', time(merge.closedAt))] : []),
  ];
  return [
    `- ${link(merge.id, undefined)}: ${facts.join(' · ')}${merge.reason ? `: ${escapeLine(merge.reason, 400)}` : ''}`,
    merge.reviewers.map((reviewer) => `  - ${reviewerLine(reviewer)}`).join('\n'),
    ...merge.comments.map(({ author, at, text }) => comment(author, at, text)),
    merge.events
      .filter((event) => !['created', 'updated'].includes(event.type))
      .map((event) => `  ${eventLine(event)}`)
      .join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** A verdict, after the author's note. */
export function reviewText(
  review: Pick<BeadPageInfo['reviews'][number], 'by' | 'verdict' | 'message' | 'note' | 'at'>,
): string {
  const verdict = review.verdict === 'approved' ? l10n.t('approved') : l10n.t('rejected');
  const note = review.note ? `${l10n.t('Author’s note:')}\n\n${quoteMarkdown(review.note)}\n\n` : '';
  return `${note}**${escapeLine(review.by)}** ${verdict}, ${time(review.at)}\n\n${quoteMarkdown(review.message)}`;
}

function comment(author: string, at: string, text: string): string {
  return `**${escapeLine(author)}**, ${time(at)}\n\n${quoteMarkdown(text)}`;
}

function diffText(diff: PageDiff): string {
  if (diff.kind === 'problem') return l10n.t('Cannot show the diff: {0}.', escapeLine(diff.reason, 300));
  if (diff.kind === 'none') return '';
  const hash = (commit: string | undefined): string => escapeLine((commit ?? '').slice(0, 12));
  const what =
    diff.kind === 'merged'
      ? l10n.t('Merged as {0}', hash(diff.head))
      : l10n.t('{0} at {1}, since {2}', escapeLine(diff.branch ?? '', 200), hash(diff.head), hash(diff.base));
  const files = plural(diff.files, l10n.t('file'), l10n.t('files'));
  const size = `${files}, +${diff.insertions} −${diff.deletions}`;
  const cut = diff.truncated ? `\n\n${l10n.t('The diff is truncated.')}` : '';
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

/** A time as `2026-01-31 12:00:00` in local time. */
function time(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return escapeMarkdown(oneLine(iso, 40));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
