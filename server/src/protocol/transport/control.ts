import { z } from 'zod';
import { request } from '../request';

export namespace ServerRetire {
  /** Asks a server to end, because a newer build wants to take over. It answers, closes what it holds and exits. */
  export const spec = request<null>()('gastown/server/retire', z.object({ build: z.number() }), 'write', {
    transient: true,
  });
}
