import type { ChangedFile, CheckInfo, ChangeInfo, MergeRequestInfo } from '../../../../server/src/protocol/town';
import { plural } from '../../../../server/src/base/text';
import { l10n } from '../../base/editor';
import { escapeLine, oneLine } from '../../base/text';
import { pageLinkTo, reviewText } from '../beads/beadMarkdown';
import { reviewerLine } from './reviewerLine';
import { quoteMarkdown } from '../../ui/containedMarkdown';

/** The text files of a change, which can be compared. */
export function shownFiles(files: readonly ChangedFile[]): ChangedFile[] {
  return files.filter((file) => file.added !== undefined);
}

/** `3 files, +10 −2` */
export function changeSize(files: readonly ChangedFile[]): string {
  const sum = (key: 'added' | 'removed'): number => files.reduce((total, file) => total + (file[key] ?? 0), 0);
  return `${plural(files.length, l10n.t('file'), l10n.t('files'))}, +${sum('added')} −${sum('removed')}`;
}

/** Label of the tab; different for each review round of a bead. */
export function reviewTitle({ title, reviews }: Pick<MergeRequestInfo, 'title' | 'reviews'>): string {
  const round = reviews.filter((review) => review.verdict === 'rejected').length + 1;
  const name = l10n.t('Review {0}', oneLine(title, 60));
  return round === 1 ? name : l10n.t('{0} (round {1})', name, round);
}

/** The page before the files: the author's note, earlier reviews, and files that cannot be shown. Pure. */
export function aboutMarkdown(info: MergeRequestInfo, change: ChangeInfo): string {
  const section = (title: string, content: string): string[] => (content === '' ? [] : [`## ${title}\n\n${content}`]);
  const binary = change.files
    .filter((file) => file.added === undefined)
    .map((file) => `- ${escapeLine(file.path, 300)} (${l10n.t('binary')}, ${statusText(file.status)})`);
  return `${[
    `# ${escapeLine(info.title, 500)}`,
    l10n.t('{0} by {1}: {2}.', pageLinkTo(info.bead), escapeLine(info.worker), changeSize(change.files)),
    ...section(l10n.t('Checks'), info.checks.map(checkLine).join('\n')),
    ...section(l10n.t('Reviewers'), reviewersMarkdown(info)),
    ...section(l10n.t('Author’s note'), info.note ? quoteMarkdown(info.note) : ''),
    ...section(l10n.t('Earlier reviews'), info.reviews.map(reviewText).join('\n\n')),
    ...section(l10n.t('Changed files that are not shown'), binary.join('\n')),
  ].join('\n\n')}\n`;
}

/** Lines for several reviewers; empty for a single one. */
function reviewersMarkdown({ reviewers, reviewsNeeded }: MergeRequestInfo): string {
  if (reviewers.length < 2) return '';
  const needed = reviewsNeeded === 'all' ? l10n.t('All of them have to approve.') : l10n.t('One approval is enough.');
  return [needed, reviewers.map((reviewer) => `- ${reviewerLine(reviewer)}`).join('\n')].join('\n\n');
}

/** Gate results, shown where the user decides on the change. */
function checkLine({ gate, passed, seconds }: CheckInfo): string {
  const time = seconds === undefined ? l10n.t('cached') : l10n.t('{0} s', seconds.toFixed(1));
  return `- ${passed ? '✓' : '✗'} ${escapeLine(gate, 100)} (${time})`;
}

function statusText(status: ChangedFile['status']): string {
  switch (status) {
    case 'added':
      return l10n.t('added');
    case 'deleted':
      return l10n.t('deleted');
    case 'modified':
      return l10n.t('modified');
  }
}
