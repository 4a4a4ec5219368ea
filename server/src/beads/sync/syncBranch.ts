import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors';
import { readTextIfPresent, removeFile, writeJsonAtomic } from '../../base/safeFiles';

/** Runs git commands for a sync. */
export interface SyncGit {
  /** The trimmed output of a command. @param options.indexFile used instead of the repository's own index */
  run(args: string[], options?: { indexFile?: string }): Promise<string>;
  /** Like `run`; undefined if git fails. */
  probe(args: string[]): Promise<string | undefined>;
  bytes(args: string[]): Promise<Buffer>;
  /** A folder of the repository for temporary files. */
  readonly folder: string;
}

export interface SyncedLedger {
  /** The `.beads` folder. */
  directory: string;
  /** Brings the file of beads up to date. @returns its path */
  flush(): Promise<string>;
  /**
   * Merges a version of the file in, with the common base version. Durable when it resolves. @returns whether beads
   * changed
   */
  merge(base: Buffer, theirs: Buffer, name: string): Promise<boolean>;
}

export interface SyncOptions {
  branch: string;
  /** Path of the file of beads in the branch. */
  file: string;
  /** Name or address of the remote; undefined: nothing is fetched or pushed. */
  remote: string | undefined;
  pull: boolean;
  push: boolean;
  message: string;
  /** No other program commits to the branch here: its content was in the ledger. */
  ownsBranch?: boolean;
}

export interface SyncResult {
  branch: string;
  remote?: string;
  /** Tip of the branch; undefined if there is nothing to commit. */
  commit?: string;
  committed: boolean;
  /** Another version was merged into the ledger. */
  merged: boolean;
  pulled: boolean;
  pushed: boolean;
}

/**
 * Records the version that was merged last, which is the base of the next merge. Local and optional: without it the
 * merge has no base.
 */
const STATE_FILE = 'sync-state.json';
const stateSchema = z.looseObject({ branch: z.string(), commit: z.string().regex(/^[0-9a-f]{40,64}$/) });
/** Prefix of the refs for the remote's tips. */
const REMOTE_REF = 'refs/beads/remote/';
/** Maximum number of attempts, if other clones push in between. */
const MAX_TRIES = 6;

/**
 * Synchronises a ledger, its own branch and the same branch of a remote. Works on objects and refs alone: no checkout,
 * no index and no file of a worktree is touched. Can be repeated after an interruption at any point.
 */
export async function syncBranch(git: SyncGit, ledger: SyncedLedger, options: SyncOptions): Promise<SyncResult> {
  const { branch, remote } = options;
  const ref = `refs/heads/${branch}`;
  const result: SyncResult = {
    branch,
    ...(remote ? { remote } : {}),
    committed: false,
    merged: false,
    pulled: false,
    pushed: false,
  };
  for (let tries = 1; ; tries++) {
    const file = await ledger.flush();
    const local = await tipOf(git, ref);
    const theirs = remote !== undefined && options.pull ? await fetchTip(git, remote, branch) : undefined;
    result.pulled ||= theirs !== undefined;
    const changed = await mergeTips(git, ledger, options, [local, theirs]);
    result.merged ||= changed;
    if (changed) await ledger.flush();
    const parents = await newest(git, [local, theirs]);
    const commit = await commitFile(git, file, parents, options);
    if (commit === undefined) return result; // the ledger is empty, and there is no branch
    const isMoved = commit !== local;
    if (isMoved && !(await moves(git, ['update-ref', '-m', 'bd sync', ref, commit, local ?? '']))) {
      refuseEndless(tries, branch);
      continue;
    }
    result.committed ||= !parents.includes(commit);
    result.commit = commit;
    writeState(ledger.directory, { branch, commit });
    if (remote === undefined || !options.push) return result;
    if (commit === theirs) return result;
    if (await push(git, remote, branch, commit)) return { ...result, pushed: true };
    if (!options.pull)
      throw new UserError(
        `${remote} has changes of ${branch} that are not here`,
        'Run bd sync without --no-pull.',
        'conflict',
      );
    refuseEndless(tries, branch);
  }
}

function refuseEndless(tries: number, branch: string): void {
  if (tries >= MAX_TRIES)
    throw new UserError(
      `${branch} keeps changing`,
      'Other clones are syncing at the same time. Nothing is lost; try again in a moment.',
      'unavailable',
    );
}

async function tipOf(git: SyncGit, ref: string): Promise<string | undefined> {
  return git.probe(['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]);
}

/** Tip of the branch in the remote; undefined if it does not exist. */
async function fetchTip(git: SyncGit, remote: string, branch: string): Promise<string | undefined> {
  const listed = await git.run(['ls-remote', '--', remote, `refs/heads/${branch}`]);
  if (listed === '') return undefined;
  const ref = `${REMOTE_REF}${branch}`;
  await git.run([
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-recurse-submodules',
    '--',
    remote,
    `+refs/heads/${branch}:${ref}`,
  ]);
  return tipOf(git, ref);
}

/** Merges in tips that the ledger does not have yet. */
async function mergeTips(
  git: SyncGit,
  ledger: SyncedLedger,
  { branch, file, ownsBranch }: SyncOptions,
  tips: readonly [local: string | undefined, theirs: string | undefined],
): Promise<boolean> {
  const synced = ownsBranch ? tips[0] : await syncedCommit(git, ledger.directory, branch);
  let hasChanged = false;
  for (const tip of new Set(tips)) {
    if (tip === undefined || (synced !== undefined && (await isAncestor(git, tip, synced)))) continue;
    const common = synced === undefined ? undefined : await git.probe(['merge-base', synced, tip]);
    const version = await fileIn(git, tip, file);
    if (version === undefined) continue;
    const base = common === undefined ? undefined : await fileIn(git, common, file);
    const merged = await ledger.merge(base ?? Buffer.alloc(0), version, `${file} of ${branch} (${tip.slice(0, 10)})`);
    hasChanged ||= merged;
  }
  return hasChanged;
}

/** The version that was merged last, if the repository still has it. */
async function syncedCommit(git: SyncGit, directory: string, branch: string): Promise<string | undefined> {
  const state = readState(directory);
  if (state?.branch !== branch) return undefined;
  return git.probe(['rev-parse', '--verify', '--quiet', `${state.commit}^{commit}`]);
}

function readState(directory: string): z.output<typeof stateSchema> | undefined {
  try {
    return stateSchema.safeParse(JSON.parse(readTextIfPresent(path.join(directory, STATE_FILE)) ?? 'null')).data;
  } catch {
    return undefined; // a merge without a base loses nothing
  }
}

function writeState(directory: string, state: z.output<typeof stateSchema>): void {
  writeJsonAtomic(path.join(directory, STATE_FILE), state);
}

async function fileIn(git: SyncGit, commit: string, file: string): Promise<Buffer | undefined> {
  const entry = await git.run(['ls-tree', '--full-tree', commit, '--', file]);
  const blob = /^100\d+ blob ([0-9a-f]+)\t/.exec(entry)?.[1];
  return blob === undefined ? undefined : git.bytes(['cat-file', 'blob', blob]);
}

/** The tips that are not ancestors of other ones. */
async function newest(git: SyncGit, tips: readonly (string | undefined)[]): Promise<string[]> {
  const [local, theirs] = tips;
  if (local === undefined || theirs === undefined || local === theirs)
    return [local ?? theirs].flatMap((tip) => tip ?? []);
  if (await isAncestor(git, local, theirs)) return [theirs];
  return (await isAncestor(git, theirs, local)) ? [local] : [local, theirs];
}

async function isAncestor(git: SyncGit, ancestor: string, commit: string): Promise<boolean> {
  return (await git.probe(['merge-base', '--is-ancestor', ancestor, commit])) !== undefined;
}

/**
 * A commit with the file as it is now, and all other files as in the first parent.
 * @returns the only parent if its file is the same; undefined for an empty file and no parent
 */
async function commitFile(
  git: SyncGit,
  file: string,
  parents: readonly string[],
  { file: place, message }: SyncOptions,
): Promise<string | undefined> {
  const blob = await git.run(['hash-object', '-w', '--no-filters', '--', file]);
  const [first] = parents;
  if (first === undefined && (await git.run(['cat-file', '-s', blob])) === '0') return undefined;
  const indexFile = path.join(git.folder, `beads-sync-${process.pid}.index`);
  let tree: string;
  try {
    removeFile(indexFile);
    if (first !== undefined) await git.run(['read-tree', first], { indexFile });
    await git.run(['update-index', '--add', '--cacheinfo', `100644,${blob},${place}`], { indexFile });
    tree = await git.run(['write-tree'], { indexFile });
  } finally {
    removeFile(indexFile);
  }
  if (parents.length === 1 && (await git.run(['rev-parse', `${first}^{tree}`])) === tree) return first;
  return git.run(['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-m', message]);
}

/** Moves a ref. @returns false if another process has moved it meanwhile */
async function moves(git: SyncGit, args: string[]): Promise<boolean> {
  try {
    await git.run(args);
    return true;
  } catch (error) {
    if (
      error instanceof Error &&
      /cannot lock ref|is at [0-9a-f]+ but expected|reference already exists/.test(error.message)
    )
      return false;
    throw error;
  }
}

/** @returns false if the remote has commits that are missing here: they have to be merged first */
async function push(git: SyncGit, remote: string, branch: string, commit: string): Promise<boolean> {
  try {
    await git.run([
      'push',
      '--quiet',
      '--no-verify',
      '--recurse-submodules=no',
      '--',
      remote,
      `${commit}:refs/heads/${branch}`,
    ]);
    return true;
  } catch (error) {
    if (
      error instanceof Error &&
      /non-fast-forward|fetch first|\(incorrect old value|cannot lock ref|failed to update ref/.test(error.message)
    )
      return false;
    throw error;
  }
}
