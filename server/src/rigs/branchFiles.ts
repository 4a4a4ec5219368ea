import { git } from '../git/git';
import { localRef } from '../git/localLanding';
import type { RigRepository } from '../git/repository';

/** Number of cached commits, as long as no more are read at a time. */
const MAX_COMMITS = 500;
/** Maximum number of files of one commit: larger changes have unknown files. */
const MAX_FILES = 2_000;
const MAX_BYTES = 500_000;

/** The files that changes of a rig touch. Cached by commit: git is run once for each, and once for all branches. */
export class BranchFiles {
  private readonly files = new Map<string, readonly string[]>();
  private readonly tips = new Map<string, string>();

  constructor(
    private readonly repository: Pick<RigRepository, 'directory'>,
    private readonly maxCommits = MAX_COMMITS,
  ) {}

  /** Files of a commit; undefined if they were not read yet, or the change is too large. */
  of(commit: string): readonly string[] | undefined {
    return this.files.get(commit);
  }

  /** Files of a branch, as of its last reading. */
  ofBranch(branch: string): readonly string[] | undefined {
    const tip = this.tips.get(branch);
    return tip === undefined ? undefined : this.files.get(tip);
  }

  /** Reads commits that are not cached. @returns whether there were any */
  async read(commits: readonly string[]): Promise<boolean> {
    const missing = commits.filter((commit) => !this.files.has(commit));
    // What is read together is asked for together: a longer queue must not be read again at each look.
    const limit = Math.max(this.maxCommits, 2 * commits.length);
    for (const commit of missing) this.keep(commit, await this.changed(commit), limit);
    return missing.length > 0;
  }

  /** Reads branches that have moved since. @returns whether there were any */
  async readBranches(branches: readonly string[]): Promise<boolean> {
    if (branches.length === 0) return false;
    const refs = branches.map((branch) => `refs/heads/${branch}`);
    const output = await git(this.repository.directory, [
      'for-each-ref',
      '--format=%(objectname) %(refname:lstrip=2)',
      ...refs,
    ]);
    const tips = new Map(
      output
        .split('\n')
        .filter(Boolean)
        .map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]),
    );
    const commits: string[] = [];
    for (const branch of branches) {
      const tip = tips.get(branch);
      if (tip === undefined) this.tips.delete(branch);
      else {
        this.tips.set(branch, tip);
        commits.push(tip);
      }
    }
    return this.read(commits);
  }

  private keep(commit: string, files: readonly string[], limit: number): void {
    this.files.delete(commit);
    this.files.set(commit, files);
    for (const oldest of this.files.keys()) {
      if (this.files.size <= limit) break;
      this.files.delete(oldest);
    }
  }

  /** The files of a branch's own commits: those that are on no target, neither the rig's nor a feature branch. */
  private async changed(commit: string): Promise<readonly string[]> {
    const landed = ['--not', '--remotes=origin', `--glob=${localRef('')}*`];
    const options = ['--name-only', '--format=', '--no-renames', '-z'];
    try {
      const output = await git(this.repository.directory, ['log', ...options, commit, ...landed, '--']);
      const files = output.length > MAX_BYTES ? [] : [...new Set(output.split('\0').filter(Boolean))];
      return files.length > MAX_FILES ? [] : files;
    } catch {
      return []; // gone meanwhile: no overlap is predicted
    }
  }
}
