import type { Finding } from '../../connection/townFinder';
import type { ConnectionState } from '../../connection/townConnection';

/** The state that welcome views and menus depend on (context key `gastown.state`). */
export const viewStates = [
  'starting',
  'untrusted',
  'noFolder',
  'noRepository',
  'noTown',
  'unregistered',
  'connecting',
  'notRunning',
  'lost',
  'incompatible',
  'ready',
] as const;
export type ViewState = (typeof viewStates)[number];

/** `ready`: there is a snapshot to show; the view reports a lost connection next to it. Pure. */
export function viewState(finding: Finding | undefined, connection: ConnectionState, hasSnapshot: boolean): ViewState {
  if (!finding) return 'starting';
  if (finding.kind !== 'town') return finding.kind;
  if (hasSnapshot) return 'ready';
  switch (connection.kind) {
    case 'lost':
      return 'lost';
    case 'notRunning':
      return 'notRunning';
    case 'incompatible':
      return 'incompatible';
    default:
      return 'connecting';
  }
}
