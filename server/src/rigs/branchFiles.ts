import { git } from '../git/git';
import { localRef } from '../git/localLanding';
import type { RigRepository } from '../git/repository';

/** Commits whose files are kept, and files of one: of more it is not known what they change. */
const MAX_COMMITS = 500;
const MAX_FILES = 2_000;
const MAX_BYTES = 500_000;

/** Which files the changes of a rig touch. Kept by commit: git is asked once for each, and once for all branches. */
export class BranchFiles {
  private readonly files = new Map<string, readonly string[]>();
  private readonly tips = new Map<string, string>();

  constructor(private readonly repository: Pick<RigRepository, 'directory'>) {}

  /** Undefined where nobody has asked yet, and for changes that are too large. */
  of(commit: string): readonly string[] | undefined {
    return this.files.get(commit);
  }

  /** As the branch was when it was last read. */
  ofBranch(branch: string): readonly string[] | undefined {
    const tip = this.tips.get(branch);
    return tip === undefined ? undefined : this.files.get(tip);
  }

  /** Reads those that are not known yet. @returns whether there were some */
  async read(commits: readonly string[]): Promise<boolean> {
    const missing = commits.filter((commit) => !this.files.has(commit));
    for (const commit of missing) this.keep(commit, await this.changed(commit));
    return missing.length > 0;
  }

  /** Reads branches that have moved since. @returns whether there were some */
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

  private keep(commit: string, files: readonly string[]): void {
    this.files.delete(commit);
    this.files.set(commit, files);
    for (const oldest of this.files.keys()) {
      if (this.files.size <= MAX_COMMITS) break;
      this.files.delete(oldest);
    }
  }

  /** What its own commits change: those that are on no target, of this rig or of a feature branch. */
  private async changed(commit: string): Promise<readonly string[]> {
    const landed = ['--not', '--remotes=origin', `--glob=${localRef('')}*`];
    const options = ['--name-only', '--format=', '--no-renames', '-z'];
    try {
      const output = await git(this.repository.directory, ['log', ...options, commit, ...landed, '--']);
      const files = output.length > MAX_BYTES ? [] : [...new Set(output.split('\0').filter(Boolean))];
      return files.length > MAX_FILES ? [] : files;
    } catch {
      return []; // gone meanwhile: nothing is predicted of it
    }
  }
}
