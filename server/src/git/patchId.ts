import { createHash } from 'node:crypto';
import { git } from './git';
import type { RigRepository } from './repository';

/** The changes between two commits, as text that is the same on every machine. */
export function diffOf(repository: RigRepository, base: string, commit: string): Promise<string> {
  return git(repository.directory, [
    'diff', '--no-color', '--no-ext-diff', '--no-textconv', '--no-renames', '--full-index', '--binary', '--src-prefix=a/', '--dst-prefix=b/', '--diff-algorithm=myers', '--unified=3',
    base, commit, '--',
  ]);
}

/** Identifies what a patch does, wherever it stands: see `patchIdOf`. */
export async function patchId(repository: RigRepository, base: string, commit: string): Promise<string> {
  return patchIdOf(await diffOf(repository, base, commit));
}

/**
 * sha256 of a diff without what only says where it applies: blob hashes and line numbers. Like `git patch-id`, but
 * white space counts: in some languages it is the program. Hashes of binary files stay, as they are all that is seen.
 */
export function patchIdOf(diff: string): string {
  const hash = createHash('sha256');
  for (const line of diff.split('\n')) {
    if (line.startsWith('index ')) continue;
    // Lines of content begin with a space, a plus or a minus, so this is a hunk's head.
    hash.update(line.startsWith('@@ ') ? '@@\n' : `${line}\n`);
  }
  return hash.digest('hex');
}
