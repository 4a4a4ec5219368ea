import type { Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import { resolveEscalation } from '../escalation/escalation';
import type { EngineContext } from '../loop/context';
import { requestsIn } from './requestIndex';
import { mergeOf, withMerge, withWork, type Work } from '../state/work';

/** Queues a failed request again: the work is done, and its branch still exists. */
export function requeue(tx: Transaction, request: Bead, source: Bead, more: Partial<Work> = {}): void {
  const again = { retries: 0, notBefore: undefined, refused: undefined };
  tx.update(request.id, { status: 'open', metadata: withMerge(request, again) });
  if (!mergeOf(request)?.landing)
    tx.update(source.id, { status: 'in_review', metadata: withWork(source, { ...more, problem: undefined }) });
}

/** After a change of the rig, queues requests again that its remote refused. */
export async function requeueRefused(context: EngineContext, rig: string, actor: string): Promise<void> {
  const given = requestsIn(context.store).open(rig);
  await context.store.batch({ actor }, (tx) => {
    for (const { id } of given) {
      const bead = tx.get(id);
      const request = bead && mergeOf(bead);
      const source = request && tx.get(request.source);
      if (!source || request.refused !== true) continue;
      if (bead.status !== 'failed' || (source.status !== 'failed' && !request.landing)) continue;
      requeue(tx, bead, source);
      resolveEscalation(tx, id, 'it is tried again, as the rig has changed');
    }
  });
}
