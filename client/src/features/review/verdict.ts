import { UserError } from '../../../../server/src/base/errors';
import { MqApprove, MqGet, MqReject } from '../../../../server/src/protocol/town';
import type { ServerConnection } from '../../state/townSync';
import type { ChangeRef } from './changeUri';
import type { Drafts } from './drafts';
import { requestText } from './requestText';

export type Verdict = 'approve' | 'land' | 'reject';

/**
 * Says what a person thinks of the change that they looked at, with all that they wrote about it. What they wrote goes
 * only once it has arrived. `changed`: there is another change by now, and nothing was said of it.
 */
export async function giveVerdict(
  link: Pick<ServerConnection, 'call'>,
  drafts: Drafts,
  ref: ChangeRef,
  verdict: Verdict,
  message = requestText(drafts.of(ref)),
): Promise<'given' | 'changed'> {
  const about = { id: ref.request, message, ...(ref.patch === undefined ? {} : { patch: ref.patch }) };
  try {
    if (verdict === 'reject') await link.call(MqReject.spec, about);
    else await link.call(MqApprove.spec, { ...about, ...(verdict === 'land' ? { first: true } : {}) });
  } catch (error) {
    if (await hasChanged(link, ref, error)) return 'changed';
    throw error;
  }
  drafts.clear(ref);
  return 'given';
}

/** A conflict has other causes, too, such as a merge under way: whether there is another change, the queue knows. */
async function hasChanged(link: Pick<ServerConnection, 'call'>, ref: ChangeRef, error: unknown): Promise<boolean> {
  if (!(error instanceof UserError) || (error.code !== 'conflict' && error.code !== 'not-found')) return false;
  try {
    const now = await link.call(MqGet.spec, { id: ref.bead });
    return now.patch !== undefined && now.patch !== ref.patch;
  } catch {
    return false; // what went wrong first says more
  }
}
