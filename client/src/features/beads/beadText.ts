import type { AgentInfo, BeadInfo, BeadPhase } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { oneLine } from '../../base/text';
import { workerOf } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import type { RowIcon } from '../../ui/tree/row';

/** How beads are said and drawn. Pure. */

const beadIcons: Record<BeadPhase, RowIcon> = {
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
  return beadIcons[phase];
}

/** `waits for Add parser`, `working: furiosa`, … */
export function beadState(store: TownStore, bead: BeadInfo): string {
  const worker = workerOf(store, bead);
  const attempt = bead.attempt > 1 && bead.phase !== 'merged' ? ` · ${l10n.t('attempt {0}', bead.attempt)}` : '';
  switch (bead.phase) {
    case 'waiting':
      return l10n.t('waits for {0}', blockers(store, bead));
    case 'ready':
      return bead.convoys.some((id) => isStaged(store, id)) ? l10n.t('staged') : l10n.t('ready');
    case 'working':
      return working(worker, bead.assignee) + attempt;
    case 'reviewing':
      return l10n.t('in review') + attempt;
    case 'queued':
      return l10n.t('in the merge queue') + attempt;
    case 'merging':
      return l10n.t('gates are running') + attempt;
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

function working(worker: AgentInfo | undefined, assignee: string | undefined): string {
  // A person's work is in no agent's hands.
  if (!worker)
    return assignee ? l10n.t('{0} works on it', oneLine(assignee.split('/').pop() ?? assignee, 40)) : l10n.t('in work');
  if (isStopped(worker)) return l10n.t('{0} was stopped', worker.name);
  if (worker.state === 'crashed') return l10n.t('{0} crashed', worker.name);
  return l10n.t('{0} works on it', worker.name);
}

/** By a person: it goes on when that person says so. */
function isStopped(agent: AgentInfo | undefined): boolean {
  return agent?.state === 'off' && agent.session === undefined;
}

export function beadIcon(store: TownStore, bead: BeadInfo): RowIcon {
  return bead.phase === 'working' && isStopped(workerOf(store, bead))
    ? { id: 'debug-pause', color: 'disabledForeground' }
    : beadIcons[bead.phase];
}

function isStaged(store: TownStore, convoy: string): boolean {
  return store.convoys.get(convoy)?.status.startsWith('staged') ?? false;
}

/** The titles of what it waits for: people know beads by title, not by id. */
function blockers(store: TownStore, bead: BeadInfo): string {
  const shown = bead.blockedBy.slice(0, 3).map((id) => oneLine(store.beads.get(id)?.title ?? id, 40));
  const more = bead.blockedBy.length - shown.length;
  return more > 0 ? `${shown.join(', ')} ${l10n.t('and {0} more', more)}` : shown.join(', ');
}
