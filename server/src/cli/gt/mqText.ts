import { plural } from '../../base/text';
import type {
  CheckInfo,
  DirectLandingResult,
  GateLog,
  LandingCheck,
  MergeRequestInfo,
  MqSubmit,
  ProcessedRequest,
  ReviewerInfo,
} from '../../protocol/town';
import { indent } from '../shared/output';

/** How merge requests are printed. */

const SHORT_COMMIT = 12;

export function queueLine(info: MergeRequestInfo): string {
  const notes = [
    stateText(info),
    placeText(info),
    info.retries > 0 ? plural(info.retries, 'retry', 'retries') : '',
    info.landing ? '' : info.worker,
    `onto ${info.target}`,
    info.parts ? `touches ${info.parts.join(', ')} alone` : '',
    overlapText(info),
  ];
  return `${info.bead} ${info.title} (${notes.filter(Boolean).join('; ')})`;
}

/** Other requests that change the same files. */
function overlapText({ overlaps }: MergeRequestInfo): string {
  const [first, ...others] = overlaps;
  if (!first) return '';
  const more = others.length > 0 ? ` and with ${plural(others.length, 'other')}` : '';
  return `overlaps with ${first.bead} in ${plural(first.files, 'file')}${more}`;
}

/** Position in the queue; empty for an ended request. */
function placeText({ closedAt, order, score }: MergeRequestInfo): string {
  if (closedAt !== undefined) return '';
  if (order !== 0) return order < 0 ? 'first' : 'last';
  return `score ${score}`;
}

function stateText(info: MergeRequestInfo): string {
  if (info.state === 'merged')
    return `merged as ${info.landed?.slice(0, SHORT_COMMIT) ?? '(unknown commit)'}${info.direct ? ', directly' : ''}`;
  if (info.state === 'no-change') return 'ended without a change';
  if (info.state === 'rejected') return 'sent back';
  if (info.waitsFor === 'steps') return 'waits for its steps';
  if (info.waitsFor === 'gate') return 'failed a gate, which is being re-run';
  if (info.waitsFor === 'search') return 'its batch failed a gate and is being bisected';
  if (info.waitsFor === 'pull-request') return `waits for pull request #${info.pullRequest?.number}`;
  if (info.waitsFor === 'retry') return `waits until ${info.waitsUntil}`;
  if (info.state !== 'reviewing') return info.state;
  const answered = info.reviewers.filter(({ state }) => state === 'approved').length;
  const of = info.reviewers.length > 1 ? `, ${answered} of ${info.reviewers.length} approved` : '';
  return `${info.needsPerson ? "waits for a person's review" : 'in review'}${of}`;
}

export function statusLines(info: MergeRequestInfo): string[] {
  const { direct, validation } = info;
  const skipped = [direct?.force ? '--force' : '', direct?.skipTests ? '--skip-tests' : ''].filter(Boolean).join(' ');
  return [
    `${info.bead} ${info.title}`,
    `  merge request ${info.id}, ${info.rig}, ${info.landing ? 'lands the convoy' : `by ${info.worker}`}`,
    `  branch ${info.branch}, commit ${info.commit.slice(0, SHORT_COMMIT)}, onto ${info.target}`,
    `  ${stateText(info)}${info.approvedBy ? `, approved by ${info.approvedBy}` : ''}`,
    ...(info.parts ? [`  touches ${info.parts.join(', ')} alone`] : []),
    ...(info.closedAt === undefined ? [`  ${placeText(info)}, priority ${info.priority}`] : []),
    ...(info.overlaps.length > 0 ? [`  ${overlapText(info)}`] : []),
    ...(info.retries > 0 ? [`  ${plural(info.retries, 'retry', 'retries')}`] : []),
    ...(info.reason === undefined ? [] : [`  ${info.closedAt === undefined ? 'problem' : 'reason'}: ${info.reason}`]),
    ...(direct ? [`  landed directly by ${direct.by}${skipped ? ` (${skipped})` : ''}`] : []),
    ...(validation ? [`  validated by ${validation.validated_by}: ${signals(validation.quality_signals)}`] : []),
    ...(info.pullRequest ? [`  pull request ${info.pullRequest.url}${info.pullRequest.open ? '' : ', closed'}`] : []),
    ...(info.note ? [`  author's note: ${info.note}`] : []),
    ...judgementLines(info),
  ];
}

/** Results of its checks, its reviewers, and its reviews. */
export function judgementLines(
  info: Pick<MergeRequestInfo, 'checks' | 'reviewers' | 'reviewsNeeded' | 'reviews'>,
): string[] {
  return [
    ...(info.checks.length > 0 ? ['', '  checks', ...info.checks.map((check) => `    ${checkText(check)}`)] : []),
    ...reviewerLines(info),
    ...info.reviews.flatMap((review) => [
      '',
      `  ${review.verdict} by ${review.by}, ${review.at}`,
      ...(review.message === '' ? [] : [indent(review.message, 4)]),
    ]),
  ];
}

const REVIEWER_STATES: Readonly<Record<ReviewerInfo['state'], string>> = {
  'to-do': '· not asked yet',
  reviewing: '· reviewing',
  approved: '✓ approved',
  rejected: '✗ requests changes',
  'no-answer': '! did not answer: a person decides instead',
};

/** One line for each of several reviewers; none for a single reviewer, whose review is shown anyway. */
function reviewerLines({ reviewers, reviewsNeeded }: Pick<MergeRequestInfo, 'reviewers' | 'reviewsNeeded'>): string[] {
  if (reviewers.length < 2) return [];
  const width = Math.max(...reviewers.map(({ name }) => name.length));
  return [
    '',
    `  reviewers (${reviewsNeeded === 'all' ? 'all have to approve' : 'one approval is enough'})`,
    ...reviewers.map(({ name, state, by, waitsUntil }) => {
      const more = [by === undefined || by === name ? '' : by, waitsUntil ? `asked again at ${waitsUntil}` : ''];
      const text = more.filter(Boolean).join(', ');
      return `    ${name.padEnd(width)}  ${REVIEWER_STATES[state]}${text ? ` (${text})` : ''}`;
    }),
  ];
}

function signals(record: Readonly<Record<string, boolean | null>>): string {
  const known = Object.entries(record).filter(([, value]) => value !== null);
  return known.length === 0 ? 'not checked' : known.map(([name, value]) => `${name}=${value}`).join(', ');
}

function checkText({ gate, passed, seconds }: CheckInfo): string {
  const time = seconds === undefined ? 'cached' : `${seconds.toFixed(1)} s`;
  return `${passed ? '✓' : '✗'} ${gate} (${time})`;
}

export function logLines({ bead, logs }: { bead: string; logs: readonly GateLog[] }): string[] {
  if (logs.length === 0) return [`No gate has run for ${bead}`];
  return logs.flatMap(({ gate, path, at, text }, index) => [
    ...(index === 0 ? [] : ['']),
    `${gate}, ${at}: ${path}`,
    indent(text.trim() === '' ? '(no output)' : text, 2),
  ]);
}

export function processedLines(rig: string, requests: readonly ProcessedRequest[]): string[] {
  if (requests.length === 0) return [`The merge queue of ${rig} is empty`];
  return requests.map(({ bead, title, state, landed, reason }) => {
    const mark = state === 'merged' ? '✓' : state === 'queued' || state === 'reviewing' ? '·' : '✗';
    const what = {
      merged: `merged as ${landed?.slice(0, SHORT_COMMIT)}`,
      'no-change': 'ended without a change',
      rejected: 'sent back to its author',
      withdrawn: 'withdrawn',
      failed: 'given up',
      merging: 'being merged',
      queued: 'still in the queue',
      reviewing: 'waits for its review',
    }[state];
    return `${mark} ${bead} ${title}: ${what}${reason && state !== 'merged' ? ` (${reason})` : ''}`;
  });
}

const CHECK_NAMES: Readonly<Record<LandingCheck['name'], string>> = {
  session: 'its session has ended',
  worktree: 'its worktree is clean',
  conflicts: 'no conflict with the target',
  tests: 'its gates pass',
};
const OUTCOMES: Readonly<Record<LandingCheck['outcome'], string>> = {
  passed: '✓',
  failed: '✗',
  skipped: '- skipped:',
  'not-run': '- not run:',
};

export function landingLines(result: DirectLandingResult): string[] {
  const { agent, bead, title, landed, snapshot } = result;
  const failed = result.checks.some(({ outcome }) => outcome === 'failed');
  return [
    landed === undefined
      ? `${bead} ${title}, by ${agent}: ${failed ? 'would not land' : 'would land'}`
      : `✓ Landed ${bead} ${title} as ${landed.slice(0, SHORT_COMMIT)}`,
    ...result.checks.map(
      ({ name, outcome, detail }) => `  ${OUTCOMES[outcome]} ${CHECK_NAMES[name]}${detail ? ` (${detail})` : ''}`,
    ),
    ...result.files.map(({ path, status, added, removed }) =>
      added === undefined ? `  ${status} ${path} (binary)` : `  ${status} ${path} (+${added} −${removed})`,
    ),
    ...(snapshot === undefined ? [] : [`  snapshot of its worktree: ${snapshot}`]),
    ...(landed !== undefined && result.keptBranch ? [`  the branch ${result.branch} is still there`] : []),
  ];
}

export function submittedLines({ bead, mergeRequest, isDirty }: MqSubmit.Result): string[] {
  return [
    `✓ ${bead} is in the merge queue (${mergeRequest})`,
    ...(isDirty ? ['  Changes that are not committed are not part of it.'] : []),
  ];
}
