import path from 'node:path';
import { writeFileAtomic } from '../base/safeFiles';
import { isPresent } from '../base/safePaths';
import { initLedger } from '../beads/storage/init';
import { gitBytes, gitProbe } from '../git/git';
import { LEDGER_BRANCH } from '../git/ledgerBranch';
import { rigConfigFile } from './config';
import { TownLayout } from './layout';

/**
 * Recreates a ledger of a town whose folder is gone: that of a rig from its last commit in the rig's repository, the
 * town's own as an empty one.
 * @returns whether beads were restored; undefined if the folder is not the path of a ledger in this town
 */
export async function restoreLedger(root: string, directory: string): Promise<{ restored: boolean } | undefined> {
  const town = new TownLayout(root);
  if (directory === town.ledger) {
    initLedger(directory, 'hq');
    return { restored: false };
  }
  const name = path.basename(path.dirname(directory));
  const rig = town.rig(name);
  if (directory !== rig.ledger || !rigConfigFile(rig).exists()) return undefined;
  const ref = `refs/heads/${LEDGER_BRANCH}`;
  const committed =
    isPresent(rig.repository) && (await gitProbe(rig.repository, ['rev-parse', '--verify', '--quiet', ref]))
      ? await gitBytes(rig.repository, ['cat-file', 'blob', `${ref}:.beads/issues.jsonl`])
      : undefined;
  initLedger(directory, rigConfigFile(rig).read().beads.prefix);
  if (committed) writeFileAtomic(path.join(directory, 'issues.jsonl'), committed);
  return { restored: committed !== undefined };
}
