import { bundledFile } from '../../base/bundledFile';
import { messageOf } from '../../base/errors';
import { JobWorker } from '../../base/jobs/jobWorker';
import type { Lease } from '../../base/lease';
import { IndexCache } from '../../beads/index/indexCache';
import { forThread, type CheckpointResult } from '../../beads/storage/checkpointFile';
import { BeadStore } from '../../beads/store';
import { BUILD } from '../../protocol/transport';
import { knownProjects } from '../../town/knownProjects';
import type { TownLayout } from '../../town/layout';
import type { Log } from '../../base/log';

/** The worker briefly holds several copies of a ledger's text, so it gets more memory and a short idle time. */
const CHECKPOINT_THREAD = { deadlineMs: 5 * 60_000, memoryMb: 2_048, idleMs: 10_000 };

/**
 * The store of a town: fenced by the lease, with a worker thread that writes its files.
 * @returns also that thread, which the caller ends after the store
 */
export async function openTownStore(
  layout: TownLayout,
  log: Log,
  lease: Pick<Lease, 'epoch' | 'isCurrent'>,
): Promise<{ store: BeadStore; worker: JobWorker }> {
  const worker = new JobWorker({
    script: bundledFile('checkpointWorker.js'),
    ...CHECKPOINT_THREAD,
    log: (text) => log.error(text),
  });
  const store = await BeadStore.open({
    indexCache: new IndexCache(layout.indexCache, String(BUILD)),
    checkpoints: { write: (job) => worker.run<CheckpointResult>(forThread(job)) },
    fence: { name: 'town', epoch: lease.epoch, isCurrent: () => lease.isCurrent() },
    onError: (error) => log.error(messageOf(error)),
    projects: async () => knownProjects((error) => log.error(messageOf(error))),
  });
  return { store, worker };
}
