import type { ReviewerInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { escapeLine } from '../../base/text';

/** State of one reviewer, as Markdown: `✓ codex: approved`. Pure. */
export function reviewerLine({ name, state, by }: ReviewerInfo): string {
  const who =
    by === undefined || by === name ? escapeLine(name, 100) : `${escapeLine(name, 100)} (${escapeLine(by, 100)})`;
  const [mark, text] = stateText(state);
  return `${mark} ${who}: ${text}`;
}

function stateText(state: ReviewerInfo['state']): readonly [mark: string, text: string] {
  switch (state) {
    case 'to-do':
      return ['·', l10n.t('not asked yet')];
    case 'reviewing':
      return ['·', l10n.t('still reviewing')];
    case 'approved':
      return ['✓', l10n.t('approved')];
    case 'rejected':
      return ['✗', l10n.t('requests changes')];
    case 'no-answer':
      return ['!', l10n.t('did not answer; a person decides instead')];
  }
}
