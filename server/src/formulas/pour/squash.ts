import { cutBytes } from '../../base/text';
import { UserError } from '../../base/errors';
import { childrenOf, descendantsOf, isFinished } from '../../beads/index/blocking';
import type { Transaction } from '../../beads/store';
import { dependencyType, type Bead } from '../../protocol/bead';
import type { BurnResult, SquashResult } from '../../protocol/formula';
import { byPlace } from './molecule';

/** Bytes of a step's description in the summary. */
const MAX_DESCRIPTION = 200;

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
    return {
      molecule_id: root.id,
      digest_id: '',
      digest: '',
      squashed_ids: [],
      squashed_count: 0,
      deleted_count: 0,
      kept_children: options.keep,
    };
  const text = options.summary?.trim() || summaryOf(root, wisps);
  const digest = tx.create(ledger, {
    title: cutBytes(`Digest: ${root.title}`, 400),
    type: 'task',
    status: 'closed',
    priority: root.priority,
    description: text,
    extra: { close_reason: `Squashed from ${wisps.length} wisps` },
  });
  tx.addDependency(digest.id, root.id, dependencyType('parent-child'));
  if (!options.keep) for (const wisp of [...wisps].reverse()) tx.delete(wisp.id, `squashed into ${digest.id}`);
  if (root.ephemeral) {
    if (!isFinished(tx.require(root.id)))
      tx.close(root.id, `Squashed: ${wisps.length} steps → ${digest.id}`, { force: true });
    // The digest refers to it, so it has to be in the file too.
    tx.update(root.id, { ephemeral: undefined });
  }
  return {
    molecule_id: root.id,
    digest_id: digest.id,
    digest: text,
    squashed_ids: wisps.map((wisp) => wisp.id),
    squashed_count: wisps.length,
    deleted_count: options.keep ? 0 : wisps.length,
    kept_children: options.keep,
    ...(root.ephemeral ? { wisp_squash: true as const } : {}),
  };
}

/** The text of the digest if no summary was given. */
function summaryOf(root: Bead, wisps: readonly Bead[]): string {
  const count = (status: string): number => wisps.filter((wisp) => wisp.status === status).length;
  const inProgress = count('in_progress');
  return [
    '## Molecule Execution Summary',
    '',
    `**Molecule**: ${root.title}`,
    `**Steps**: ${wisps.length}`,
    '',
    `**Completed**: ${count('closed')}/${wisps.length}`,
    ...(inProgress > 0 ? [`**In Progress**: ${inProgress}`] : []),
    '',
    '---',
    '',
    '### Steps',
    '',
    ...wisps.flatMap(stepLines),
  ].join('\n');
}

function stepLines({ status, title, description = '', close_reason: reason }: Bead, index: number): string[] {
  const isLong = Buffer.byteLength(description) > MAX_DESCRIPTION;
  return [
    `${index + 1}. **[${status}]** ${title}`,
    ...(description === '' ? [] : [`   ${isLong ? `${cutBytes(description, MAX_DESCRIPTION)}...` : description}`]),
    ...(reason ? [`   *Outcome: ${reason}*`] : []),
    '',
  ];
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
