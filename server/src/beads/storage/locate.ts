import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors';
import { readTextIfPresent } from '../../base/atomicFile';

const maxRedirects = 3;

/**
 * Follows `redirect` files: the first line that is no comment names another `.beads` folder, absolute or
 * relative to the folder that contains this `.beads`.
 */
export function followRedirect(directory: string): string {
  const seen = new Set<string>();
  let current = path.resolve(directory);
  while (!seen.has(current) && seen.size <= maxRedirects) {
    seen.add(current);
    const target = redirectTarget(current);
    if (target === undefined) return current;
    if (!isDirectory(target))
      throw new UserError(`${path.join(current, 'redirect')} points to ${target}, which does not exist`);
    current = target;
  }
  throw new UserError(`too many redirects, or a circle of them, starting at ${directory}`);
}

function redirectTarget(directory: string): string | undefined {
  const lines = readTextIfPresent(path.join(directory, 'redirect'))?.split(/\r?\n/) ?? [];
  const line = lines.map((text) => text.trim()).find((text) => text !== '' && !text.startsWith('#'));
  return line === undefined ? undefined : path.resolve(path.dirname(directory), line);
}

function isDirectory(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** True for a folder that is a ledger, not merely one with that name. */
export function isLedger(directory: string): boolean {
  const marks = ['issues.jsonl', 'beads.jsonl', 'metadata.json', 'config.yaml', 'journal.jsonl', 'redirect'];
  return isDirectory(directory) && marks.some((name) => fs.existsSync(path.join(directory, name)));
}

/** The ledger of a folder: its own `.beads` or that of the nearest folder above, redirects followed. */
export function findLedger(start: string): string | undefined {
  for (let folder = path.resolve(start); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, '.beads');
    if (isLedger(candidate)) return followRedirect(candidate);
    if (path.dirname(folder) === folder) return undefined;
  }
}
