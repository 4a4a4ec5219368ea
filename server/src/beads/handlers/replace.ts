import { UserError } from '../../base/errors';
import { BeadRename, BeadReplace, dependencyType } from '../../protocol/bead';
import { checkGivenId } from '../model/ids';
import { namesId } from '../model/references';
import { metaOf, resolveOne, type BeadService } from './common';

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
