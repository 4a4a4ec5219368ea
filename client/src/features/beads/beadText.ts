import type { AgentInfo, BeadInfo, BeadPhase } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { escapeLine, oneLine, paragraphs } from '../../base/text';
import { workerOf } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import type { RowIcon } from '../../ui/tree/row';
import { stepLine } from '../agents/agentRows';

/** The state of a bead in words and icons. Pure. */

const phaseIcons: Record<BeadPhase, RowIcon> = {
  waiting: { id: 'watch', color: 'disabledForeground' },
  ready: { id: 'circle-large-outline', color: 'charts.blue' },
  working: { id: 'robot', color: 'charts.blue' },
  reviewing: { id: 'comment-discussion', color: 'charts.purple' },
  queued: { id: 'git-pull-request', color: 'charts.purple' },
  merging: { id: 'loading~spin', color: 'charts.purple' },
  merged: { id: 'pass-filled', color: 'testing.iconPassed' },
  closed: { id: 'pass', color: 'testing.iconPassed' },
  failed: { id: 'error', color: 'testing.iconFailed' },
  deferred: { id: 'history', color: 'disabledForeground' },
};

export function phaseIcon(phase: BeadPhase): RowIcon {
  return phaseIcons[phase];
}

/** `waiting for Add parser`, `furiosa is working`, … */
export function beadState(store: TownStore, bead: BeadInfo): string {
  const attempt = bead.attempt > 1 && bead.phase !== 'merged' ? ` · ${l10n.t('attempt {0}', bead.attempt)}` : '';
  switch (bead.phase) {
    case 'waiting':
      return l10n.t('waiting for {0}', blockers(store, bead));
    case 'ready':
      return bead.convoys.some((id) => isStaged(store, id)) ? l10n.t('staged') : l10n.t('ready');
    case 'working':
      return workingText(workerOf(store, bead), bead.assignee) + attempt;
    case 'reviewing':
      return l10n.t('in review') + attempt;
    case 'queued':
      return l10n.t('in the merge queue') + attempt;
    case 'merging':
      return l10n.t('running checks') + attempt;
    case 'merged':
      return l10n.t('merged');
    case 'closed':
      return l10n.t('closed');
    case 'failed':
      return l10n.t('failed') + attempt;
    case 'deferred':
      return l10n.t('deferred');
  }
}

/** @param assignee a person, if there is no agent */
function workingText(worker: AgentInfo | undefined, assignee: string | undefined): string {
  if (!worker)
    return assignee
      ? l10n.t('{0} is working', oneLine(assignee.split('/').pop() ?? assignee, 40))
      : l10n.t('in progress');
  if (isStopped(worker)) return l10n.t('{0} was stopped', worker.name);
  if (worker.state === 'crashed') return l10n.t('{0} crashed', worker.name);
  return l10n.t('{0} is working', worker.name);
}

/** Stopped by a person: the agent continues when that person resumes it. */
function isStopped(agent: AgentInfo | undefined): boolean {
  return agent?.state === 'off' && agent.session === undefined;
}

export function beadIcon(store: TownStore, bead: BeadInfo): RowIcon {
  return bead.phase === 'working' && isStopped(workerOf(store, bead))
    ? { id: 'debug-pause', color: 'disabledForeground' }
    : phaseIcons[bead.phase];
}

function isStaged(store: TownStore, convoy: string): boolean {
  return store.convoys.get(convoy)?.status.startsWith('staged') ?? false;
}

/** Titles of the open beads that a bead waits for: users know beads by title, not by id. */
function blockers(store: TownStore, bead: BeadInfo): string {
  const shown = bead.blockedBy.slice(0, 3).map((id) => oneLine(store.beads.get(id)?.title ?? id, 40));
  const more = bead.blockedBy.length - shown.length;
  return more > 0 ? `${shown.join(', ')} ${l10n.t('and {0} more', more)}` : shown.join(', ');
}

/** Markdown for the hover of a bead's row. */
export function beadTooltip(store: TownStore, bead: BeadInfo): string {
  const worker = workerOf(store, bead);
  const blocking = bead.blockedBy.map((id) => `${escapeLine(id)} ${escapeLine(store.beads.get(id)?.title ?? '')}`);
  return paragraphs([
    `**${escapeLine(bead.title, 300)}**`,
    [escapeLine(bead.id), escapeLine(bead.type), `P${bead.priority}`, ...(bead.rig ? [escapeLine(bead.rig)] : [])].join(
      ' · ',
    ),
    escapeLine(beadState(store, bead), 400),
    blocking.length > 0 && l10n.t('Waiting for: {0}', blocking.join(', ')),
    worker && l10n.t('Agent: {0}', escapeLine(worker.id)),
    bead.step && stepLine(bead.step),
    bead.problem && `$(warning) ${escapeLine(bead.problem, 600)}`,
  ]);
}

/** Ids of beads in a line of a terminal, including branch names such as `polecat/nux/toy-a1b@x1`. */
export function findBeadIds(line: string, prefixes: readonly string[]): { id: string; start: number }[] {
  if (line.length > 2_000) return [];
  return [...line.matchAll(/(?<![\w-])([a-z][a-z0-9-]*?)-([a-z0-9]{3,8})((?:\.\d+)*)(?![\w-])/g)]
    .filter((match) => prefixes.includes(match[1] ?? ''))
    .map((match) => ({ id: match[0], start: match.index }));
}
