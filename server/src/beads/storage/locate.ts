import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors';
import { readTextIfPresent } from '../../base/safeFiles';
import { canonicalPath } from '../../base/safePaths';
import { argumentText } from '../../base/text';
import { repairCommand } from './repairHints';

const maxRedirects = 3;
/** A redirect is one line. */
const MAX_REDIRECT_BYTES = 64 * 1024;

/**
 * Resolves the redirect of a ledger: the first line that is not a comment names another `.beads` folder, absolute or
 * relative to the folder that contains this `.beads`. A `.beads` that is a link works the same way.
 * @returns a path without links
 * @throws UserError `refused` if it leaves the town or the repository: the redirect may come from a clone, and would
 * cause writes to the ledger of another project
 */
export function followRedirect(directory: string): string {
  const start = path.resolve(directory);
  const home = canonicalPath(path.dirname(start));
  const limits = limitsOf(home);
  const seen = new Set<string>();
  let current = path.join(home, path.basename(start));
  while (!seen.has(current) && seen.size <= maxRedirects) {
    seen.add(current);
    const next = targetOf(current);
    if (next === undefined) return current;
    if (!isDirectory(next.target)) throw new UserError(`${next.source} points to ${next.target}, which does not exist`);
    const target = canonicalPath(next.target);
    if (limits && !limits.some((folder) => isWithin(folder, target)))
      throw new UserError(
        `${next.source} points to ${target}, outside of ${limits[0]}`,
        `It may be part of the repository. If you mean that ledger, name it: bd --db ${argumentText(target)} …`,
        'refused',
      );
    current = target;
  }
  throw new UserError(`too many redirects, or a circle of them, starting at ${directory}`);
}

/** The redirect of a ledger: a link, or a redirect file in it. Undefined if there is none. */
function targetOf(directory: string): { source: string; target: string } | undefined {
  if (fs.lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink())
    return { source: directory, target: path.resolve(path.dirname(directory), fs.readlinkSync(directory)) };
  const source = path.join(directory, 'redirect');
  const lines = readTextIfPresent(source, MAX_REDIRECT_BYTES)?.split(/\r?\n/) ?? [];
  const line = lines.map((text) => text.trim()).find((text) => text !== '' && !text.startsWith('#'));
  return line === undefined ? undefined : { source, target: path.resolve(path.dirname(directory), line) };
}

/** The folders that a redirect from here must stay in; undefined outside of every town and repository. */
function limitsOf(folder: string): string[] | undefined {
  let checkout: string[] | undefined;
  for (let at = folder; ; at = path.dirname(at)) {
    if (fs.existsSync(path.join(at, 'mayor', 'town.json'))) return [at];
    checkout ??= checkoutAt(at);
    if (path.dirname(at) === at) return checkout;
  }
}

/** The folder of a checkout; for a worktree also that of the main checkout, whose ledger it shares. */
function checkoutAt(folder: string): string[] | undefined {
  const git = path.join(folder, '.git');
  const stat = fs.lstatSync(git, { throwIfNoEntry: false });
  if (!stat) return undefined;
  // Git never checks out a file of this name: only `git worktree add` writes one.
  const link = stat.isFile()
    ? /^gitdir: (.+)$/m.exec(readTextIfPresent(git, MAX_REDIRECT_BYTES) ?? '')?.[1]
    : undefined;
  const main = link && /^(.*)[\\/]\.git[\\/]worktrees[\\/][^\\/]+$/.exec(path.resolve(folder, link))?.[1];
  return main ? [folder, canonicalPath(main)] : [folder];
}

function isWithin(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

function isDirectory(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** True for a folder that is a ledger, not merely one with that name. */
export function isLedger(directory: string): boolean {
  const marks = ['issues.jsonl', 'beads.jsonl', 'metadata.json', 'config.yaml', 'journal.jsonl', 'redirect'];
  return isDirectory(directory) && marks.some((name) => fs.existsSync(path.join(directory, name)));
}

/**
 * Checks that a known ledger still exists: a missing one must not be treated as empty.
 * @throws UserError `not-found`
 */
export function requireLedger(directory: string): void {
  if (isLedger(directory)) return;
  throw new UserError(
    `the ledger ${directory} is gone: its beads were there before`,
    `Restore the folder from a backup. Without one run: ${repairCommand(directory)} (it restores the version in the rig's repository, or starts with an empty ledger).`,
    'not-found',
  );
}

/** The ledger of a folder: its own `.beads` or that of the nearest folder above, redirects followed. */
export function findLedger(start: string): string | undefined {
  for (let folder = path.resolve(start); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, '.beads');
    if (isLedger(candidate)) return followRedirect(candidate);
    if (path.dirname(folder) === folder) return undefined;
  }
}
