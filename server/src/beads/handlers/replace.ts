import { UserError } from '../../base/errors';
import { BeadRename, BeadReplace, dependencyType } from '../../protocol/bead';
import { checkGivenId } from '../model/ids';
import { namesId } from '../model/references';
import type { Transaction } from '../transaction';
import { metaOf, resolveOne, type BeadService } from './common';

/** Refuses a circle: a bead that already replaces another one cannot be replaced by it. */
function refuseCircle(tx: Transaction, { id, by, kind }: { id: string; by: string; kind: string }): void {
  const seen = new Set<string>();
  const visit = (next: string): boolean => {
    if (next === id) return true;
    if (seen.has(next)) return false;
    seen.add(next);
    const edges = tx.view.get(next)?.dependencies ?? [];
    return edges.some((edge) => edge.type === kind && visit(edge.depends_on_id));
  };
  if (visit(by))
    throw new UserError(
      `${by} ${kind} ${id} already: this would create a cycle`,
      `Reopen ${by} first, which takes its link away: bd reopen ${by}`,
      'conflict',
    );
}

/** Requests that replace one bead by another: duplicates, replacements, and new ids. */
export function registerReplaceHandlers(service: BeadService): void {
  const { dispatcher, store } = service;
  dispatcher.on(BeadReplace.spec, async (params, context) => {
    const id = resolveOne(service, context, params.id, params.ledger);
    const by = resolveOne(service, context, params.by, params.ledger);
    if (id === by)
      throw new UserError(
        params.kind === 'duplicates'
          ? 'cannot mark an issue as duplicate of itself'
          : 'cannot mark an issue as superseded by itself',
      );
    return store.batch(metaOf(context), (tx) => {
      refuseCircle(tx, { id, by, kind: params.kind });
      tx.addDependency(id, by, dependencyType(params.kind));
      const reason = params.kind === 'duplicates' ? `Duplicate of ${by}` : `Superseded by ${by}`;
      return { id, by, status: tx.close(id, reason).status };
    });
  });
  dispatcher.on(BeadRename.spec, async (params, context) => {
    const id = resolveOne(service, context, params.id, params.ledger);
    const { newId } = params;
    checkGivenId(newId);
    const mentions = store.list({ all: true, limit: 0 }).filter((bead) => namesId(bead, id));
    return store.batch(metaOf(context), (tx) => {
      const ids = mentions.map((bead) => bead.id);
      return { id, newId, references: tx.rename(id, newId, ids) };
    });
  });
}
