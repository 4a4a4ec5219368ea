import type { BeadStore, Transaction } from '../../../beads/store';
import { cutBytes } from '../../../base/text';
import { safePart } from '../../../git/names';
import type { Bead } from '../../../protocol/bead';
import { actors, StaleAction, type EngineContext } from '../../loop/context';
import { isClosed, mergeOf, withMerge, type MergeRequest, type PullRequestRecord } from '../../state/work';
import type { Member } from '../batch';
import { requestsIn } from '../requestIndex';
import { FIRST_LOOK_MS } from './lookTimes';

/** Size that every provider accepts. */
const MAX_TITLE_BYTES = 250;
const MAX_BODY_BYTES = 50_000;

export function pullRequestBranch({ source }: MergeRequest): string {
  return `gastown/${safePart(source)}`;
}

/**
 * Title, text and branch of the pull request of a bead. The branch is named after the bead, so that it is found again
 * after a crash.
 */
export function requestFor(
  { request }: Member,
  { store }: EngineContext,
): { branch: string; title: string; body: string } {
  const { source, note, landing } = request;
  const bead = store.get(source);
  return {
    branch: pullRequestBranch(request),
    title: cutBytes(bead?.title ?? source, MAX_TITLE_BYTES),
    body: [
      cutBytes(bead?.description ?? '', MAX_BODY_BYTES),
      cutBytes(note ?? '', MAX_BODY_BYTES),
      `${landing ? 'Convoy' : 'Bead'}: ${source}`,
    ]
      .map((part) => part.trim())
      .filter(Boolean)
      .join('\n\n'),
  };
}

/** Records a pull request to watch. */
export async function recordPullRequest(
  { id, request }: Member,
  opened: Pick<PullRequestRecord, 'number' | 'url' | 'branch' | 'head' | 'base'>,
  context: EngineContext,
): Promise<void> {
  const earlier = requestsLike(request, context.store);
  await context.store.batch({ actor: actors.refinery(request.rig) }, (tx) => {
    releaseFromEarlier(tx, earlier, id, opened.number);
    const bead = tx.get(id);
    const isOver = !bead || isClosed(bead.status);
    const pullRequest = { ...opened, state: 'open' as const, seen: '', looks: 0 };
    const notBefore = new Date(context.clock.now().getTime() + FIRST_LOOK_MS).toISOString();
    // It is also recorded on a request that was closed meanwhile, so that it will be closed, too.
    if (bead)
      tx.update(id, {
        ...(isOver ? {} : { status: 'open' as const }),
        metadata: withMerge(bead, { pullRequest, retries: 0, notBefore: isOver ? undefined : notBefore }),
      });
    if (isOver) return;
    tx.event({
      type: 'pull_request_opened',
      bead: request.source,
      agent: request.worker,
      rig: request.rig,
      message: opened.url,
    });
  });
  if (isClosed(context.store.get(id)?.status ?? 'closed')) throw new StaleAction(`${id} is closed`);
}

/** Requests of the same rig for the same bead; a convoy lands in several rigs. */
export function requestsLike({ source, rig }: MergeRequest, store: BeadStore): Bead[] {
  return requestsIn(store)
    .of(source)
    .filter((bead) => mergeOf(bead)?.rig === rig);
}

/** A pull request no longer belongs to earlier requests for the same bead, which would close it. */
export function releaseFromEarlier(tx: Transaction, earlier: readonly Bead[], own: string, number: number): void {
  for (const { id } of earlier) {
    const bead = tx.get(id);
    const pullRequest = bead && mergeOf(bead)?.pullRequest;
    if (bead && id !== own && pullRequest?.number === number)
      tx.update(id, { metadata: withMerge(bead, { pullRequest: { ...pullRequest, state: 'closed' } }) });
  }
}
