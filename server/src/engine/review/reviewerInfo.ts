import type { ReviewerInfo, ReviewNote, ReviewSetting } from '../../protocol/town';
import type { MergeRequest, ReviewerState, Work } from '../state/work';
import { PERSON, reviewersOf } from './reviewers';

/** The reviewers of this version of a change, for people and agents. */
export function reviewerInfos(
  setting: ReviewSetting,
  review: MergeRequest['review'],
): { reviewers: ReviewerInfo[]; reviewsNeeded: 'all' | 'any' } {
  const { reviewers, needed } = reviewersOf(setting);
  const states = review?.reviewers ?? {};
  // Also former reviewers that have answered.
  const answered = Object.keys(states).filter((name) => states[name]?.answer && !reviewers.includes(name));
  const isOver = review?.state === 'approved';
  return {
    reviewers: [...reviewers, ...answered]
      .map((name) => reviewerInfo(name, states[name], review?.patch))
      // Others are no longer needed.
      .filter(({ state }) => !isOver || state === 'approved' || state === 'rejected'),
    reviewsNeeded: needed,
  };
}

function reviewerInfo(name: string, state: ReviewerState | undefined, patch: string | undefined): ReviewerInfo {
  if (state?.answer) {
    const { verdict, by, message, at } = state.answer;
    return { name, state: verdict, by, message, at };
  }
  if (state?.person) return { name, state: 'no-answer' };
  const isShown = state?.shown !== undefined && state.shown === patch;
  return {
    name,
    state: isShown || (name === PERSON && patch !== undefined) ? 'reviewing' : 'to-do',
    waitsUntil: state?.notBefore,
  };
}

/** A review, for people and agents. */
export function reviewNote({ by, verdict, message, note, at, part }: Work['reviews'][number]): ReviewNote {
  return { by, verdict, message, note, at, ...(part ? { part } : {}) };
}
