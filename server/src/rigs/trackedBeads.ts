import { UserError } from '../base/errors';
import { gitBytes, gitLine } from '../git/git';
import type { RigRepository } from '../git/repository';
import { commonPrefix } from '../beads/model/ids';
import { parseLedgerText, type LedgerText } from '../beads/storage/ledgerText';
import type { TrackedBeadsInfo } from '../protocol/rig';

const FILE = '.beads/issues.jsonl';
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Beads that a project tracks in its own repository, on its default branch. They are imported on a person's request.
 */
export interface TrackedBeads {
  info: TrackedBeadsInfo;
  text: LedgerText;
}

/**
 * Reads the tracked beads. @param commit of the project; by default the tip of its default branch
 * @throws UserError if the file has merge conflicts
 */
export async function trackedBeads(repository: RigRepository, commit?: string): Promise<TrackedBeads | undefined> {
  const { directory } = repository;
  const tip = commit ?? (await repository.tip());
  if (tip === undefined) return undefined;
  const entry = await gitLine(directory, ['ls-tree', '--full-tree', '--long', tip, '--', FILE]);
  const [, blob, size] = /^100\d+ blob ([0-9a-f]+) +(\d+)\t/.exec(entry) ?? [];
  if (blob === undefined || Number(size) > MAX_BYTES) return undefined;
  const text = parseLedgerText(await gitBytes(directory, ['cat-file', 'blob', blob]), FILE);
  const prefix = commonPrefix(text.beads.keys());
  if (prefix === undefined) return undefined;
  const show = `git --git-dir='${directory.replaceAll("'", "'\\''")}' cat-file blob ${blob}`;
  return { info: { count: text.beads.size, prefix, show }, text };
}

/** Checks that the beads can be imported. @throws UserError if a ledger with this prefix cannot contain all of them */
export function requireImportable({ info, text }: TrackedBeads, prefix: string): void {
  const [problem] = text.problems;
  if (problem)
    throw new UserError(
      `the repository's own beads cannot be imported: line ${problem.line} of ${FILE}: ${problem.reason}`,
      'correct it there, or add the rig without --import',
    );
  const foreign = [...text.beads.keys()].find((id) => !id.startsWith(`${prefix}-`));
  if (foreign !== undefined)
    throw new UserError(
      `the repository's own beads cannot be imported: ${foreign} does not start with ${prefix}-`,
      `add the rig with --prefix ${info.prefix}, or without --import`,
    );
}
