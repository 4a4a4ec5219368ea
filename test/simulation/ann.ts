import type { CallContext } from '../../server/src/protocol/dispatcher';

/** The person of the simulated town. */
export const ann: CallContext = { actor: 'ann', kind: 'person' };
