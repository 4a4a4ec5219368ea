import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { UserError } from '../../base/errors';
import { changeBetween, type VersionChange } from '../../beads/sync/mergeVersion';
import { syncBranch, type SyncResult } from '../../beads/sync/syncBranch';
import { LedgerFlush, LedgerImportPart, LedgerMerge, type LedgerInfo } from '../../protocol/ledger';
import type { Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { overruledNotes } from './mergeDriver';
import type { Backend } from './localBackend';
import { gitProbe, gitText, repositoryAround, syncGit } from './syncGit';

/** `bd sync` for a ledger with its own branch (`sync-branch`). */

export interface BranchSyncOptions {
  message?: string;
  pull?: boolean;
  push?: boolean;
}

/** Bytes in one request to the ledger. */
const PART = 1024 * 1024;
/** Branches that must not be used, because they contain people's work. */
const NEVER = new Set(['main', 'master', 'HEAD']);

interface Place {
  root: string;
  gitFolder: string;
  /** Path of the file of beads in the repository, with slashes. */
  file: string;
  remote: string | undefined;
}

export async function syncOwnBranch(
  invocation: Invocation,
  context: BdContext,
  info: LedgerInfo,
  options: BranchSyncOptions,
): Promise<void> {
  const branch = info.settings['sync-branch'] ?? '';
  const result = await context.withLedger(invocation, async (backend) => {
    const { file } = await backend.call(LedgerFlush.spec, {});
    const place = await placeOf(file, branch, info.settings['sync-remote']);
    return syncBranch(
      syncGit(place),
      {
        directory: info.directory,
        flush: async () => (await backend.call(LedgerFlush.spec, {})).file,
        merge: async (base, theirs, name) => {
          const merged = await merge(backend, changeBetween(base, theirs, name));
          for (const note of overruledNotes(merged.overruled)) context.note(note);
          return merged.changed.length > 0;
        },
      },
      {
        branch,
        file: place.file,
        remote: place.remote,
        pull: options.pull !== false,
        push: options.push !== false,
        message: options.message ?? `bd sync: ${new Date().toISOString()}`,
      },
    );
  });
  context.print(invocation, result, () => resultLines(result));
}

function resultLines({ branch, remote, committed, merged, pushed, commit }: SyncResult): string[] {
  return [
    '→ Exporting pending changes to JSONL...',
    ...(merged ? [`→ Merged changes of ${oneLine(remote ?? branch)}`] : []),
    ...(committed ? [`→ Committed to ${branch} (${commit?.slice(0, 10)})`] : []),
    ...(pushed ? [`→ Pushed to ${oneLine(remote ?? '')}`] : []),
    ...(committed || merged || pushed ? [] : ['→ Nothing to do']),
    '',
    '✓ Sync complete',
  ];
}

/** @throws UserError if the branch cannot be used for a ledger */
async function placeOf(file: string, branch: string, setting: string | undefined): Promise<Place> {
  const folder = path.dirname(file);
  const repository = await repositoryAround(folder);
  if (!repository)
    throw new UserError(
      `${folder} is in no git repository`,
      'The branch of the ledger needs one: git init',
      'not-found',
    );
  const { root, gitFolder } = repository;
  await requireBranch(root, branch);
  const remotes = (await gitText(root, ['remote'])).split('\n').filter(Boolean);
  const remote = setting ?? (remotes.includes('origin') ? 'origin' : undefined);
  if (remote !== undefined && (remote.startsWith('-') || remote.includes('::') || remote.trim() === ''))
    throw new UserError(`invalid sync-remote: ${JSON.stringify(remote)}`, 'Use the name of a remote, or an address.');
  const relative = path.relative(root, file).split(path.sep).join('/');
  if (relative.startsWith('../'))
    throw new UserError(
      `${file} is outside of the repository ${root}`,
      'Sync in the checkout that contains the ledger itself.',
    );
  return { root, gitFolder, file: relative, remote };
}

async function requireBranch(root: string, branch: string): Promise<void> {
  if ((await gitProbe(root, ['check-ref-format', `refs/heads/${branch}`])) === undefined || branch.startsWith('-'))
    throw new UserError(`invalid sync-branch: ${JSON.stringify(branch)}`, 'bd config set sync-branch beads-sync');
  const head = await gitProbe(root, ['symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD']);
  if (NEVER.has(branch) || head === `origin/${branch}`)
    throw new UserError(
      `${branch} cannot be the branch of the ledger: it is a branch of the project`,
      'Choose a separate branch: bd config set sync-branch beads-sync',
      'refused',
    );
  // The index and files there would then show everything as reverted.
  const worktrees = await gitText(root, ['worktree', 'list', '--porcelain']);
  for (const entry of worktrees.split('\n\n')) {
    const folder = /^worktree (.+)$/m.exec(entry)?.[1] ?? '';
    if (!entry.split('\n').includes(`branch refs/heads/${branch}`) || folder.includes('/beads-worktrees/')) continue;
    throw new UserError(
      `Cannot sync to '${branch}': it's your current branch in ${folder}`,
      'Switch to another branch there: the ledger has this one for itself.',
      'conflict',
    );
  }
}

async function merge(backend: Backend, change: VersionChange): Promise<LedgerMerge.Merged> {
  if (change.base === '' && change.theirs === '') return { changed: [], overruled: [] };
  if (change.base.length + change.theirs.length <= PART) return backend.call(LedgerMerge.spec, { ...change });
  const uploads = { base: randomUUID(), theirs: randomUUID() };
  for (const side of ['base', 'theirs'] as const) {
    let part = 0;
    for (const text of linesInParts(change[side]))
      await backend.call(LedgerImportPart.spec, { upload: uploads[side], part: part++, text });
  }
  return backend.call(LedgerMerge.spec, { base: '', theirs: '', uploads });
}

/** Splits a text into parts of whole lines, about `PART` bytes each; at least one part. */
function* linesInParts(text: string): Generator<string> {
  let start = 0;
  do {
    const end = text.indexOf('\n', Math.min(start + PART, text.length)) + 1 || text.length;
    yield text.slice(start, end);
    start = end;
  } while (start < text.length);
}
