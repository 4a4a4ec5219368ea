import fs from 'node:fs';
import path from 'node:path';
import { UserError, messageOf } from '../base/errors';
import { writeFileAtomic, readTextIfPresent, makeFolder } from '../base/safeFiles';
import { git, gitLine, gitMaybe, withRepository } from './git';
import { isSafeBranch } from './names';

/** Killed when the other side says nothing for so long. */
const NETWORK_TIMEOUT_MS = 10 * 60_000;

/** What a rig's repository is made from. */
export interface RepositorySource {
  /** Git URL, or absolute path of a folder. */
  location: string;
  isFolder: boolean;
  defaultBranch: string;
}

/** Where merged work lands: a folder's checked-out branch can never be pushed to, so it gets a branch of its own. */
export function landingBranch(source: RepositorySource): string {
  return source.isFolder ? `gastown/${source.defaultBranch}` : source.defaultBranch;
}

/**
 * The bare repository `<rig>/.repo.git` that all worktrees of a rig share.
 * It has one remote, `origin`, and no local heads but the polecats'.
 */
export class RigRepository {
  constructor(
    readonly directory: string,
    readonly source: RepositorySource,
  ) {}

  get landing(): string {
    return landingBranch(this.source);
  }

  /** Makes the repository and fetches. Safe to repeat after a crash. */
  async create(): Promise<void> {
    await withRepository(this.directory, async () => {
      makeFolder(this.directory);
      await git(this.directory, ['init', '--bare', '--quiet', '--initial-branch=gastown-none', '.']);
      this.resetConfig();
      await this.fetchLocked();
    });
    if (!(await this.tip())) await this.createRootCommit();
  }

  /**
   * Agents share this repository through their worktrees and could write settings that name commands
   * (filters, hooks, aliases). The file is ours alone, so it is put back before the server works here.
   */
  resetConfig(): void {
    const file = path.join(this.directory, 'config');
    const quoted = `"${this.source.location.replace(/[\\"]/g, '\\$&')}"`;
    const text = [
      '[core]',
      '\trepositoryformatversion = 0',
      '\tfilemode = true',
      '\tbare = true',
      '\tlogallrefupdates = true',
      '[gc]',
      '\tauto = 0',
      // Agents' resolutions of conflicts are kept for all worktrees; the refinery uses them again.
      '[rerere]',
      '\tenabled = true',
      '[remote "origin"]',
      `\turl = ${quoted}`,
      '\tfetch = +refs/heads/*:refs/remotes/origin/*',
      '',
    ].join('\n');
    if (readTextIfPresent(file) !== text) writeFileAtomic(file, text);
  }

  async fetch(): Promise<void> {
    await withRepository(this.directory, () => this.fetchLocked());
  }

  /**
   * Knows afterwards where work lands and where the default branch is, like `fetch`; of a folder on disk, which is asked
   * at once, it fetches only what has moved.
   */
  async fetchMoved(): Promise<void> {
    const branches = [this.landing, this.source.defaultBranch];
    if (!this.source.isFolder) return this.fetch();
    await withRepository(this.directory, async () => this.resetConfig());
    const [there, here] = await Promise.all([
      refsAt(this.source.location, 'refs/heads/', branches),
      refsAt(this.directory, 'refs/remotes/origin/', branches),
    ]);
    if (there === undefined || there !== here) await this.fetch();
  }

  private async fetchLocked(): Promise<void> {
    this.resetConfig();
    try {
      // With its progress git is never silent for long, however large the repository.
      await git(this.directory, ['fetch', '--progress', '--prune', '--no-tags', 'origin'], {
        timeoutMs: NETWORK_TIMEOUT_MS,
      });
    } catch (error) {
      throw new UserError(
        `cannot fetch from ${this.source.location}: ${messageOf(error).trim()}`,
        'check the address, your access to it and the network',
        'unavailable',
      );
    }
  }

  /** Commit that new work starts from: where work lands, else the default branch; undefined for an empty repository. */
  async tip(): Promise<string | undefined> {
    return (
      (await this.resolve(`refs/remotes/origin/${this.landing}`)) ??
      (await this.resolve(`refs/remotes/origin/${this.source.defaultBranch}`))
    );
  }

  /** Everything that is in the source already: where work lands, and its own default branch. */
  async tips(): Promise<string[]> {
    const refs = [this.landing, this.source.defaultBranch].map((branch) =>
      this.resolve(`refs/remotes/origin/${branch}`),
    );
    return (await Promise.all(refs)).filter((tip) => tip !== undefined);
  }

  async resolve(ref: string): Promise<string | undefined> {
    return gitMaybe(this.directory, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    return (await this.countCommits(descendant, ancestor)) === 0;
  }

  /** Where a commit has parted from what has landed. */
  async mergeBase(commit: string): Promise<string | undefined> {
    const tip = await this.tip();
    return tip && gitMaybe(this.directory, ['merge-base', tip, commit]);
  }

  /** Commits in `to` that `from` does not have: `git rev-list --count from..to`, or all of `to`. */
  async countCommits(from: string | undefined, to: string): Promise<number> {
    const range = from ? [`^${from}`] : [];
    return Number(await gitLine(this.directory, ['rev-list', '--count', to, ...range, '--']));
  }

  /** An empty repository has nothing to branch from: it gets one empty commit to stand on. */
  private async createRootCommit(): Promise<void> {
    const tree = await gitLine(this.directory, ['hash-object', '-t', 'tree', '-w', '--', '/dev/null']);
    const commit = await gitLine(this.directory, ['commit-tree', tree, '-m', 'Begin']);
    await this.push(commit, undefined);
  }

  /**
   * Lands a commit: compare-and-set against `expected` (undefined = the branch does not exist yet).
   * @returns false if the branch moved meanwhile; nothing has changed then
   */
  async push(commit: string, expected: string | undefined): Promise<boolean> {
    const branch = this.landing;
    if (!isSafeBranch(branch)) throw new UserError(`"${branch}" cannot be a branch name`);
    return withRepository(this.directory, async () => {
      this.resetConfig();
      try {
        await git(
          this.directory,
          [
            'push',
            '--progress',
            '--atomic',
            `--force-with-lease=refs/heads/${branch}:${expected ?? ''}`,
            'origin',
            `${commit}:refs/heads/${branch}`,
          ],
          { timeoutMs: NETWORK_TIMEOUT_MS },
        );
      } catch (error) {
        await this.fetchLocked();
        const now = await this.resolve(`refs/remotes/origin/${branch}`);
        if (now === commit) return true;
        if (now !== expected) return false;
        if (/checked out branch/.test(messageOf(error))) {
          throw new UserError(
            `${this.source.location} has ${branch} checked out, so nothing can land there`,
            `switch the folder to ${this.source.defaultBranch} or another branch`,
            'conflict',
          );
        }
        throw new UserError(
          `cannot push to ${branch} of ${this.source.location}: ${messageOf(error).trim()}`,
          'check your right to push there',
          'unavailable',
        );
      }
      await git(this.directory, ['update-ref', `refs/remotes/origin/${branch}`, commit]);
      return true;
    });
  }
}

/** Undefined where git cannot tell. */
async function refsAt(directory: string, space: string, branches: readonly string[]): Promise<string | undefined> {
  return gitMaybe(directory, [
    'for-each-ref',
    `--format=%(refname:lstrip=${space.split('/').length - 1}) %(objectname)`,
    '--',
    ...branches.map((branch) => `${space}${branch}`),
  ]);
}

/** Looks at a URL or folder: whether it is a repository, and its default branch. */
export async function inspectSource(location: string, wantedBranch?: string): Promise<RepositorySource> {
  if (location.startsWith('-')) throw new UserError(`"${location}" is not a repository`, 'give a git URL or a folder');
  const isUrl =
    /^[a-z][a-z0-9+.-]*:\/\//i.test(location) || (/^[^/\\]+@[^/\\]+:/.test(location) && !fs.existsSync(location));
  if (isUrl) return { location, isFolder: false, defaultBranch: wantedBranch ?? (await remoteDefaultBranch(location)) };
  return inspectFolder(path.resolve(location), wantedBranch);
}

async function inspectFolder(folder: string, wantedBranch: string | undefined): Promise<RepositorySource> {
  if (!fs.existsSync(folder))
    throw new UserError(`there is no folder ${folder}`, 'give a git URL or an existing folder', 'not-found');
  const top = await gitMaybe(folder, ['rev-parse', '--show-toplevel']);
  const bare = (await gitMaybe(folder, ['rev-parse', '--is-bare-repository'])) === 'true';
  if (!top && !bare) {
    throw new UserError(`${folder} is not a git repository`, `run "git init" in it first`, 'not-found');
  }
  const location = bare ? folder : (top ?? folder);
  const head = await gitMaybe(location, ['symbolic-ref', '--quiet', '--short', 'HEAD']);
  const defaultBranch = wantedBranch ?? head ?? 'main';
  // A bare repository has no checkout that a push could pull the rug from under.
  return { location, isFolder: !bare, defaultBranch };
}

async function remoteDefaultBranch(url: string): Promise<string> {
  let answer: string;
  try {
    answer = await git(process.cwd(), ['ls-remote', '--symref', '--', url, 'HEAD'], { timeoutMs: 60_000 });
  } catch (error) {
    throw new UserError(
      `cannot reach ${url}: ${messageOf(error).trim()}`,
      'check the address, your access to it and the network',
      'unavailable',
    );
  }
  return /^ref: refs\/heads\/(\S+)\s+HEAD$/m.exec(answer)?.[1] ?? 'main';
}
