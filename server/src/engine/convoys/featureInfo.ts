import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { FeatureInfo, FeatureState } from '../../protocol/snapshot';
import { requestsIn } from '../mergeQueue/requestIndex';
import { mergeOf } from '../state/work';
import { featureOf } from './feature';

/** Progress of a convoy's feature branch in each rig that has commits on it. */
export function featureInfo(store: BeadStore, convoy: Bead): FeatureInfo | undefined {
  const feature = featureOf(convoy);
  if (!feature) return undefined;
  const requests = requestsIn(store).openOf(convoy.id);
  return {
    branch: feature.branch,
    rigs: Object.entries(feature.rigs).map(([rig, { landed }]) => {
      if (landed !== undefined) return { rig, state: 'landed', landed };
      const request = requests.find((bead) => mergeOf(bead)?.rig === rig);
      return request ? { rig, state: stateOf(request), mergeRequest: request.id } : { rig, state: 'collecting' };
    }),
  };
}

function stateOf(request: Bead): FeatureState {
  if (request.status === 'failed') return 'failed';
  if (request.status === 'in_progress') return 'merging';
  return mergeOf(request)?.review?.state === 'waiting' ? 'reviewing' : 'queued';
}
