import { filterCommands } from '../git/filters';
import type { MergeStrategy, RigInfo } from '../protocol/town';
import { gatesOf, reviewSettingOf, type RigSettings } from '../town/config';
import type { CheckoutState } from './checkouts';
import type { Rig } from './rig';

/**
 * Information about a rig for windows and commands.
 * @param state.shown its settings, or the last readable ones
 */
export function rigInfo(
  rig: Rig,
  {
    shown,
    mergeStrategy,
    isAccepted,
    fastForward,
  }: { shown?: RigSettings; mergeStrategy: MergeStrategy; isAccepted: boolean; fastForward: CheckoutState },
): RigInfo {
  const { config } = rig;
  return {
    id: rig.name,
    prefix: rig.prefix,
    source: config.git_url,
    sourceIsFolder: config.folder,
    defaultBranch: config.default_branch,
    targetBranch: rig.repository.landing,
    maxWorkers: shown?.max_workers ?? 0,
    gates: shown ? gatesOf(shown) : [],
    ...(shown && Object.keys(shown.git_filters).length > 0 ? { filters: filterCommands(shown.git_filters) } : {}),
    review: shown ? reviewSettingOf(shown) : 'off',
    mergeStrategy,
    ...(shown && Object.keys(shown.merge_queue.targets).length > 0 ? { targets: shown.merge_queue.targets } : {}),
    accepted: isAccepted,
    fastForward,
  };
}
