import type { ReviewMode } from '../../server/src/protocol/town';
import type { SessionView } from '../../server/src/sessions/types';

/** Pseudo-random numbers from a seed (mulberry32): the same seed, the same run. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Commit {
  id: string;
  /** Beads whose work is in it, in order. */
  work: string[];
}

interface Worktree {
  bead: string;
  branch: string;
  base: string;
  commits: number;
  /** The attempt that made the last commit. */
  attempt: number;
}

/**
 * What lives outside of the server and survives its death: the repository, the worktrees and the session host.
 * It breaks in all the ways that the real one does, and notes what must never happen.
 */
export class World {
  readonly commits = new Map<string, Commit>([['root', { id: 'root', work: [] }]]);
  readonly branches = new Map<string, string>();
  readonly worktrees = new Map<string, Worktree>();
  readonly sessions = new Map<string, SessionView & { attempt: number }>();
  readonly gatePassed = new Set<string>();
  /** Commits whose rebase has made another patch of them. */
  readonly patches = new Map<string, number>();
  /** Sessions that hang. */
  readonly stalled = new Set<string>();
  /** Patches that somebody has approved. */
  readonly approved = new Set<string>();
  review: ReviewMode = 'off';
  landing = 'root';
  now = 1_700_000_000_000;
  violations: string[] = [];
  /** Beads that a person slung again after they had failed. */
  readonly begunAnew = new Set<string>();
  private counter = 0;

  constructor(readonly random: () => number) {}

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** Changes whenever the server would be told about a session. */
  get sessionState(): string {
    let state = '';
    for (const { id, exit, doneAt } of this.sessions.values()) state += `${id} ${exit?.kind} ${doneAt},`;
    return state;
  }

  commit(work: string[]): Commit {
    const commit = { id: `c${++this.counter}`, work };
    this.commits.set(commit.id, commit);
    return commit;
  }

  patchOf(commit: string): string {
    return `${this.workOf(commit).at(-1)}/${this.patches.get(commit) ?? 0}`;
  }

  workOf(commit: string): string[] {
    return this.commits.get(commit)?.work ?? [];
  }

  /** A moment of the agents' lives: they commit, crash, give up; and one may now say `gt done`, or judge a change. */
  step(): { done?: string; judge?: string } {
    for (const session of this.sessions.values()) {
      if (session.exit) continue;
      if (session.role === 'refinery') {
        if (this.chance(0.1)) session.exit = { kind: this.chance(0.5) ? 'killed' : 'exited', code: null };
        else if (this.chance(0.6)) return { judge: session.agent };
        continue;
      }
      const worktree = this.worktrees.get(session.name);
      if (this.stalled.has(session.id)) continue;
      // It hangs: nothing comes of it until somebody ends it.
      if (this.chance(0.01)) this.stalled.add(session.id);
      else if (this.chance(0.04)) session.exit = { kind: 'killed', code: null };
      else if (this.chance(0.02)) session.exit = { kind: 'exited', code: 1 };
      else if (worktree && this.chance(0.4)) this.work(worktree, session.attempt);
      else if (worktree && worktree.commits > 0 && session.doneAt === undefined && this.chance(0.4))
        return { done: session.agent };
    }
    return {};
  }

  /** One commit for each attempt: what was sent back is changed, mostly. */
  private work(worktree: Worktree, attempt: number): void {
    if (worktree.commits > 0 && (worktree.attempt === attempt || this.chance(0.1))) return;
    worktree.commits += 1;
    worktree.attempt = attempt;
    const { id } = this.commit([...this.workOf(worktree.base), worktree.bead]);
    this.patches.set(id, Math.floor(this.random() * 1e9));
    this.branches.set(worktree.branch, id);
  }

  /** The session host is killed: everything in it dies. */
  killHost(): void {
    for (const session of this.sessions.values()) session.exit ??= { kind: 'killed', code: null };
  }
}

/** Every call may come from a server that is dead: then it has no effect and never answers. */
export type Guard = <T>(effect: () => T) => Promise<T>;
