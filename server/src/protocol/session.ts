import { z } from 'zod';
import { name } from './names';
import { notification, request } from './request';

export interface SessionScreen {
  /** Bytes for a terminal that bring back the screen with its scrollback. */
  screen: string;
  cols: number;
  rows: number;
  /** Outputs after this sequence number follow as `SessionOutput`. */
  sequence: number;
  exited?: { code: number | null; signal: string | null };
}

const session = z.object({ session: name });

export namespace SessionAttach {
  export const spec = request<SessionScreen>()('gastown/session/attach', session, 'read');
}
export namespace SessionDetach {
  export const spec = request<null>()('gastown/session/detach', session, 'read');
}
export namespace SessionInput {
  export const spec = request<null>()(
    'gastown/session/input',
    z.object({ session: name, data: z.string().max(1_000_000) }),
    'person',
    { transient: true },
  );
}
export namespace SessionResize {
  export const spec = request<null>()(
    'gastown/session/resize',
    z.object({ session: name, cols: z.number().int().min(2).max(1000), rows: z.number().int().min(1).max(1000) }),
    'person',
    { transient: true },
  );
}
export namespace SessionOutput {
  export const spec = notification<{ session: string; sequence: number; data: string }>('gastown/session/output');
}
export namespace SessionExit {
  export const spec = notification<{ session: string; code: number | null; signal: string | null }>(
    'gastown/session/exit',
  );
}
