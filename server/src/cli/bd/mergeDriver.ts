import fs from 'node:fs';
import path from 'node:path';
import { bundledFile } from '../../base/bundledFile';
import { readTextIfPresent, writeFileAtomic } from '../../base/safeFiles';
import { shellQuote } from '../../base/shims';
import { gitOutput } from '../shared/gitOutput';

/** The merge driver of git for the file of beads: a setting of the clone, and a line of `.gitattributes`. */

const ARGUMENTS = 'merge %A %O %A %B';
const WARNING = 'Warning: ';
const DRIVER = `bd ${ARGUMENTS}`;

function attributeLine(root: string, directory: string): string {
  return `${path.relative(root, directory).split(path.sep).join('/')}/issues.jsonl merge=beads`;
}

/** Whether git merges the file with `bd merge` in this clone. */
export async function hasMergeDriver(root: string, directory: string): Promise<boolean> {
  const driver = await gitOutput(root, ['config', '--get', 'merge.beads.driver']);
  const attributes = readTextIfPresent(path.join(root, '.gitattributes')) ?? '';
  return driver !== undefined && driver.trim() !== '' && attributes.includes(attributeLine(root, directory));
}

/** @param root top folder of the checkout @param directory the `.beads` folder */
export async function installMergeDriver(root: string, directory: string): Promise<void> {
  await gitOutput(root, ['config', 'merge.beads.driver', DRIVER]);
  await gitOutput(root, ['config', 'merge.beads.name', 'bd JSONL merge driver']);
  const file = path.join(root, '.gitattributes');
  const text = readTextIfPresent(file) ?? '';
  const line = attributeLine(root, directory);
  if (text.includes(line)) return;
  writeFileAtomic(file, `${text}\n# Use bd merge for beads JSONL files\n${line}\n`);
}

/** Options of git with which it merges the file by this program: also in a new clone, and where `bd` is not in the PATH. */
export function ownMergeDriver(): string[] {
  const program = bundledFile('bd.js');
  if (!fs.existsSync(program)) return [];
  const words = [process.execPath, program].map((word) => shellQuote(word.replaceAll('%', '%%')));
  return ['-c', `merge.beads.driver=${words.join(' ')} ${ARGUMENTS}`];
}

/** A warning for each bead that one side deleted and the other one changed. */
export function overruledNotes(ids: readonly string[]): string[] {
  return ids.map(
    (id) =>
      `${WARNING}${id} was deleted on one side and changed on the other; it stays deleted. Its last version is in the history of git.`,
  );
}

/** The notes in what git printed while it merged. */
export function notesOfMerge(printed: string): string[] {
  return printed.split('\n').filter((line) => line.startsWith(WARNING));
}
