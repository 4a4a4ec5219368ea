import fs from 'node:fs';
import path from 'node:path';
import { readTextIfPresent, removeFile, writeFileAtomic } from '../base/safeFiles';
import { makeFolder } from '../base/safeFolders';
import { filterSettings, type GitFilters } from './filters';

/**
 * Agents share the repository of a rig through their worktrees and could write settings that name commands (filters,
 * hooks, aliases), or attributes that change the content of checked-out files. These files belong to the server, which
 * restores them before it works here.
 */
export function resetSettings(
  directory: string,
  { isSha256, filters }: { isSha256: boolean; filters: GitFilters },
): void {
  const file = path.join(directory, 'config');
  const text = [
    '[core]',
    `\trepositoryformatversion = ${isSha256 ? 1 : 0}`,
    '\tfilemode = true',
    '\tbare = true',
    '\tlogallrefupdates = true',
    ...(isSha256 ? ['[extensions]', '\tobjectformat = sha256'] : []),
    '[gc]',
    '\tauto = 0',
    // Agents' resolutions of conflicts are stored for all worktrees; the refinery reuses them.
    '[rerere]',
    '\tenabled = true',
    ...filterSettings(filters),
    '',
  ].join('\n');
  if (readTextIfPresent(file) !== text) writeFileAtomic(file, text);
  removeFile(path.join(directory, 'info', 'attributes'));
  makeResolutionFolder(path.join(directory, 'rr-cache'));
}

/**
 * The folder for resolutions of conflicts. Git makes it with the first commit, and a commit fails if another process
 * makes it at that moment.
 */
function makeResolutionFolder(folder: string): void {
  if (fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  removeFile(folder);
  makeFolder(folder);
}
