import path from 'node:path';
import { readFileBytes, readFileParts } from '../../base/safeFiles';
import { fileStamp, statOf } from '../../base/safePaths';
import type { Bead, BeadDetails } from '../../protocol/bead';
import { BeadTable, type LinePlace, type TablePlace } from '../index/beadTable';
import { BUILD } from '../../protocol/transport/version';
import { parentOf } from '../index/blocking';
import { StoredBead } from '../storage/codec';
import { scanJournal } from '../storage/journal';
import { beadDetails, type BeadSource } from './details';

/** A longer journal takes longer to read than to open the ledger. */
const MAX_SCANNED_JOURNAL = 512 * 1024;

/** Settings files that affect how a ledger is read. */
const SETTINGS = ['config.yaml', 'metadata.json', 'redirect'];

/** A stamp of a ledger from the stats of its settings and of its file of beads. */
export function ledgerStamp(directory: string, issuesFile: string): string {
  return [...SETTINGS, issuesFile].map((name) => fileStamp(path.join(directory, name)) ?? '').join(' ');
}

/** The table of a ledger outside of a town. @param state the user's folder for the ledger */
export function tableIn(state: string): TablePlace {
  return { file: path.join(state, 'table'), schema: String(BUILD) };
}

/**
 * The table cannot answer: it was built from other files than the current ones, or does not contain the requested data.
 */
class OutdatedTable extends Error {}

/**
 * Shows beads of a ledger without opening it: a table has the positions of their lines. With concurrent writers the
 * answer is the state of the ledger at one moment after the start of the call, or there is none.
 */
export class TableReader implements BeadSource {
  private readonly known = new Map<string, Bead>();

  private constructor(
    private readonly directory: string,
    private readonly table: BeadTable,
  ) {}

  /** @returns undefined if the ledger has to be opened: for parts of ids, and if the table is outdated */
  static show(directory: string, place: TablePlace, ids: readonly string[]): BeadDetails[] | undefined {
    const table = BeadTable.read(place);
    if (!table) return undefined;
    const isCurrent = (): boolean => ledgerStamp(directory, table.issuesFile) === table.stamp;
    // The journal first: if it has just been written into the file, the stamp of the file differs.
    if (!isInFile(directory) || !isCurrent()) return undefined;
    try {
      const reader = new TableReader(directory, table);
      const wanted = [...new Set(ids.map((id) => id.trim()))];
      if (wanted.some((id) => (reader.get(id)?.status ?? 'tombstone') === 'tombstone')) return undefined;
      const details = wanted.map((id) => beadDetails(reader, id));
      return isCurrent() ? details : undefined;
    } catch (error) {
      if (error instanceof OutdatedTable) return undefined;
      throw error;
    }
  }

  /** States of other projects are only available if the ledger is open. */
  readonly externals = {
    stateOf: (): never => {
      throw new OutdatedTable();
    },
  };

  get(id: string): Bead | undefined {
    const known = this.known.get(id);
    if (known) return known;
    const place = this.table.find(id);
    return place === undefined ? undefined : this.read([place])[0];
  }

  dependents(id: string): Bead[] {
    const place = this.table.find(id);
    return place === undefined ? [] : this.read(this.table.dependentsOf(place));
  }

  parent(id: string): string | undefined {
    const bead = this.get(id);
    return bead && parentOf(bead);
  }

  private read(places: readonly number[]): Bead[] {
    const lines: LinePlace[] = places.map((place) => this.table.lineOf(place));
    return readFileParts(path.join(this.directory, this.table.issuesFile), lines).map((line) => {
      try {
        const { bead } = new StoredBead(line, line.length);
        this.known.set(bead.id, bead);
        return bead;
      } catch {
        throw new OutdatedTable(); // the file was replaced a moment ago
      }
    });
  }
}

/** Whether all changes of a ledger are in its file: the journal has only results, kept for callers that lost an answer. */
function isInFile(directory: string): boolean {
  const file = path.join(directory, 'journal.jsonl');
  const size = statOf(file)?.size ?? 0;
  if (size === 0) return true;
  if (size > MAX_SCANNED_JOURNAL) return false;
  const { records, length } = scanJournal(readFileBytes(file, MAX_SCANNED_JOURNAL) ?? Buffer.alloc(0));
  return length === size && records.every(({ items }) => items.length === 0);
}
