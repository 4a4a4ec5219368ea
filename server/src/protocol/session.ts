import { notification, request } from './request';

/** Terminals of agents, as windows and `gt attach` show them. */

export interface SessionScreen {
  /** Terminal output that restores the screen with its scrollback. */
  screen: string;
  cols: number;
  rows: number;
  /** Outputs after this sequence number follow as `SessionOutput`. */
  sequence: number;
  exited?: { code: number | null; signal: string | null };
}

export namespace SessionAttach {
  export const spec = request<{ session: string }, SessionScreen>('gastown/session/attach', 'read');
}

export namespace SessionDetach {
  export const spec = request<{ session: string }, null>('gastown/session/detach', 'read');
}

export namespace SessionInput {
  export const spec = request<{ session: string; data: string }, null>('gastown/session/input', 'person', {
    transient: true,
  });
}

export namespace SessionResize {
  export const spec = request<{ session: string; cols: number; rows: number }, null>(
    'gastown/session/resize',
    'person',
    { transient: true },
  );
}

export namespace SessionOutput {
  export interface Params {
    session: string;
    sequence: number;
    data: string;
    /** `data` is the whole screen, and replaces the current one. */
    isScreen?: boolean;
  }
  export const spec = notification<Params>('gastown/session/output');
}

export namespace SessionExit {
  export const spec = notification<{ session: string; code: number | null; signal: string | null }>(
    'gastown/session/exit',
  );
}
