import type { TownView } from './townView';

/** Whether the engine has work to continue: ready or queued beads, or requests to the Mayor. */
export function hasWork(view: TownView): boolean {
  if (!view.up) return false;
  return (
    view.merges.length > 0 ||
    (view.mayor?.accepted ?? false) ||
    view.gates.some((gate) => gate.opensAt !== Infinity) ||
    view.work.some(
      (work) =>
        !work.blocked &&
        !work.held &&
        (work.pausedBy === undefined || work.status !== 'open') &&
        !work.waitsForStep &&
        work.consented &&
        work.status !== 'in_review',
    )
  );
}
