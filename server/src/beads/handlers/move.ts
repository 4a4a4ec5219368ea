import { UserError } from '../../base/errors';
import { BeadMove, type Bead, type Dependency } from '../../protocol/bead';
import type { Transaction } from '../transaction';
import { metaOf, resolveOne, type BeadService } from './common';

/** `bd move` and `bd refile`: move a bead to another ledger of the town, with a new id. */
export function registerMoveHandler(service: BeadService): void {
  const { dispatcher, store } = service;
  dispatcher.on(BeadMove.spec, async (params, context) => {
    const id = resolveOne(service, context, params.id, params.ledger);
    const ledger = targetLedger(service, params);
    if (store.ledgerOf(id) === ledger)
      throw new UserError(`source issue ${id} is already in rig ${JSON.stringify(params.to)}`, undefined, 'conflict');
    return store.batch(metaOf(context), (tx) => {
      const source = tx.require(id);
      const target = copyTo(tx, source, ledger, params.as, service.protectedMetadata ?? []);
      const remapped = params.skipDependencies ? 0 : moveDependencies(tx, source, target.id);
      const closes = !params.keepOpen && source.status !== 'closed';
      if (closes) tx.close(id, `${WORDS[params.as]} to ${target.id}`, { force: true });
      return { source: id, target: target.id, closed: closes, remapped };
    });
  });
}

const WORDS = { move: 'Moved', refile: 'Refiled' } as const;

/** The ledger to move to. @throws UserError `not-found` */
function targetLedger({ store }: BeadService, { to, as }: BeadMove.Params): string {
  const known = store.prefixes();
  if (known.length < 2)
    throw new UserError(
      `cannot ${as}: no routes.jsonl found in any parent .beads directory`,
      'There is one ledger here. Beads are moved between the ledgers of a town.',
      'not-found',
    );
  const named = known.find(({ ledger }) => ledger === to)?.ledger ?? store.ledgerNamed(to);
  if (named !== undefined) return named;
  const hint = `There are: ${known.map(({ prefix, ledger }) => `${ledger} (${prefix}-)`).join(', ')}`;
  throw new UserError(`rig or prefix ${JSON.stringify(to)} not found`, hint, 'not-found');
}

/** Fields that are set in another way, or belong only to the old bead. */
const notCopied: ReadonlySet<string> = new Set([
  ...['id', 'title', 'issue_type', 'priority', 'labels', 'ephemeral', 'comments', 'metadata', 'description'],
  ...['status', 'created_at', 'created_by', 'updated_at', 'updated_by', 'started_at', 'closed_at', 'close_reason'],
  ...['closed_by_session', 'dependencies', 'content_hash'],
]);

/** An open bead with the same content, labels and comments. */
function copyTo(
  tx: Transaction,
  source: Bead,
  ledger: string,
  as: BeadMove.Params['as'],
  protectedKeys: readonly string[],
): Bead {
  const { id, title, issue_type, priority, labels, ephemeral, comments, metadata, description } = source;
  const extra = Object.fromEntries(Object.entries(source).filter(([field]) => !notCopied.has(field)));
  const kept = Object.entries(metadata ?? {}).filter(([key]) => !protectedKeys.includes(key));
  const note = `(${WORDS[as]} from ${id})`;
  const target = tx.create(ledger, {
    ...{ title, type: issue_type, priority, extra },
    description: description ? `${description}\n\n${note}` : note,
    ...(labels ? { labels } : {}),
    ...(ephemeral ? { ephemeral } : {}),
    ...(kept.length > 0 ? { metadata: Object.fromEntries(kept) } : {}),
  });
  for (const comment of comments ?? []) tx.comment(target.id, comment.text, comment.author);
  return target;
}

/** Copies the bead's dependencies, and makes its dependents wait for the new bead. @returns number of dependents */
function moveDependencies(tx: Transaction, source: Bead, target: string): number {
  for (const edge of source.dependencies ?? [])
    tx.addDependency(target, edge.depends_on_id, edge.type, settingsOf(edge));
  const dependents = tx.view.dependents(source.id);
  for (const { bead, edge } of dependents) {
    tx.removeDependency(bead.id, source.id, edge.type);
    tx.addDependency(bead.id, target, edge.type, settingsOf(edge));
  }
  return dependents.length;
}

function settingsOf({ metadata }: Dependency): string | undefined {
  return typeof metadata === 'string' ? metadata : undefined;
}
