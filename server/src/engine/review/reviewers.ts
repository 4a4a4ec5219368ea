import type { ReviewSetting, SeveralReviewers } from '../../protocol/town';
import { MAIN_REVIEWER } from '../../town/layout';
import type { ReviewerState } from '../state/work';

/**
 * The reviewers of a change, and the result of their verdicts. Pure. A reviewer is named `person`, `script`, `agent`
 * (the runtime that the rig's setting `reviewer` names) or after the runtime that it runs.
 */

export const PERSON = 'person';
export const SCRIPT = 'script';

export type ReviewAnswer = NonNullable<ReviewerState['answer']>;

export type ReviewStates = Readonly<Record<string, ReviewerState>>;

/** Every form of the setting as a list: empty where nobody reviews. */
export function reviewersOf(setting: ReviewSetting): SeveralReviewers {
  if (typeof setting !== 'string') return setting;
  return { reviewers: setting === 'off' ? [] : [setting], needed: 'all' };
}

export function isAgentReviewer(reviewer: string): boolean {
  return reviewer !== PERSON && reviewer !== SCRIPT;
}

/** As people and agents read it in a list of several. */
export function reviewerTitle(reviewer: string): string {
  if (reviewer === PERSON) return 'a person';
  if (reviewer === SCRIPT) return 'the review command';
  return reviewer === MAIN_REVIEWER ? "the rig's reviewer" : reviewer;
}

/**
 * The combined verdict. Verdicts of reviewers that are no longer in the settings are ignored. `all`: one rejection is
 * enough, and every approval is needed. `any`: the first approval is enough; where all have answered and none has
 * approved, it is rejected.
 */
export function outcomeOf(setting: ReviewSetting, states: ReviewStates): 'waiting' | 'approved' | 'rejected' {
  const { reviewers, needed } = reviewersOf(setting);
  const verdicts = reviewers.map((reviewer) => states[reviewer]?.answer?.verdict);
  if (reviewers.length === 0) return 'waiting';
  const every = (verdict: 'approved' | 'rejected'): boolean => verdicts.every((given) => given === verdict);
  if (needed === 'all') return verdicts.includes('rejected') ? 'rejected' : every('approved') ? 'approved' : 'waiting';
  return verdicts.includes('approved') ? 'approved' : every('rejected') ? 'rejected' : 'waiting';
}

/** Reviewers whose answer is still missing. */
export function unansweredBy(setting: ReviewSetting, states: ReviewStates): string[] {
  return reviewersOf(setting).reviewers.filter((reviewer) => !states[reviewer]?.answer);
}

/** Whether a person has to look: as one of the reviewers, or in place of one that does not answer. */
export function waitsForPerson(setting: ReviewSetting, states: ReviewStates): boolean {
  return unansweredBy(setting, states).some((reviewer) => reviewer === PERSON || states[reviewer]?.person === true);
}

/**
 * For which reviewers a person answers: for itself and for those that do not answer; where it is none of the reviewers,
 * or says so (`forAll`), for all whose answer is missing.
 */
export function answeredByPerson(setting: ReviewSetting, states: ReviewStates, forAll: boolean): string[] {
  const { reviewers } = reviewersOf(setting);
  if (forAll || !reviewers.includes(PERSON))
    return reviewers.filter((reviewer) => reviewer === PERSON || !states[reviewer]?.answer);
  return reviewers.filter(
    (reviewer) => reviewer === PERSON || (states[reviewer]?.person === true && !states[reviewer].answer),
  );
}

/** The answers that count, each once: a person may have answered for several. */
function answersOf(setting: ReviewSetting, states: ReviewStates): ReviewAnswer[] {
  const names = new Set([...reviewersOf(setting).reviewers, PERSON]);
  const answers = [...names].flatMap((reviewer) => states[reviewer]?.answer ?? []);
  return answers.filter(
    (answer, index) => answers.findIndex(({ by, at }) => by === answer.by && at === answer.at) === index,
  );
}

/** Who has approved, and what was said with it. */
export function approvalOf(setting: ReviewSetting, states: ReviewStates): { by: string; message: string } {
  const approvals = answersOf(setting, states).filter(({ verdict }) => verdict === 'approved');
  return {
    by: approvals.map(({ by }) => by).join(', '),
    message: approvals
      .map(({ message }) => message)
      .filter((message) => message.trim() !== '')
      .join('\n\n'),
  };
}

/** What its author is told: the words of the only reviewer, or those of all that have answered. */
export function feedbackOf(setting: ReviewSetting, states: ReviewStates): { by: string; message: string } {
  const answers = answersOf(setting, states);
  const rejections = answers.filter(({ verdict }) => verdict === 'rejected');
  const approvals = answers.filter(({ verdict, message }) => verdict === 'approved' && message.trim() !== '');
  const by = rejections.map((answer) => answer.by).join(', ');
  const [only, ...others] = [...rejections, ...approvals];
  if (only && others.length === 0) return { by, message: only.message };
  return {
    by,
    message: [...rejections, ...approvals]
      .map(
        (answer) =>
          `${answer.by} ${answer.verdict === 'rejected' ? 'requests changes' : 'approves'}:\n${answer.message}`,
      )
      .join('\n\n'),
  };
}
