import { dollarText } from '../../base/amounts';
import { elapsedText } from '../../base/elapsed';
import { plural } from '../../base/text';
import type { ConvoyEnd, ConvoyStatus } from '../../protocol/convoy';
import type { PlanCheck, PlanFinding, StagedPlan, Started } from '../../protocol/convoyPlan';
import type { BeadInfo, ConvoyInfo, FeatureState } from '../../protocol/snapshot';
import { beadMark, beadNotes } from '../shared/townText';

/** One convoy with its beads, laid out as in the Go `gt`. */
export function convoyStatusLines(convoy: ConvoyStatus): string[] {
  return [
    `🚚 ${convoy.id}: ${convoy.title}`,
    '',
    `  Status:    ${convoyState(convoy)}`,
    `  Progress:  ${convoy.done}/${convoy.total} completed`,
    `  Created:   ${localTime(convoy.createdAt)}`,
    ...(convoy.launchedAt === undefined ? [] : [`  Launched:  ${localTime(convoy.launchedAt)}`]),
    ...(convoy.landedAt === undefined
      ? []
      : [`  ${convoy.cancelled === undefined ? 'Landed' : 'Closed'}:    ${localTime(convoy.landedAt)}`]),
    ...(convoy.cancelled === undefined ? [] : [`  Reason:    ${convoy.cancelled}`]),
    ...(convoy.pause
      ? [
          `  Paused:    ${localTime(convoy.pause.at)} by ${convoy.pause.by}${convoy.pause.reason ? `: ${convoy.pause.reason}` : ''}`,
        ]
      : []),
    ...featureLines(convoy),
    ...(convoy.notify.length > 0
      ? [
          `  Notify:    ${convoy.notify.map((to) => (convoy.nudge?.includes(to) ? `${to} (also in its terminal)` : to)).join(', ')}`,
        ]
      : []),
    '',
    convoy.tracked.length > 0 ? '  Tracked Issues:' : '  Tracked Issues: none',
    ...convoy.tracked.map((bead) => `    ${issueLine(bead)}`),
    ...findingLines(convoy),
    ...startHint(convoy).map((line) => `  ${line}`),
  ];
}

/** The feature branch of a convoy, and its state in each rig. */
function featureLines({ feature, status }: ConvoyInfo): string[] {
  if (!feature) return [];
  const rigs = feature.rigs.map(({ rig, ahead, state, landed, mergeRequest }) => {
    const commits = ahead === undefined ? '' : `, ${plural(ahead, 'commit')} ahead`;
    const what =
      landed === undefined ? FEATURE_STATES[status === 'closed' ? 'kept' : state] : `landed as ${landed.slice(0, 12)}`;
    return `             ${rig}${commits}: ${what}${mergeRequest === undefined ? '' : ` (${mergeRequest})`}`;
  });
  return [`  Branch:    ${feature.branch}`, ...rigs];
}

const FEATURE_STATES: Readonly<Record<FeatureState | 'kept', string>> = {
  collecting: 'collects its beads',
  reviewing: 'landing review',
  queued: 'waits to land',
  merging: 'lands now',
  failed: 'cannot land: see "gt mq status"',
  landed: 'landed',
  kept: 'not landed; its commits are kept under refs/gastown/convoy/ of the repository of the rig',
};

/** All convoys that are not closed, one line each. */
export function convoySummaryLines(convoys: readonly ConvoyInfo[]): string[] {
  if (convoys.length === 0) return ['No open convoys'];
  return [
    ...convoys.map(
      (convoy) => `🚚 ${convoy.id}: ${convoy.title}  ${convoyState(convoy)}  ${convoy.done}/${convoy.total} completed`,
    ),
    '',
    'Beads of one: gt convoy status <convoy>',
  ];
}

/** One convoy as a line of a list. */
export function convoyListLine(convoy: ConvoyInfo): string {
  return `${convoy.id} ${convoy.done}/${convoy.total} ${stateText(convoy)} ${convoy.title}`;
}

/** A convoy as a line of a list, with its beads below it. */
export function convoyTreeLines(convoy: ConvoyStatus): string[] {
  const { tracked } = convoy;
  return [
    convoyListLine(convoy),
    ...tracked.map((bead, index) => `${index === tracked.length - 1 ? '└──' : '├──'} ${issueLine(bead)}`),
  ];
}

/** Errors and warnings, each with what to do about it. */
export function findingLines({ errors, warnings }: Pick<PlanCheck, 'errors' | 'warnings'>): string[] {
  const line = (mark: string, { message, suggested_fix: fix }: PlanFinding): string =>
    `  ${mark} ${message}${fix === undefined ? '' : ` (${fix})`}`;
  return [...errors.map((finding) => line('✗', finding)), ...warnings.map((finding) => line('!', finding))];
}

/** A checked plan: its waves, its findings, and the estimated time. */
export function planLines(plan: StagedPlan): string[] {
  const count = plan.waves.reduce((sum, { tasks }) => sum + tasks.length, 0);
  const head =
    plan.status === 'error'
      ? `✗ Not staged: ${plan.title} has ${plural(plan.errors.length, 'error')}`
      : `✓ ${plan.launched ? 'Launched' : plan.restaged ? 'Staged again' : 'Staged'} ${plan.convoy_id}: ${plan.title} (${plural(count, 'bead')}, ${plan.status})`;
  return [
    head,
    ...plan.waves.flatMap(({ number, tasks }) => [
      `  Wave ${number}:`,
      ...tasks.map(
        (task) =>
          `    ${task.id}: ${task.title} [${task.type}]${task.rig === undefined ? '' : ` in ${task.rig}`}${task.blocked_by ? `, after ${task.blocked_by.join(', ')}` : ''}`,
      ),
    ]),
    ...findingLines(plan),
    `  ${forecastText(plan)}`,
    ...costLines(plan).map((line) => `  ${line}`),
    ...(plan.status === 'error' || plan.launched
      ? []
      : [`  Launch: gt convoy launch ${plan.convoy_id}${plan.status === 'staged_warnings' ? ' --force' : ''}`]),
    ...enginePausedHint(plan).map((line) => `  ${line}`),
  ];
}

function forecastText({ forecast: { minutes, samples, unknown } }: StagedPlan): string {
  const missing = unknown.length > 0 ? `nothing like ${unknown.join(', ')} has been finished yet` : '';
  if (minutes === undefined) return `Time: unknown${missing && `; ${missing}`}`;
  const hours = elapsedText(0, minutes * 60_000);
  const basis = `median of ${plural(samples, 'finished bead')}`;
  return missing ? `Time: at least ${hours} (${basis}); ${missing}` : `Time: about ${hours} (${basis})`;
}

function costLines({ forecast: { cost, cost_unknown: unknown = 0 } }: StagedPlan): string[] {
  if (cost === undefined) return [];
  const missing = unknown > 0 ? `, and ${plural(unknown, 'bead')} whose cost is unknown` : '';
  return [`Cost: about ${dollarText(cost)} (medians of finished beads)${missing}`];
}

/** What is missing if work was started while the engine is paused. */
export function enginePausedHint({ enginePaused }: Started): string[] {
  return enginePaused ? ['The engine is paused: nothing starts until: gt up'] : [];
}

/** What keeps the beads of a convoy from starting, and how to start them. */
export function startHint(convoy: ConvoyInfo & Started): string[] {
  if (convoy.paused) return [`Paused: none of its beads starts. Resume: gt convoy resume ${convoy.id}`];
  if (convoy.status === 'closed') return [];
  if (convoy.launchedAt !== undefined) return convoy.done === convoy.total ? [] : enginePausedHint(convoy);
  if (convoy.status !== 'open') return [`Staged: nothing starts until: gt convoy launch ${convoy.id}`];
  if (convoy.total === 0) return [`It tracks no beads yet: gt convoy add ${convoy.id} <bead>`];
  if (convoy.done === convoy.total) return [];
  return [`Not launched. Start all of its beads: gt convoy launch ${convoy.id}; one of them: gt sling <bead> <rig>`];
}

/** What happens to the beads of a closed convoy. */
export function endLines({ running, waiting, feature, cancelled }: ConvoyEnd): string[] {
  const kept = feature?.rigs.filter(({ landed }) => landed === undefined).map(({ rig }) => rig) ?? [];
  if (feature && cancelled !== undefined)
    return [
      ...(kept.length > 0
        ? [
            `  Nothing of it lands. ${feature.branch} is deleted; its commits are kept as refs/gastown/${feature.branch} in .repo.git of ${kept.join(', ')}`,
          ]
        : ['  Nothing of it lands: no bead was on its branch yet']),
      ...(running.length > 0 ? [`  Stopped: ${running.join(', ')}; sling them to continue without the convoy`] : []),
      ...(waiting.length > 0 ? [`  Left open: ${waiting.join(', ')} (${plural(waiting.length, 'bead')})`] : []),
    ];
  return [
    ...(running.length > 0 ? [`  Still in progress: ${running.join(', ')}`] : []),
    ...(waiting.length > 0 ? [`  Left open: ${waiting.join(', ')} (${plural(waiting.length, 'bead')})`] : []),
  ];
}

function convoyState(convoy: ConvoyInfo): string {
  const mark = convoy.status === 'closed' ? '✓' : convoy.paused ? '‖' : convoy.status === 'open' ? '●' : '○';
  return `${mark} ${stateText(convoy)}`;
}

function stateText(convoy: ConvoyInfo): string {
  const notes = [
    convoy.status === 'open' && convoy.launchedAt === undefined ? 'not launched' : '',
    convoy.paused ? 'paused' : '',
    convoy.cancelled === undefined ? '' : 'before its work was done',
    convoy.owned ? 'owned' : '',
  ].filter(Boolean);
  return notes.length > 0 ? `${convoy.status} (${notes.join(', ')})` : convoy.status;
}

function issueLine(bead: BeadInfo): string {
  const notes = beadNotes(bead).filter((note) => !['ready', 'closed', 'merged'].includes(note));
  const mark = bead.phase === 'waiting' ? '○' : beadMark(bead);
  return `${mark} ${bead.id}: ${bead.title} [${bead.type}]${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
}

/** `2025-12-30T10:15:00-08:00`: local time. */
function localTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const offset = -time.getTimezoneOffset();
  const two = (value: number): string => String(Math.floor(Math.abs(value))).padStart(2, '0');
  const local = new Date(time.getTime() + offset * 60_000).toISOString().slice(0, 19);
  return `${local}${offset < 0 ? '-' : '+'}${two(offset / 60)}:${two(offset % 60)}`;
}
