import { writeJsonAtomic, readTextIfPresent } from '../base/safeFiles';
import { listFolder } from '../base/safeFolders';
import { git, GitError, type GitIdentity } from '../git/git';
import { branchCommits } from '../git/landingBase';
import { isSafeSegment } from '../git/names';
import type { RigRepository } from '../git/repository';
import { committedPart } from '../git/snapshots';
import { ensureWorktree, inspectWorktree, type CheckoutOptions } from '../git/worktree';
import type { StepInfo } from '../protocol/town';
import type { RigLayout } from '../town/layout';
import { frozenScript, progressFile, readAssignment, scriptStep, type Assignment } from './assignment';
import { retireWorktree } from './retireWorktree';
import { checkSubmission, type SubmittedWork } from './submission';
import type { FrozenBlocks, WorktreeRequest } from './types';

/** What the worktrees of a rig need of it. */
export interface WorktreeNeeds {
  repository: RigRepository;
  layout: RigLayout;
  checkout(): CheckoutOptions;
  /** The commit from which work for a feature branch, or for the rig's own target, starts. */
  start(target: string | undefined): Promise<string>;
  identity(): GitIdentity;
}

/** The worktrees of the polecats of a rig: what each one works on, and what it has not submitted yet. */
export class PolecatWorktrees {
  constructor(private readonly rig: WorktreeNeeds) {}

  async prepare(name: string, request: WorktreeRequest): Promise<{ base: string }> {
    const { repository, layout } = this.rig;
    const known = this.assignment(name);
    const isSameBranch = known?.branch === request.branch;
    const base = request.base ?? (isSameBranch ? known.base : await this.rig.start(request.target));
    await ensureWorktree(repository, layout.polecatWorktree(name), request.branch, base, this.rig.checkout());
    const isFrozen = request.replaceScript !== true && isSameBranch && known.script !== undefined;
    const { script, scriptSteps } = isFrozen ? known : request;
    const { bead, title, branch, attempt } = request;
    const assignment: Assignment = { bead, title, branch, base, attempt, script, scriptSteps };
    writeJsonAtomic(layout.assignment(name), assignment);
    return { base };
  }

  assignment(name: string): Assignment | undefined {
    return readAssignment(this.rig.layout, name);
  }

  frozenScript(name: string, branch: string): FrozenBlocks | undefined {
    return frozenScript(this.assignment(name), branch);
  }

  list(): { name: string; bead?: string }[] {
    return listFolder(this.rig.layout.polecats)
      .filter((entry) => entry.isDirectory() && isSafeSegment(entry.name))
      .map(({ name }) => ({ name, bead: this.assignment(name)?.bead }));
  }

  async hasUnsubmittedWork(name: string): Promise<boolean> {
    const { repository, layout } = this.rig;
    const state = await inspectWorktree(layout.polecatWorktree(name)).catch((error: unknown) => {
      if (error instanceof GitError) return 'unreadable' as const;
      throw error;
    });
    if (state === 'unreadable') return true; // it may contain unsubmitted work
    if (!state?.head) return false;
    if (state.dirty) return true;
    const base = this.assignment(name)?.base;
    const known = [...(base ? [base] : []), ...(await repository.tips())];
    return (await branchCommits(repository, known, state.head)).length > 0;
  }

  async progress(name: string): Promise<string> {
    // Only a fingerprint, so errors are ignored.
    const state = await inspectWorktree(this.rig.layout.polecatWorktree(name)).catch(() => undefined);
    const steps = readTextIfPresent(progressFile(this.rig.layout, name)) ?? '';
    return `${state?.head ?? ''} ${steps.replace(/\s+/g, '')}`;
  }

  step(name: string): StepInfo | undefined {
    return scriptStep(this.rig.layout, name);
  }

  submittable(name: string, work: SubmittedWork): Promise<{ commit: string }> {
    const { repository, layout } = this.rig;
    return checkSubmission(repository, layout.polecatWorktree(name), work);
  }

  async restore(
    name: string,
    commit: string,
    work: Omit<WorktreeRequest, 'base'>,
  ): Promise<{ base: string; authors: string[] }> {
    const { repository, layout } = this.rig;
    const head = await committedPart(repository, commit);
    const base = (await repository.mergeBase(head)) ?? head;
    await git(repository.directory, ['update-ref', `refs/heads/${work.branch}`, head]);
    await this.prepare(name, { ...work, base });
    await git(layout.polecatWorktree(name), ['restore', `--source=${commit}`, '--worktree', '--', '.']);
    const commits = await branchCommits(repository, [base], head);
    return { base, authors: [...new Set(commits.map((entry) => entry.author))] };
  }

  retire(name: string, bead: string): Promise<string | undefined> {
    const { repository, layout } = this.rig;
    return retireWorktree(repository, layout, { name, bead, identity: this.rig.identity() });
  }
}
