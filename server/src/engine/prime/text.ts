import type { ReviewNote } from '../../protocol/town';

/* Shared parts of the texts of all roles. Pure. */

/** Maximum number of characters of each part; longer ones are cut at the end, feedback at the beginning. */
export const LIMIT = { review: 4_000, description: 16_000, other: 8_000, comment: 2_000, feedback: 8_000, title: 300 };

/** The exchange between reviewers and the author. */
/** @param before earlier reviews, which are not repeated but counted as rounds */
export function exchange(reviews: readonly ReviewNote[], before: readonly ReviewNote[] = []): string[] {
  if (reviews.length === 0) return [];
  let round = 1 + before.filter(endsRound).length;
  const rounds = reviews.map((review) => {
    const number = round;
    if (endsRound(review)) round += 1;
    return [
      `### Round ${number}: ${review.verdict} by ${oneLine(review.by)}`,
      ...(review.note ? ["The author's note:", framed(cutEnd(review.note, LIMIT.comment))] : []),
      framed(cutEnd(review.message || '(no words)', LIMIT.review)),
    ].join('\n\n');
  });
  return ['## Reviews so far', ...rounds];
}

/** Whether a review ends a round: later ones are about another version. */
function endsRound({ part }: ReviewNote): boolean {
  return !part;
}

export function finish(parts: string[]): string {
  return `${parts.join('\n\n')}\n`;
}

/** Puts a text in a fence that is longer than any inside, so that the text cannot end it. */
export function framed(text: string): string {
  const clean = withoutControls(text).replace(/\r\n?/g, '\n').trimEnd();
  const longest = Math.max(0, ...[...clean.matchAll(/`{3,}/g)].map((match) => match[0].length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}text\n${clean}\n${fence}`;
}

export function cutEnd(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}\n[… ${text.length - limit} characters left out]`;
}

export function oneLine(text: string): string {
  return withoutControls(text).replace(/\s+/g, ' ').trim();
}

function withoutControls(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '');
}
