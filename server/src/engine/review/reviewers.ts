import type { ReviewSetting, SeveralReviewers } from '../../protocol/town';
import { MAIN_REVIEWER } from '../../town/layout';
import type { ReviewerState } from '../state/work';

/*
 * The reviewers of a change, and the result of their verdicts. Pure. A reviewer is named `person`, `script`, `agent`
 * (the runtime that the rig's setting `reviewer` names) or after the runtime that it runs.
 */

export const PERSON = 'person';
export const SCRIPT = 'script';

export type ReviewAnswer = NonNullable<ReviewerState['answer']>;

export type ReviewStates = Readonly<Record<string, ReviewerState>>;

/** Every form of the setting as a list: empty without reviews. */
export function reviewersOf(setting: ReviewSetting): SeveralReviewers {
  if (typeof setting !== 'string') return setting;
  return { reviewers: setting === 'off' ? [] : [setting], needed: 'all' };
}

export function isAgentReviewer(reviewer: string): boolean {
  return reviewer !== PERSON && reviewer !== SCRIPT;
}

/** Title of a reviewer in a list. */
export function reviewerTitle(reviewer: string): string {
  if (reviewer === PERSON) return 'a person';
  if (reviewer === SCRIPT) return 'the review command';
  return reviewer === MAIN_REVIEWER ? "the rig's reviewer" : reviewer;
}

/**
 * The combined verdict. Verdicts of reviewers that are no longer in the settings are ignored. `all`: one rejection is
 * enough, and every approval is needed. `any`: the first approval is enough; if all have answered and none has
 * approved, the change is rejected.
 */
export function outcomeOf(setting: ReviewSetting, states: ReviewStates): 'waiting' | 'approved' | 'rejected' {
  const { reviewers, needed } = reviewersOf(setting);
  const verdicts = reviewers.map((reviewer) => states[reviewer]?.answer?.verdict);
  if (reviewers.length === 0) return 'waiting';
  const every = (verdict: 'approved' | 'rejected'): boolean => verdicts.every((given) => given === verdict);
  if (needed === 'all') return verdicts.includes('rejected') ? 'rejected' : every('approved') ? 'approved' : 'waiting';
  return verdicts.includes('approved') ? 'approved' : every('rejected') ? 'rejected' : 'waiting';
}

/** Reviewers whose verdict is still missing. */
export function unansweredBy(setting: ReviewSetting, states: ReviewStates): string[] {
  return reviewersOf(setting).reviewers.filter((reviewer) => !states[reviewer]?.answer);
}

/** Whether a person has to review: as one of the reviewers, or instead of one that does not answer. */
export function waitsForPerson(setting: ReviewSetting, states: ReviewStates): boolean {
  return unansweredBy(setting, states).some((reviewer) => reviewer === PERSON || states[reviewer]?.person === true);
}

/**
 * The reviewers whom a person's verdict stands for: `person` and those that do not answer; all missing ones if `person`
 * is not a reviewer, or with `forAll`.
 */
export function answeredByPerson(setting: ReviewSetting, states: ReviewStates, forAll: boolean): string[] {
  const { reviewers } = reviewersOf(setting);
  if (forAll || !reviewers.includes(PERSON))
    return reviewers.filter((reviewer) => reviewer === PERSON || !states[reviewer]?.answer);
  return reviewers.filter(
    (reviewer) => reviewer === PERSON || (states[reviewer]?.person === true && !states[reviewer].answer),
  );
}

/** The valid verdicts, each once: a person may have answered for several reviewers. */
function answersOf(setting: ReviewSetting, states: ReviewStates): ReviewAnswer[] {
  const names = new Set([...reviewersOf(setting).reviewers, PERSON]);
  const answers = [...names].flatMap((reviewer) => states[reviewer]?.answer ?? []);
  return answers.filter(
    (answer, index) => answers.findIndex(({ by, at }) => by === answer.by && at === answer.at) === index,
  );
}

/** Names of the approving reviewers, and their messages. */
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

/** Feedback for the author: the message of the only reviewer, or those of all that have answered. */
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
