import type { ConnectionState } from '../../connection/townConnection';

/** Whether a server of the window's own is needed: not at all, if no other appears in a moment, or now. */
export type StandaloneNeed = 'no' | 'soon' | 'now';

/**
 * The town's server knows formulas too, and a document must never be served twice. Without a town, with one whose server
 * this window may not start, or while it is lost, the same program runs for the window alone.
 * @param looked whether it is known by now which town the window belongs to
 */
export function standalonePolicy(open: boolean, town: ConnectionState['kind'], looked: boolean): StandaloneNeed {
  if (!open || town === 'ready') return 'no';
  if (town === 'connecting' || town === 'lost') return 'soon';
  return town === 'none' && !looked ? 'soon' : 'now';
}
