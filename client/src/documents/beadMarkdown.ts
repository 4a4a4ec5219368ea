import type { AuditEvent, Bead, BeadDetails } from '../../../server/src/protocol/bead';
import { l10n } from '../base/l10n';
import { escapeMarkdown, oneLine } from '../base/text';

/** A bead as a page of Markdown. Its description stays as it was written; everything else is escaped. Pure. */
export function beadMarkdown(details: BeadDetails, events: readonly AuditEvent[]): string {
  const bead = plainBead(details);
  const facts = [
    escapeMarkdown(bead.id), escapeMarkdown(bead.issue_type), escapeMarkdown(bead.status), `P${bead.priority}`,
    ...(bead.assignee ? [l10n.t('assigned to {0}', escapeMarkdown(bead.assignee))] : []),
    ...(bead.labels ?? []).map((label) => `\`${label.replace(/`/g, '')}\``),
  ];
  const sections = [
    `# ${escapeMarkdown(oneLine(bead.title, 500))}`,
    facts.join(' · '),
    text(bead.description),
    section(l10n.t('Design'), text(bead.design)),
    section(l10n.t('Acceptance criteria'), text(bead.acceptance_criteria)),
    section(l10n.t('Notes'), text(bead.notes)),
    section(l10n.t('Waits for'), related(details.dependencies)),
    section(l10n.t('Needed by'), related(details.dependents.filter((other) => other.dependency_type !== 'tracks'))),
    section(l10n.t('Convoys'), related(details.dependents.filter((other) => other.dependency_type === 'tracks'))),
    section(l10n.t('Comments'), (bead.comments ?? []).map((comment) => `**${escapeMarkdown(comment.author)}**, ${time(comment.created_at)}\n\n${comment.text}`).join('\n\n')),
    section(l10n.t('History'), events.map(eventLine).join('\n')),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

/** The decisions of a role that is a rule of the engine: the audit trail of its ledger, newest first. */
export function decisionsMarkdown(title: string, events: readonly AuditEvent[]): string {
  const lines = events.length > 0 ? events.map(eventLine).join('\n') : l10n.t('Nothing yet.');
  return `# ${escapeMarkdown(title)}\n\n${l10n.t('This role is a rule of the engine: it uses no model. What it decided, newest first:')}\n\n${lines}\n`;
}

/** `BeadDetails` leaves a key out of a type that allows any key, after which TypeScript knows none of them. */
export function plainBead(details: BeadDetails): Bead {
  return details as unknown as Bead;
}

function section(title: string, body: string): string {
  return body === '' ? '' : `## ${title}\n\n${body}`;
}

function text(value: string | undefined): string {
  return value?.trim() ?? '';
}

function related(beads: BeadDetails['dependencies']): string {
  return beads.map((bead) => {
    const type = ['blocks', 'tracks'].includes(bead.dependency_type) ? '' : ` (${escapeMarkdown(bead.dependency_type)})`;
    return `- ${escapeMarkdown(bead.id)} ${escapeMarkdown(oneLine(bead.title))}: ${escapeMarkdown(bead.status)}${type}`;
  }).join('\n');
}

function eventLine(event: AuditEvent): string {
  const change = event.old !== undefined && event.new !== undefined ? `${oneLine(event.old, 60)} → ${oneLine(event.new, 60)}` : oneLine(event.new ?? '', 60);
  const details = [event.bead ?? event.convoy ?? '', change, oneLine(event.message ?? '', 200)].filter(Boolean).map(escapeMarkdown).join(' · ');
  return `- ${time(event.ts)} **${escapeMarkdown(event.type)}** ${details} _${escapeMarkdown(oneLine(event.actor, 80))}_`;
}

/** Local time, in a form that sorts. */
function time(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return escapeMarkdown(oneLine(iso, 40));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
