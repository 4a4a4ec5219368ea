import path from 'node:path';
import { readTextIfPresent, writeFileAtomic } from '../../base/safeFiles';
import { gitOutput } from '../shared/gitOutput';

/** The merge driver of git for the file of beads: a setting of the clone, and a line of `.gitattributes`. */

const DRIVER = 'bd merge %A %O %A %B';

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
