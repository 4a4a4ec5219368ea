import type { Finding } from '../../connection/townFinder';
import type { ConnectionState } from '../../connection/townConnection';

/** The one word that the welcome views and menus depend on (context key `gastown.state`). */
export type ViewState =
  | 'starting'
  | 'untrusted'
  | 'noFolder'
  | 'noRepository'
  | 'noTown'
  | 'unregistered'
  | 'connecting'
  | 'asleep'
  | 'lost'
  | 'incompatible'
  | 'ready';

export const viewStates: readonly ViewState[] = [
  'starting',
  'untrusted',
  'noFolder',
  'noRepository',
  'noTown',
  'unregistered',
  'connecting',
  'asleep',
  'lost',
  'incompatible',
  'ready',
];

/** Pure. Ready means that there is a picture to show; a broken connection is told beside it. */
export function viewState(finding: Finding | undefined, connection: ConnectionState, hasSnapshot: boolean): ViewState {
  if (!finding) return 'starting';
  if (finding.kind !== 'town') return finding.kind;
  if (hasSnapshot) return 'ready';
  switch (connection.kind) {
    case 'lost':
      return 'lost';
    case 'asleep':
      return 'asleep';
    case 'incompatible':
      return 'incompatible';
    default:
      return 'connecting';
  }
}
