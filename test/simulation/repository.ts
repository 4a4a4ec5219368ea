import type { ReviewMode } from '../../server/src/protocol/town';
import type { Pacing } from '../../server/src/rigs/pacing';

interface Commit {
  id: string;
  /** Beads whose work is in it, in order. */
  work: string[];
}

export interface Worktree {
  bead: string;
  branch: string;
  base: string;
  commits: number;
  /** The attempt that made the last commit. */
  attempt: number;
}

/** What lies on disk for one rig: its repository, its worktrees and the record of its starts. */
export class Repository {
  readonly commits = new Map<string, Commit>([['root', { id: 'root', work: [] }]]);
  readonly branches = new Map<string, string>();
  readonly worktrees = new Map<string, Worktree>();
  readonly gatePassed = new Set<string>();
  /** Patches that somebody has approved. */
  readonly approved = new Set<string>();
  /** Commits that have been the tip of the target. */
  readonly landed = new Set<string>();
  /** Commits whose rebase has made another patch of them. */
  private readonly patches = new Map<string, number>();
  pacing: Pacing = { lastSpawnAt: 0, shortLives: [] };
  review: ReviewMode = 'off';
  landing = 'root';
  private counter = 0;

  constructor(
    readonly rig: string,
    private readonly random: () => number,
  ) {}

  commit(work: string[]): Commit {
    const commit = { id: `${this.rig}-c${++this.counter}`, work };
    this.commits.set(commit.id, commit);
    return commit;
  }

  workOf(commit: string): string[] {
    return this.commits.get(commit)?.work ?? [];
  }

  /** Work that has landed, in order. */
  get landedWork(): string[] {
    return this.workOf(this.landing);
  }

  /** What a commit does is known by its own work, and by how often its surroundings have changed it. */
  patchOf(commit: string): string {
    return `${this.workOf(commit).at(-1)}/${this.patches.get(commit) ?? 0}`;
  }

  /** An agent commits what it has done. One commit for each attempt: what was sent back is changed, mostly. */
  work(worktree: Worktree, attempt: number, isSlow: boolean): void {
    if (worktree.commits > 0 && (worktree.attempt === attempt || isSlow)) return;
    worktree.commits += 1;
    worktree.attempt = attempt;
    const { id } = this.commit([...this.workOf(worktree.base), worktree.bead]);
    this.patches.set(id, Math.floor(this.random() * 1e9));
    this.branches.set(worktree.branch, id);
  }

  /** @param isOther what landed meanwhile stands around the change now and makes another patch of it */
  rebase(commit: string, base: string, isOther: boolean): { kind: 'clean'; commit: string } | { kind: 'empty' } {
    const own = this.workOf(commit).at(-1)!;
    if (this.workOf(base).includes(own)) return { kind: 'empty' };
    const rebased = this.commit([...this.workOf(base), own]).id;
    this.patches.set(rebased, isOther ? Math.floor(this.random() * 1e9) : (this.patches.get(commit) ?? 0));
    return { kind: 'clean', commit: rebased };
  }

  moveTarget(commit: string): void {
    this.landing = commit;
    this.landed.add(commit);
  }

  /** Somebody else pushes to the target. */
  pushFromOutside(): void {
    this.moveTarget(this.commit([...this.landedWork, `outside${this.commits.size}`]).id);
  }

  hasLanded(commit: string): boolean {
    const work = this.workOf(commit);
    return work.length > 0 && work.every((bead, index) => this.landedWork[index] === bead);
  }
}
