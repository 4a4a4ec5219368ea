import type { ChangedFile, ChangeInfo, MergeRequestInfo } from '../../../../server/src/protocol/town';
import { plural } from '../../../../server/src/base/text';
import { l10n } from '../../base/l10n';
import { escapeMarkdown, oneLine } from '../../base/text';
import { pageLinkTo, reviewText } from '../beads/beadMarkdown';
import { quoteMarkdown } from '../../ui/framedMarkdown';

/** Files of which there is text to compare. */
export function shownFiles(files: readonly ChangedFile[]): ChangedFile[] {
  return files.filter((file) => file.added !== undefined);
}

/** `3 files, +10 −2` */
export function changeSize(files: readonly ChangedFile[]): string {
  const sum = (key: 'added' | 'removed'): number => files.reduce((total, file) => total + (file[key] ?? 0), 0);
  return `${plural(files.length, l10n.t('file'), l10n.t('files'))}, +${sum('added')} −${sum('removed')}`;
}

/** The tab: each round of a bead has a name of its own. */
export function reviewTitle({ title, reviews }: Pick<MergeRequestInfo, 'title' | 'reviews'>): string {
  const round = reviews.filter((review) => review.verdict === 'rejected').length + 1;
  const name = l10n.t('Review {0}', oneLine(title, 60));
  return round === 1 ? name : l10n.t('{0} (round {1})', name, round);
}

/** What to know before reading the files: what its author says, what was said before, what is not shown. Pure. */
export function aboutMarkdown(info: MergeRequestInfo, change: ChangeInfo): string {
  const say = (text: string, length = 120): string => escapeMarkdown(oneLine(text, length));
  const section = (title: string, content: string): string[] => (content === '' ? [] : [`## ${title}\n\n${content}`]);
  const binary = change.files
    .filter((file) => file.added === undefined)
    .map((file) => `- ${say(file.path, 300)} (${l10n.t('binary')}, ${statusWord(file.status)})`);
  return `${[
    `# ${say(info.title, 500)}`,
    l10n.t('{0} by {1}: {2}.', pageLinkTo(info.bead), say(info.worker), changeSize(change.files)),
    ...section(l10n.t('What its author says'), info.note ? quoteMarkdown(info.note) : ''),
    ...section(l10n.t('Earlier reviews'), info.reviews.map(reviewText).join('\n\n')),
    ...section(l10n.t('Changed, but not shown'), binary.join('\n')),
  ].join('\n\n')}\n`;
}

function statusWord(status: ChangedFile['status']): string {
  switch (status) {
    case 'added':
      return l10n.t('added');
    case 'deleted':
      return l10n.t('deleted');
    case 'modified':
      return l10n.t('modified');
  }
}
