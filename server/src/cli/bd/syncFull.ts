import path from 'node:path';
import { messageOf, UserError } from '../../base/errors';
import { LedgerFlush } from '../../protocol/ledger';
import type { Invocation } from '../shared/command';
import type { BdContext } from './context';
import { notesOfMerge, ownMergeDriver } from './mergeDriver';
import { git, gitPrinting, gitProbe, gitText } from './syncGit';

/** `bd sync --full`: commits only the file of beads, pulls, and pushes. */

export interface FullSyncOptions {
  message?: string;
  pull?: boolean;
  push?: boolean;
}

export async function syncFull(invocation: Invocation, context: BdContext, options: FullSyncOptions): Promise<void> {
  await refuseUnfinished(context.process.cwd);
  const steps: string[] = ['→ Exporting pending changes to JSONL...'];
  const { file } = await context.call(invocation, LedgerFlush.spec, {});
  const folder = path.dirname(file);
  const committed = await commit(folder, file, options.message ?? `bd sync: ${new Date().toISOString()}`);
  if (committed) steps.push('→ Committing changes...');
  const hasUpstream = await succeeds(folder, ['rev-parse', '--abbrev-ref', '@{upstream}']);
  const pulled = hasUpstream && options.pull !== false;
  if (pulled) {
    steps.push('→ Pulling from remote...');
    for (const note of await pull(folder)) context.note(note);
    await context.call(invocation, LedgerFlush.spec, {});
    // What the merge of the ledger itself has changed belongs to the same sync.
    await commit(folder, file, options.message ?? 'bd sync: merge');
  }
  const pushed = hasUpstream && options.push !== false;
  if (pushed) {
    steps.push('→ Pushing to remote...');
    await git(folder, ['push', '--quiet']);
  }
  context.print(invocation, { committed, pulled, pushed }, () => [...steps, '', '✓ Sync complete']);
}

/**
 * Refuses to sync during a merge or rebase, which the user has to finish.
 * @throws UserError `conflict`
 */
async function refuseUnfinished(folder: string): Promise<void> {
  for (const name of ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'REBASE_HEAD']) {
    const found = await gitProbe(folder, ['rev-parse', '--verify', '--quiet', name]).catch(() => undefined);
    if (found !== undefined)
      throw new UserError(
        `a ${name
          .replace(/_HEAD$/, '')
          .toLowerCase()
          .replace('_', ' ')} is not finished in this repository`,
        'Finish it, or abort it, and sync again. Nothing was changed.',
        'conflict',
      );
  }
}

/** Commits one file, independent of staged changes. @returns false if it has not changed */
async function commit(folder: string, file: string, message: string): Promise<boolean> {
  await stage(folder, file);
  if (await succeeds(folder, ['diff', '--cached', '--quiet', '--', file])) return false;
  await git(folder, ['commit', '--quiet', '--no-verify', '-m', message, '--', file]);
  return true;
}

/** @throws UserError if git ignores the file */
async function stage(folder: string, file: string): Promise<void> {
  // A plain "git add" fails for a tracked file in an ignored folder.
  const isTracked = await succeeds(folder, ['ls-files', '--error-unmatch', '--', file]);
  if (!isTracked && (await succeeds(folder, ['check-ignore', '--quiet', '--', file])))
    throw new UserError(
      `git ignores ${file}`,
      'Remove it from .gitignore or .git/info/exclude, or give the ledger a separate branch: bd config set sync-branch beads-sync',
    );
  await git(folder, ['add', ...(isTracked ? ['--update'] : []), '--', file]);
}

/** @returns what the merge of beads has to tell */
async function pull(folder: string): Promise<string[]> {
  try {
    const pulled = await gitPrinting(folder, [...ownMergeDriver(), 'pull', '--quiet', '--no-rebase', '--no-edit']);
    return notesOfMerge(pulled.stderr);
  } catch (error) {
    // Git names conflicts on standard output only.
    const conflicts = await gitText(folder, ['diff', '--name-only', '--diff-filter=U']).catch(() => '');
    await succeeds(folder, ['merge', '--abort']);
    const why = conflicts ? `conflicts in ${conflicts.split('\n').join(', ')}` : messageOf(error);
    throw new UserError(`cannot pull: ${why}`, 'Nothing was merged. Pull by hand, then run bd sync again.', 'conflict');
  }
}

async function succeeds(cwd: string, args: string[]): Promise<boolean> {
  return gitText(cwd, args).then(
    () => true,
    () => false,
  );
}
