import path from 'node:path';
import { UserError } from '../../base/errors';
import { readFileBytes, readLines } from '../../base/safeFiles';
import { fileStamp } from '../../base/safePaths';
import type { Bead } from '../../protocol/bead';
import { decodeLine, isStored } from '../storage/codec';
import { scanJournal } from '../storage/journal';
import { readLedgerConfig } from '../storage/ledgerConfig';
import { realFs } from '../storage/ledgerFs';
import { PROVIDES } from './reference';

/** Maximum size of a journal in bytes; checkpoints happen far below it. */
const MAX_JOURNAL_BYTES = 64 * 1024 * 1024;

/** A stamp of a ledger's files from their stats. Cheap. */
export function otherLedgerStamp(directory: string): string {
  return ['config.yaml', 'metadata.json', 'issues.jsonl', 'beads.jsonl', 'journal.jsonl']
    .map((name) => fileStamp(path.join(directory, name)) ?? '')
    .join(' ');
}

/**
 * The beads of a ledger that another process may have open, by their ids: those with one of these ids, or that provide
 * one of these capabilities. Nothing is locked or written, and only lines that name one of them are decoded.
 * @throws UserError if the files cannot be read
 */
export async function findInOtherLedger(directory: string, items: ReadonlySet<string>): Promise<Map<string, Bead>> {
  const found = new Map<string, Bead>();
  const needles = [...items].flatMap((item) => [JSON.stringify(item), JSON.stringify(PROVIDES + item)]);
  const take = (text: string): void => {
    const decoded = decodeLine(text);
    if (!isStored(decoded)) return; // such lines are kept and reported by the process that has the ledger open
    const { bead } = decoded;
    if (isWanted(bead, items)) found.set(bead.id, bead);
    else found.delete(bead.id);
  };
  try {
    for await (const line of readLines(path.join(directory, readLedgerConfig(realFs, directory).issuesFile)))
      if (needles.some((needle) => line.includes(needle))) take(line.toString('utf8'));
    const journal = readFileBytes(path.join(directory, 'journal.jsonl'), MAX_JOURNAL_BYTES);
    for (const { items: changes } of journal ? scanJournal(journal).records : [])
      for (const { ledger, id, text } of changes) {
        if (ledger !== '') continue;
        if (text === undefined) found.delete(id);
        else if (found.has(id) || needles.some((needle) => text.includes(needle))) take(text);
      }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`the ledger ${directory} cannot be read`, String(error), 'unavailable');
  }
  return found;
}

function isWanted(bead: Bead, items: ReadonlySet<string>): boolean {
  return items.has(bead.id) || capabilitiesOf(bead).some((name) => items.has(name));
}

export function capabilitiesOf(bead: Bead): string[] {
  return (bead.labels ?? []).filter((label) => label.startsWith(PROVIDES)).map((label) => label.slice(PROVIDES.length));
}
