import { createHash } from 'node:crypto';
import path from 'node:path';
import { readFileBytes } from '../base/safeFiles';
import { adminFolder } from './adminFolder';
import { readMark, writeMark } from './worktreeMark';
import { git } from './git';

/** A line of `git status --porcelain=v2`. */
interface StatusEntry {
  path: string;
  /** The file is not in the index. */
  untracked: boolean;
  /** The index equals HEAD: only the file itself differs. */
  unstaged: boolean;
  /** The index has merge stages of the file. */
  conflict: boolean;
}

export interface Status {
  head?: string;
  branch?: string;
  /** Files that differ from HEAD, without those that already differed right after the checkout and are unchanged. */
  changes: string[];
  /** Changed files with unresolved conflicts. */
  conflicts: string[];
  /** Files that differed right after the checkout, and are unchanged. */
  fromCheckout: string[];
}

/** The status of a worktree. Changes in submodules count, regardless of `.gitmodules`. @throws GitError */
export async function statusOf(worktree: string, untracked: 'no' | 'normal' | 'all' = 'normal'): Promise<Status> {
  const { head, branch, entries } = await rawStatus(worktree, untracked);
  const admin = adminFolder(worktree);
  const atCheckout = admin === undefined ? {} : readMark(admin).atCheckout;
  const fromCheckout = new Set(
    entries
      .filter((entry) => entry.unstaged && atCheckout[entry.path] === contentHash(worktree, entry.path))
      .map((entry) => entry.path),
  );
  const changes = entries.map((entry) => entry.path).filter((file) => !fromCheckout.has(file));
  const conflicts = entries.filter((entry) => entry.conflict).map((entry) => entry.path);
  return { head, branch, changes, conflicts, fromCheckout: [...fromCheckout] };
}

/**
 * Records which files are "changed" right after a checkout: if attributes and content disagree (a file with CRLF that
 * `.gitattributes` declares as LF), git reports it as changed at once, although it is unchanged.
 */
export async function recordCheckout(worktree: string, admin: string, branch?: string): Promise<void> {
  const { entries } = await rawStatus(worktree, 'no');
  const atCheckout = Object.fromEntries(
    entries.filter((entry) => entry.unstaged).map((entry) => [entry.path, contentHash(worktree, entry.path)]),
  );
  writeMark(admin, { branch, atCheckout });
}

async function rawStatus(worktree: string, untracked: string) {
  const text = await git(worktree, [
    'status',
    '--porcelain=v2',
    '--branch',
    '-z',
    `--untracked-files=${untracked}`,
    '--ignore-submodules=none',
    '--no-renames',
  ]);
  const fields = text.split('\0').filter(Boolean);
  const header = (name: string): string | undefined =>
    fields.find((field) => field.startsWith(`# ${name} `))?.slice(name.length + 3);
  const oid = header('branch.oid');
  const branch = header('branch.head');
  return {
    head: oid === '(initial)' ? undefined : oid,
    branch: branch === '(detached)' ? undefined : branch,
    entries: fields.flatMap((field) => entryOf(field) ?? []),
  };
}

/** `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`, `? path`. */
function entryOf(field: string): StatusEntry | undefined {
  const kind = field[0];
  if (kind === '?') return { path: field.slice(2), untracked: true, unstaged: false, conflict: false };
  const spaces = kind === '1' ? 8 : kind === 'u' ? 10 : undefined;
  if (spaces === undefined) return undefined;
  return {
    path: field.split(' ').slice(spaces).join(' '),
    untracked: false,
    unstaged: kind === '1' && field[2] === '.' && field[3] === 'M',
    conflict: kind === 'u',
  };
}

const MAX_HASHED_BYTES = 1 << 30;

/** Hash of a file; `gone` if it is not a file. Links are not followed. */
function contentHash(worktree: string, file: string): string {
  try {
    const content = readFileBytes(path.join(worktree, file), MAX_HASHED_BYTES);
    return content === undefined ? 'gone' : createHash('sha256').update(content).digest('hex');
  } catch {
    return 'gone';
  }
}
