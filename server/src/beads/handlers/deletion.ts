import type { Bead, DeleteResult } from '../../protocol/bead';
import type { Transaction } from '../store';

/** Deletes beads; connected beads that mention them in their texts then state that they are deleted. */
export function deleteBeads(tx: Transaction, ids: readonly string[], reason: string | undefined): DeleteResult {
  const result: DeleteResult = { deleted: [], dependencies: [], labels: 0, references: [] };
  const isDeleted = new Set(ids);
  const references = new Map<string, Bead>();
  for (const id of ids) {
    const bead = tx.require(id);
    const inbound = tx.view.dependents(id);
    const edges = [...(bead.dependencies ?? []), ...inbound.map(({ edge }) => edge)];
    result.dependencies.push(...edges.map(({ issue_id, depends_on_id, type }) => ({ issue_id, depends_on_id, type })));
    result.labels += bead.labels?.length ?? 0;
    const connected = new Set(edges.map((edge) => (edge.issue_id === id ? edge.depends_on_id : edge.issue_id)));
    tx.delete(id, reason);
    for (const other of connected) {
      if (isDeleted.has(other) || tx.get(other) === undefined || tx.get(other)?.status === 'tombstone') continue;
      if (tx.replaceIdIn(other, id, `[deleted:${id}]`)) references.set(other, tx.require(other));
    }
    result.deleted.push(id);
  }
  result.references = [...references.values()].map(({ id, title }) => ({ id, title }));
  return result;
}

/** The beads and everything that depends on them, the named ones first. */
export function withDependents(tx: Transaction, ids: readonly string[]): string[] {
  const found = new Set(ids);
  for (const id of found) for (const { bead } of tx.view.dependents(id)) found.add(bead.id);
  return [...found];
}
