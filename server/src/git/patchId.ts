import { createHash } from 'node:crypto';
import { git } from './git';
import type { RigRepository } from './repository';

/**
 * What a change is, wherever it stands: the same for a patch before and after a rebase that did not touch it.
 * As `git patch-id --stable` does, line numbers, blob names and white space do not count; files may come in any order.
 * @param diff output of `git diff`
 */
export function patchIdOf(diff: string): string {
  const files = diff.split(/^(?=diff --git )/m).filter((part) => part.startsWith('diff --git '));
  const hashes = files.map((file) => {
    const lines = file.split('\n').filter((line) => !line.startsWith('index ')).map((line) => (line.startsWith('@@ ') ? '@@' : line));
    return createHash('sha256').update(lines.join('\n').replace(/[ \t\r]+/g, '')).digest('hex');
  });
  return createHash('sha256').update(hashes.sort().join('\n')).digest('hex');
}

/** The change that `commit` makes to `base`, as text. */
export async function diffText(repository: RigRepository, base: string, commit: string): Promise<string> {
  return git(repository.directory, ['diff', '--no-color', '--no-ext-diff', '--no-textconv', '--full-index', '--binary', base, commit, '--']);
}

export async function patchId(repository: RigRepository, base: string, commit: string): Promise<string> {
  return patchIdOf(await diffText(repository, base, commit));
}
