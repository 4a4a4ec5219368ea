import type { Action } from '../../loop/action';
import type { TownView } from '../../state/townView';
import { isWatched } from '../mergeRule';

/** Polls pull requests when it is time, and closes those of abandoned beads. */
export function pullRequests(view: TownView): Action[] {
  return view.rigs.flatMap((rig): Action[] => {
    const watched = view.merges.filter(
      (merge) => merge.rig === rig.name && isWatched(merge, rig) && merge.notBefore <= view.now && !merge.isTaken,
    );
    const abandoned = view.abandonedPullRequests.filter(
      (request) => request.rig === rig.name && request.notBefore <= view.now,
    );
    return [
      ...watched.map(
        ({ id, revision }): Action => ({
          type: 'watch-pull-request',
          mergeRequest: id,
          rig: rig.name,
          revision,
          maxAttempts: rig.maxAttempts,
        }),
      ),
      ...abandoned.map(
        ({ mergeRequest, revision }): Action => ({
          type: 'close-pull-request',
          mergeRequest,
          rig: rig.name,
          revision,
        }),
      ),
    ];
  });
}
