import { cutBytes } from '../../base/text';
import { UserError } from '../../base/errors';
import { childrenOf, descendantsOf, isFinished } from '../../beads/index/blocking';
import type { Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { BurnResult, SquashResult } from '../../protocol/formula';
import { byPlace } from './molecule';

/**
 * Replaces the wisps of a molecule by one closed bead that lists the finished steps. Does nothing if there are none.
 */
export function squash(
  tx: Transaction,
  ledger: string,
  root: Bead,
  options: { summary?: string; keep: boolean },
): SquashResult {
  const wisps = descendantsOf(tx.view, root.id)
    .filter((bead) => bead.ephemeral && bead.status !== 'tombstone')
    .sort(byPlace(root.id));
  if (wisps.length === 0)
    return { molecule_id: root.id, squashed_ids: [], squashed_count: 0, deleted_count: 0, kept_children: options.keep };
  const digest = tx.create(ledger, {
    title: cutBytes(`Digest: ${root.title}`, 400),
    type: 'task',
    status: 'closed',
    priority: root.priority,
    description: options.summary?.trim() || summaryOf(root, wisps),
    labels: ['digest'],
    extra: { close_reason: `Squashed from ${wisps.length} wisps` },
    // The molecule may be a wisp itself, which no file may refer to.
    ...(root.ephemeral ? {} : { parent: root.id }),
  });
  if (!options.keep) for (const wisp of [...wisps].reverse()) tx.delete(wisp.id, `squashed into ${digest.id}`);
  if (root.ephemeral && !isFinished(tx.require(root.id)))
    tx.close(root.id, `Squashed: ${wisps.length} steps → ${digest.id}`, { force: true });
  return {
    molecule_id: root.id,
    digest_id: digest.id,
    squashed_ids: wisps.map((wisp) => wisp.id),
    squashed_count: wisps.length,
    deleted_count: options.keep ? 0 : wisps.length,
    kept_children: options.keep,
  };
}

function summaryOf(root: Bead, wisps: readonly Bead[]): string {
  const done = wisps.filter(isFinished).length;
  const lines = wisps.map(
    (wisp, index) =>
      `${index + 1}. **[${wisp.status}]** ${wisp.title}${wisp.close_reason ? `\n   *${wisp.close_reason}*` : ''}`,
  );
  return [`## ${root.title}`, `**Steps**: ${done} of ${wisps.length} done`, ...lines].join('\n\n');
}

/** Deletes a molecule with its steps: wisps completely, other beads with a tombstone. */
export function burn(tx: Transaction, root: Bead): BurnResult {
  if (root.issue_type !== 'molecule' && !root.ephemeral)
    throw new UserError(`${root.id} is not a molecule`, `delete it with "bd delete ${root.id}"`, 'refused');
  const ids: string[] = [];
  const remove = (bead: Bead): void => {
    for (const child of childrenOf(tx.view, bead.id)) if (child.status !== 'tombstone') remove(child);
    tx.delete(bead.id, `burnt with ${root.id}`);
    ids.push(bead.id);
  };
  remove(root);
  return { molecule_id: root.id, deleted_ids: ids, deleted_count: ids.length };
}
