import path from 'node:path';
import { createHash } from 'node:crypto';
import { compareTimes } from '../model/time';
import { decodeLine, isStored } from './codec';
import { decodeRecord } from './journalRecord';
import { scanJournal } from './journal';
import { readLedgerConfig } from './ledgerConfig';
import { replaceFile, writeDurably, type LedgerFs } from './ledgerFs';
import { conflictMarker, splitLines } from './ledgerLines';

/** A problem of a ledger's file, and what a repair does about it. */
export interface Finding {
  file: string;
  line: number;
  problem: string;
  remedy: string;
}

/** Findings about a ledger. `kept`: after a repair, paths of copies of the original files. */
export interface Diagnosis {
  findings: Finding[];
  kept: string[];
}

/** Name of the copy of a damaged file, next to it, which the user may have to check. */
function keptName(file: string, bytes: Buffer): string {
  const { name, ext } = path.parse(file);
  return `${name}.damaged-${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}${ext}`;
}

/**
 * Finds damage that keeps a ledger from being opened or used: git's conflict markers, lines that are not beads, beads
 * with several lines, broken lines of the journal.
 * @param fix repair the damage; each original file is first kept under another name
 */
export async function diagnose(fs: LedgerFs, directory: string, fix: boolean): Promise<Diagnosis> {
  const { issuesFile } = readLedgerConfig(fs, directory);
  const diagnosis: Diagnosis = { findings: [], kept: [] };
  for (const [file, look] of [
    [issuesFile, repairIssues],
    ['journal.jsonl', repairJournal],
  ] as const) {
    const bytes = fs.read(path.join(directory, file));
    if (!bytes) continue;
    const { findings, repaired } = look(bytes, file);
    diagnosis.findings.push(...findings);
    if (!fix || findings.length === 0) continue;
    const kept = keptName(file, bytes);
    await writeDurably(fs, path.join(directory, kept), bytes);
    await replaceFile(fs, path.join(directory, file), repaired);
    diagnosis.kept.push(kept);
  }
  return diagnosis;
}

interface Repaired {
  findings: Finding[];
  repaired: Buffer;
}

/** The findings in an issues file, and its repaired text. Pure. */
export function repairIssues(bytes: Buffer, file: string): Repaired {
  const findings: Finding[] = [];
  const lines: { bytes: Buffer; number: number; id?: string; updated?: string }[] = [];
  const byId = new Map<string, number>();
  let inBase = false;
  let number = 0;
  for (const slice of splitLines(bytes)) {
    number += 1;
    const text = slice.toString('utf8').replace(/\r?\n$/, '');
    const say = (problem: string, remedy: string): void => void findings.push({ file, line: number, problem, remedy });
    if (conflictMarker.test(text)) {
      // In the style "diff3" this part is the base of the conflict, which is dropped.
      inBase = text.startsWith('|');
      say('a git conflict marker', 'the beads of both sides are kept; of duplicates, the one updated last');
      continue;
    }
    if (inBase) continue;
    if (text.trim() === '') {
      lines.push({ bytes: slice, number });
      continue;
    }
    const decoded = decodeLine(text);
    if (!isStored(decoded)) {
      if (decoded.kind === 'broken') say(decoded.reason, 'the line is removed');
      else lines.push({ bytes: slice, number });
      continue;
    }
    const { id, updated_at: updated } = decoded.bead;
    const earlier = byId.get(id);
    if (earlier !== undefined) {
      say(`a second line of ${id}`, 'the one that was updated last is kept');
      if (compareTimes(updated, lines[earlier]!.updated ?? '') < 0) continue;
      lines[earlier]!.bytes = Buffer.alloc(0);
    }
    byId.set(id, lines.length);
    lines.push({ bytes: slice, number, id, updated });
  }
  return { findings, repaired: Buffer.concat(lines.map((line) => line.bytes)) };
}

/** The findings in a journal, and its repaired text. Pure. */
export function repairJournal(bytes: Buffer, file: string): Repaired {
  const { damagedLine } = scanJournal(bytes);
  if (damagedLine === undefined) return { findings: [], repaired: bytes };
  const findings: Finding[] = [];
  const kept: Buffer[] = [];
  let line = 0;
  for (const slice of splitLines(bytes)) {
    line += 1;
    if (slice.at(-1) === 10 && decodeRecord(slice.toString('utf8').slice(0, -1))) kept.push(slice);
    else
      findings.push({
        file,
        line,
        problem: 'its checksum does not match',
        remedy: 'the line is removed, with its change',
      });
  }
  return { findings, repaired: Buffer.concat(kept) };
}

/** The text with the lines of both sides of each conflict, without git's markers. */
export function withoutConflictMarkers(bytes: Buffer): Buffer {
  let inBase = false;
  const kept: Buffer[] = [];
  for (const slice of splitLines(bytes)) {
    const text = slice.toString('utf8');
    if (conflictMarker.test(text.trimEnd())) inBase = text.startsWith('|');
    else if (!inBase) kept.push(slice);
  }
  return Buffer.concat(kept);
}
