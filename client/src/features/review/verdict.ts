import { UserError } from '../../../../server/src/base/errors';
import { MqApprove, MqGet, MqReject } from '../../../../server/src/protocol/town';
import type { Caller } from '../../../../server/src/protocol/request';
import type { ChangeRef } from './changeUri';
import { requestText, type Drafts } from './drafts';

export type Verdict = 'approve' | 'land' | 'reject';

/**
 * Sends the user's verdict on the version that they have seen, with all of their comments. The draft is deleted once
 * the server has it. `changed`: there is a newer version, which got no verdict.
 */
export async function sendVerdict(
  connection: Caller,
  drafts: Drafts,
  ref: ChangeRef,
  verdict: Verdict,
  message = requestText(drafts.of(ref)),
): Promise<'given' | 'changed'> {
  const about = { id: ref.request, message, ...(ref.patch === undefined ? {} : { patch: ref.patch }) };
  try {
    if (verdict === 'reject') await connection.call(MqReject.spec, about);
    else await connection.call(MqApprove.spec, { ...about, ...(verdict === 'land' ? { first: true } : {}) });
  } catch (error) {
    if (await hasChanged(connection, ref, error)) return 'changed';
    throw error;
  }
  drafts.clear(ref);
  return 'given';
}

/** A conflict has other causes, too, such as a running merge: so the merge queue is asked for a new version. */
async function hasChanged(connection: Caller, ref: ChangeRef, error: unknown): Promise<boolean> {
  if (!(error instanceof UserError) || (error.code !== 'conflict' && error.code !== 'not-found')) return false;
  try {
    const now = await connection.call(MqGet.spec, { id: ref.bead });
    const isOpen = ['reviewing', 'queued', 'merging'].includes(now.state);
    return isOpen && now.patch !== undefined && now.patch !== ref.patch;
  } catch {
    return false; // the first error is more informative
  }
}
