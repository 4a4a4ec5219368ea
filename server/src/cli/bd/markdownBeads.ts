import { UserError } from '../../base/errors';
import type { BeadCreate } from '../../protocol/bead';
import { collect, parseDeps, parsePriority } from './options';

/**
 * Parses the beads of a Markdown file: each `## Title` is a bead; below it `### Description`, `### Priority`, `###
 * Type`, `### Assignee`, `### Labels`, `### Dependencies`, `### Design` and `### Acceptance Criteria`. Text right below
 * the title is the description.
 */
export function beadsOfMarkdown(text: string): BeadCreate.Params[] {
  const beads = text
    .replace(/\r\n/g, '\n')
    .split(/^## +/m)
    .slice(1)
    .map((part) => beadOf(part));
  if (beads.length === 0)
    throw new UserError('no issues found in markdown file', 'Each bead begins with a line "## Title".');
  return beads;
}

function beadOf(part: string): BeadCreate.Params {
  const [head = '', ...sections] = part.split(/^### +/m);
  const [title = '', ...lines] = head.split('\n');
  const bead: BeadCreate.Params = { title: title.trim() };
  const intro = lines.join('\n').trim();
  if (intro !== '') bead.description = intro;
  for (const section of sections) {
    const [name = '', ...rest] = section.split('\n');
    const text = rest.join('\n').trim();
    if (text !== '') setField(bead, name.trim().toLowerCase(), text);
  }
  return bead;
}

function setField(bead: BeadCreate.Params, name: string, text: string): void {
  const words = text.replace(/^[-*] +/gm, '').replace(/\s*\n\s*/g, ',');
  switch (name) {
    case 'description':
      bead.description = text;
      break;
    case 'priority':
      bead.priority = parsePriority(text);
      break;
    case 'type':
      bead.type = text;
      break;
    case 'assignee':
      bead.assignee = text;
      break;
    case 'labels':
      bead.labels = collect(words.replace(/ +/g, ','), undefined);
      break;
    case 'dependencies':
    case 'deps':
      bead.deps = parseDeps(words);
      break;
    case 'design':
      bead.design = text;
      break;
    case 'acceptance':
    case 'acceptance criteria':
      bead.acceptance = text;
      break;
    default:
      throw new UserError(`unknown section "### ${name}" below "## ${bead.title}"`);
  }
}
