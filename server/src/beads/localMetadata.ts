import { isDeepStrictEqual } from 'node:util';
import { store, type Stored } from './codec';

/**
 * Metadata keys under which a town's engine keeps what it is doing. They are this town's own: what comes by pull,
 * import or an editor can neither set nor change them, or it could dispatch work and merge it by itself.
 */
export const localKeys: readonly string[] = ['gastown', 'merge', 'convoy', 'escalation', 'mail'];

/** A bead that came from outside, with the engine's data as it was here before. */
export function keepLocal(merged: Stored, ours: Stored | undefined): Stored {
  if (merged.text === ours?.text) return merged;
  const metadata = { ...withoutLocal(merged.bead.metadata), ...onlyLocal(ours?.bead.metadata) };
  const before = isObject(merged.bead.metadata) ? merged.bead.metadata : {};
  if (isDeepStrictEqual(metadata, before)) return merged;
  const { metadata: _dropped, ...bead } = merged.bead;
  return store(Object.keys(metadata).length > 0 ? { ...merged.bead, metadata } : (bead), merged);
}

function withoutLocal(metadata: unknown): Record<string, unknown> {
  return isObject(metadata) ? Object.fromEntries(Object.entries(metadata).filter(([key]) => !localKeys.includes(key))) : {};
}

function onlyLocal(metadata: unknown): Record<string, unknown> {
  return isObject(metadata) ? Object.fromEntries(Object.entries(metadata).filter(([key]) => localKeys.includes(key))) : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
