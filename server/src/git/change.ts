import { UserError } from '../base/errors';
import type { ChangedFile } from '../protocol/town';
import { DIFF_OPTIONS } from './diff';
import { git } from './git';
import type { RigRepository } from './repository';

const MAX_FILE_BYTES = 1_000_000;
/** Batch size that keeps the names within the limit of a command line. */
const COMMITS_A_COMMAND = 200;
const FULL_HASH = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
const STATUS: Readonly<Record<string, ChangedFile['status']>> = { A: 'added', D: 'deleted' };

/** Files that differ between two commits, by path. */
export async function changedFilesOf(repository: RigRepository, base: string, commit: string): Promise<ChangedFile[]> {
  const range = [...DIFF_OPTIONS, '-z', base, commit, '--'];
  const names = (await git(repository.directory, ['diff', '--name-status', ...range])).split('\0');
  const counts = new Map(
    (await git(repository.directory, ['diff', '--numstat', ...range]))
      .split('\0')
      .filter(Boolean)
      .map((line) => {
        const [added, removed, path] = line.split('\t');
        return [path!, { added: lines(added), removed: lines(removed) }];
      }),
  );
  const files: ChangedFile[] = [];
  for (let index = 0; index + 1 < names.length; index += 2) {
    const path = names[index + 1]!;
    files.push({ path, status: STATUS[names[index]!] ?? 'modified', ...counts.get(path) });
  }
  return files.sort((a, b) => a.path.localeCompare(b.path));
}

/** Number of lines in `git diff --numstat`; `-` stands for a binary file. */
function lines(text: string | undefined): number | undefined {
  return text === undefined || text === '-' ? undefined : Number(text);
}

/** The paths that commits change, by commit. Commits that are not in the repository are left out. */
export async function filesOfCommits(
  repository: RigRepository,
  commits: readonly string[],
): Promise<Map<string, string[]>> {
  const files = new Map<string, string[]>();
  for (let start = 0; start < commits.length; start += COMMITS_A_COMMAND) {
    const options = ['--root', '-m', '--first-parent', '--no-walk=unsorted', '--name-only', '-z', '--format=%x00%H'];
    const asked = commits.slice(start, start + COMMITS_A_COMMAND);
    const output = await git(repository.directory, [
      'log',
      '--ignore-missing',
      ...DIFF_OPTIONS,
      ...options,
      ...asked,
      '--',
    ]);
    let current: string[] = [];
    for (const part of output.split('\0').map((text) => text.replace(/^\n/, ''))) {
      if (FULL_HASH.test(part)) files.set(part, (current = []));
      else if (part !== '') current.push(part);
    }
  }
  return files;
}

/** Text of a file in a commit; undefined if it does not exist, is too large or is not text. */
export async function fileAt(repository: RigRepository, commit: string, path: string): Promise<string | undefined> {
  if (path.startsWith('/') || path.split('/').includes('..'))
    throw new UserError(`"${path}" is not a path inside the repository`);
  const entry = await git(repository.directory, ['ls-tree', '--full-tree', '--long', '-z', commit, '--', path]);
  const [, type, object, size] = /^\d+ (\w+) ([0-9a-f]+) +(\d+|-)\t/.exec(entry) ?? [];
  if (type !== 'blob' || object === undefined || Number(size) > MAX_FILE_BYTES) return undefined;
  const text = await git(repository.directory, ['cat-file', 'blob', object]);
  return text.includes('\0') ? undefined : text;
}
