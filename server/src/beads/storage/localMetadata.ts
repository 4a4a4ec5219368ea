import { isPlainObject } from '../../base/objects';
import { isDeepStrictEqual } from 'node:util';
import type { Bead, Dependency } from '../../protocol/bead';
import { store, type Stored } from './codec';

/**
 * Metadata keys of the state of a town's engine. They are local to the town: data from a pull, an import or an editor
 * can neither set nor change them, or it could dispatch and merge work.
 */
export const localKeys: readonly string[] = ['gastown', 'merge', 'convoy', 'escalation', 'mail'];

/** Types of beads that only the town itself creates, because the engine acts on them. */
export const engineTypes: readonly string[] = ['merge_request', 'convoy', 'escalation', 'message'];

/**
 * A bead from outside, with the local data of the engine. A new one may have an engine type, such as a convoy of
 * another town: without the engine's metadata it can be viewed, but starts nothing.
 */
export function keepLocal(merged: Stored, ours: Stored | undefined): Stored {
  if (merged.text === ours?.text) return merged;
  const bead = keepTracked(keepType(keepMetadata(merged.bead, ours?.bead), ours?.bead), ours?.bead);
  return bead === merged.bead ? merged : store(bead, merged);
}

function keepMetadata(merged: Bead, ours: Bead | undefined): Bead {
  const metadata = { ...withoutLocal(merged.metadata), ...onlyLocal(ours?.metadata) };
  const before = isPlainObject(merged.metadata) ? merged.metadata : {};
  if (isDeepStrictEqual(metadata, before)) return merged;
  const { metadata: _dropped, ...bead } = merged;
  return Object.keys(metadata).length > 0 ? { ...merged, metadata } : bead;
}

/** Engine metadata on a task would take effect if the task became a merge request. */
function keepType(merged: Bead, ours: Bead | undefined): Bead {
  if (!ours || merged.issue_type === ours.issue_type) return merged;
  const engines = [merged.issue_type, ours.issue_type].some((type) => engineTypes.includes(type));
  return engines ? { ...merged, issue_type: ours.issue_type } : merged;
}

/** Keeps the beads of a launched convoy: they are dispatched, so an edge from outside would sling work. */
function keepTracked(merged: Bead, ours: Bead | undefined): Bead {
  if (!ours || !isLaunchedConvoy(ours)) return merged;
  const [now, before] = [merged.dependencies ?? [], (ours.dependencies ?? []).filter(isTracks)];
  const own = new Set(before.map((edge) => edge.depends_on_id));
  const kept = now.filter((edge) => !isTracks(edge) || own.has(edge.depends_on_id));
  const there = new Set(kept.filter(isTracks).map((edge) => edge.depends_on_id));
  const lost = before.filter((edge) => !there.has(edge.depends_on_id));
  return kept.length === now.length && lost.length === 0 ? merged : { ...merged, dependencies: [...kept, ...lost] };
}

function isLaunchedConvoy(bead: Bead): boolean {
  const convoy = isPlainObject(bead.metadata) ? bead.metadata.convoy : undefined;
  return bead.issue_type === 'convoy' && isPlainObject(convoy) && convoy.launched_at !== undefined;
}

function isTracks(edge: Dependency): boolean {
  return edge.type === 'tracks';
}

export function withoutLocal(metadata: unknown): Record<string, unknown> {
  return isPlainObject(metadata)
    ? Object.fromEntries(Object.entries(metadata).filter(([key]) => !localKeys.includes(key)))
    : {};
}

function onlyLocal(metadata: unknown): Record<string, unknown> {
  return isPlainObject(metadata)
    ? Object.fromEntries(Object.entries(metadata).filter(([key]) => localKeys.includes(key)))
    : {};
}
