import type { GateName, MergeMode, MergeStrategy, ReviewSetting } from '../../server/src/protocol/town';
import { targetsTouched } from '../../server/src/rigs/gateTargets';
import type { RigSettings } from '../../server/src/town/config';
import { GateResults } from '../../server/src/rigs/gateResults';
import { FIRST_WINDOW, type MergeWindow } from '../../server/src/rigs/mergeWindow';
import type { Pacing } from '../../server/src/rigs/pacing';
import { hashOf } from './chances';

/** What one attempt at a bead, or somebody from outside, has changed. */
interface Change {
  id: string;
  bead: string;
  /** A gate fails wherever it is, unless another change repairs it. */
  broken: boolean;
  /** Which one. */
  gate: GateName;
  /** The file that it changes. */
  file: string;
  /** It repairs all that is broken before it. */
  repairs?: boolean;
  /** Ids of the changes that its author knew. */
  knew: ReadonlySet<string>;
}

interface Commit {
  id: string;
  parent?: string;
  /** All that is in it, in order. */
  changes: Change[];
  /** Of a commit that merges a whole branch: what that brings. */
  merges?: string;
  /** Its change goes on in the next commit. */
  isPart?: boolean;
}

export interface Worktree {
  bead: string;
  branch: string;
  base: string;
  /** Feature branch that it lands on. */
  target?: string;
  commits: number;
  /** The attempt that made the last commit. */
  attempt: number;
}

/** Two changes whose authors did not know each other's conflict with this probability. */
const CONFLICTS = 0.12;
/** A commit of a change fails a gate that the change as a whole passes with this probability. */
const BROKEN_BETWEEN = 0.1;

type Parts = RigSettings['merge_queue']['targets'];

const GATES_OF_PARTS: readonly (readonly GateName[])[] = [
  ...([['test'], ['lint'], ['lint', 'test'], ['test']] as const),
  ...([[], ['lint'], ['lint', 'test'], ['test']] as const),
];

/** Eight parts of a repository, each with its own gates. */
export const PARTS: Parts = Object.fromEntries(
  GATES_OF_PARTS.map((gates, index) => [`part${index}`, { paths: [`part${index}/`], gates: [...gates] }]),
);

/** What lies on disk for one rig: its repository, its worktrees and the records of its starts and its gates. */
export class Repository {
  readonly commits = new Map<string, Commit>([['root', { id: 'root', changes: [] }]]);
  readonly branches = new Map<string, string>();
  readonly worktrees = new Map<string, Worktree>();
  /** How gates ended. */
  readonly results = new GateResults();
  /** Trees that have passed all gates. */
  readonly passed = new Set<string>();
  /** Patches that somebody has approved. */
  readonly approved = new Set<string>();
  /** Feature branches, by name. */
  readonly features = new Map<string, string>();
  /** Last commits of feature branches that were deleted before they landed. */
  readonly kept = new Map<string, string>();
  /** Commits that have landed on a feature branch. */
  readonly collected = new Set<string>();
  /** Commits of the target. */
  readonly landed = new Set<string>();
  /** Beads of which a change was broken. */
  readonly everBroken = new Set<string>();
  /** Commits whose rebase has made another patch of them. */
  private readonly patches = new Map<string, number>();
  pacing: Pacing = { lastSpawnAt: 0, shortLives: [] };
  mergeWindow: MergeWindow = FIRST_WINDOW;
  mergeMode: MergeMode = 'batch';
  strategy: MergeStrategy = 'squash';
  /** Parts with gates of their own. */
  parts: Parts = {};
  gateRuns = 1;
  review: ReviewSetting = 'off';
  landing = 'root';
  private counter = 0;

  constructor(
    readonly rig: string,
    private readonly random: () => number,
  ) {}

  workOf(commit: string): string[] {
    return this.changesOf(commit).map(({ bead }) => bead);
  }

  /** Work that has landed, in order. */
  get landedWork(): string[] {
    return this.workOf(this.landing);
  }

  /** Work that has landed, on the target or on a feature branch. */
  get collectedWork(): string[] {
    return [
      ...this.landedWork,
      ...[...this.features.values(), ...this.kept.values()].flatMap((tip) => this.workOf(tip)),
    ];
  }

  /** Commits that are in one and not in the other, newest first. */
  commitsSince(base: string, commit: string): string[] {
    const since: string[] = [];
    for (let id: string | undefined = commit; id !== undefined && id !== base; id = this.commits.get(id)?.parent)
      since.push(id);
    return since;
  }

  /** The same files have the same name. */
  treeOf(commit: string): string {
    return this.changesOf(commit)
      .map(({ id }) => id)
      .join(' ');
  }

  /** Whether a gate passes, when that is not flaky; all of them where it is not given. */
  isSound(commit: string, gate?: string): boolean {
    const changes = this.changesOf(commit);
    const fails = (change: Change): boolean => change.broken && (gate === undefined || change.gate === gate);
    return changes.findLastIndex(fails) <= changes.findLastIndex(({ repairs }) => repairs === true);
  }

  /** Files that are not the same in both. */
  filesChanged(base: string, commit: string): string[] {
    const [before, after] = [this.changesOf(base), this.changesOf(commit)];
    return [...missing(after, before), ...missing(before, after)].map(({ file }) => file);
  }

  /** Files of the changes of a commit that are not on the target. */
  ownFiles(commit: string): string[] {
    return missing(this.changesOf(commit), this.changesOf(this.landing)).map(({ file }) => file);
  }

  /** Identifies the files of some parts, and those of none. */
  filesOf(commit: string, parts: readonly string[]): string {
    const changes = this.changesOf(commit).filter(({ file }) => {
      const [own] = targetsTouched(this.parts, [file]) ?? [];
      return own === undefined || parts.includes(own);
    });
    return `${parts.join(' ')}: ${changes.map(({ id }) => id).join(' ')}`;
  }

  /** What a commit does is known by its own work, and by how often its surroundings have changed it. */
  patchOf(commit: string): string {
    const { merges } = this.commits.get(commit) ?? {};
    if (merges !== undefined) return merges;
    return `${this.workOf(commit).at(-1)}/${this.patches.get(commit) ?? 0}`;
  }

  /** An agent commits what it has done. One commit for each attempt: what was sent back is changed, mostly. */
  work(
    worktree: Worktree,
    {
      attempt,
      isSlow,
      isMerge,
      isBroken,
    }: { attempt: number; isSlow: boolean; isMerge: boolean; isBroken: () => boolean },
  ): void {
    if (worktree.commits > 0 && (worktree.attempt === attempt || isSlow)) return;
    worktree.commits += 1;
    worktree.attempt = attempt;
    const broken = isBroken() && this.gatesOf(worktree.bead).length > 0;
    if (broken) this.everBroken.add(worktree.bead);
    const start = this.changesOf(worktree.base);
    const base = isMerge ? [...start, ...missing(this.changesOf(this.landing), start)] : start;
    // What was sent back takes into account what has landed meanwhile.
    const target = this.changesOf(this.featureTip(worktree.target ?? '') ?? this.landing);
    const knew = new Set([...base, ...target, ...this.changesOf(this.landing)].map(({ id }) => id));
    const change = { ...this.change(`${worktree.bead}#${++this.counter}`, worktree.bead, broken), knew };
    const { id } = this.commit([...base, change], worktree.base);
    this.patches.set(id, Math.floor(this.random() * 1e9));
    this.branches.set(worktree.branch, id);
  }

  /** @param isOther what landed meanwhile stands around the change now and makes another patch of it */
  rebase(
    commit: string,
    base: string,
    isOther: boolean,
  ): { kind: 'clean'; commit: string; before: string[] } | { kind: 'empty' } | { kind: 'conflict'; files: string[] } {
    const own = this.changesOf(commit).at(-1)!;
    const onto = this.changesOf(base);
    if (onto.some(({ bead }) => bead === own.bead)) return { kind: 'empty' };
    if (onto.some((other) => conflict(own, other))) return { kind: 'conflict', files: ['b.txt'] };
    const before = this.strategy === 'rebase' ? this.series(own, onto, base) : [];
    const rebased = this.commit([...onto, own], before.at(-1) ?? base).id;
    this.patches.set(rebased, isOther ? Math.floor(this.random() * 1e9) : (this.patches.get(commit) ?? 0));
    return { kind: 'clean', commit: rebased, before };
  }

  /** The commits of a change but for the last one. */
  private series(own: Change, onto: readonly Change[], base: string): string[] {
    const commits: string[] = [];
    for (let count = hashOf(own.id, 1) % 3; count > 0; count -= 1) {
      const id = `${own.id}~${count}`;
      const broken = this.gatesOf(own.bead).length > 0 && (hashOf(id, 2) % 1000) / 1000 < BROKEN_BETWEEN;
      if (broken && this.mergeMode === 'each') this.everBroken.add(own.bead);
      const part = this.commit([...onto, { ...own, id, broken }], commits.at(-1) ?? base);
      part.isPart = true;
      commits.push(part.id);
    }
    return commits;
  }

  /** The part that the file of a bead is in; undefined where it is in none. */
  private partOf(bead: string): string | undefined {
    const names = Object.keys(this.parts);
    const index = hashOf(bead, 3) % (names.length + 2);
    return names[index];
  }

  private gatesOf(bead: string): readonly GateName[] {
    const part = this.partOf(bead);
    return part === undefined ? ['test'] : this.parts[part]!.gates;
  }

  private change(id: string, bead: string, broken: boolean): Omit<Change, 'knew'> {
    const gates = this.gatesOf(bead);
    const gate = gates[hashOf(id, 4) % Math.max(1, gates.length)] ?? 'test';
    return { id, bead, broken, gate, file: `${this.partOf(bead) ?? '.'}/${bead}` };
  }

  /** Merges all that one has and the other has not. */
  merge(
    commit: string,
    base: string,
  ): { kind: 'clean'; commit: string } | { kind: 'empty' } | { kind: 'conflict'; files: string[] } {
    const onto = this.changesOf(base);
    const all = this.changesOf(commit);
    const theirs = missing(all, onto);
    if (theirs.length === 0) return { kind: 'empty' };
    const ours = missing(onto, all);
    const isResolved = (one: Change, other: Change): boolean =>
      [...onto, ...theirs].some(({ knew }) => knew.has(one.id) && knew.has(other.id));
    if (theirs.some((one) => ours.some((other) => conflict(one, other) && !isResolved(one, other))))
      return { kind: 'conflict', files: ['c.txt'] };
    const merged = this.commit([...onto, ...theirs], base);
    merged.merges = `merge ${theirs.map(({ id }) => id).join(' ')}`;
    return { kind: 'clean', commit: merged.id };
  }

  featureTip(branch: string): string | undefined {
    return this.features.get(branch) ?? this.kept.get(branch);
  }

  /** @param landed whether all of it is on the target */
  dropFeature(branch: string, landed: boolean): void {
    const tip = this.featureTip(branch);
    this.features.delete(branch);
    if (landed) this.kept.delete(branch);
    else if (tip !== undefined) this.kept.set(branch, tip);
  }

  /** What lands next on a feature branch stands on it and on what has landed on the target meanwhile. */
  featureBase(branch: string): { commit: string; branch: string; expected: string | undefined } {
    const expected = this.features.get(branch);
    const tip = this.featureTip(branch);
    if (tip === undefined || this.contains(this.landing, tip)) return { commit: this.landing, branch, expected };
    const merged = this.merge(this.landing, tip);
    return { commit: merged.kind === 'clean' ? merged.commit : tip, branch, expected };
  }

  moveFeature(branch: string, base: string, commit: string): void {
    for (const link of this.commitsSince(base, commit)) this.collected.add(link);
    this.features.set(branch, commit);
  }

  /** Whether its change goes on in the next commit. */
  isPart(commit: string): boolean {
    return this.commits.get(commit)?.isPart === true;
  }

  isMerge(commit: string): boolean {
    return this.commits.get(commit)?.merges !== undefined;
  }

  /** Whether one has all changes of the other. */
  contains(commit: string, other: string): boolean {
    return missing(this.changesOf(other), this.changesOf(commit)).length === 0;
  }

  moveTarget(commit: string): void {
    for (const link of this.commitsSince(this.landing, commit)) this.landed.add(link);
    this.landing = commit;
  }

  /** Somebody else pushes to the target, past its gates. */
  pushFromOutside(does: { broken: boolean; repairs?: boolean }): void {
    this.moveTarget(this.commitOutside(this.landing, does));
  }

  /** Somebody commits on top of the work of an agent. @returns the commit */
  commitOutside(onto: string, does: { broken: boolean; repairs?: boolean } = { broken: false }): string {
    const bead = `outside${this.commits.size}`;
    const knew = new Set(this.changesOf(onto).map(({ id }) => id));
    const change = { id: bead, bead, gate: 'test' as const, file: 'outside', ...does, knew };
    return this.commit([...this.changesOf(onto), change], onto).id;
  }

  /** Commits of a branch that are not on the target, newest first, and the one that they are based on. */
  unlanded(commit: string): { links: string[]; base: string } {
    const links = this.commitsSince('root', commit);
    const landed = links.findIndex((id) => this.landed.has(id));
    return landed < 0 ? { links, base: 'root' } : { links: links.slice(0, landed), base: links[landed]! };
  }

  /** Somebody pushes what repairs the target. */
  repairTarget(): void {
    this.pushFromOutside({ broken: false, repairs: true });
  }

  hasLanded(commit: string, target?: string): boolean {
    if (target === undefined) return this.landed.has(commit);
    const changes = this.changesOf(commit);
    const landed = this.changesOf(this.featureTip(target) ?? '');
    return changes.length > 0 && changes.every(({ id }, index) => landed[index]?.id === id);
  }

  private changesOf(commit: string): Change[] {
    return this.commits.get(commit)?.changes ?? [];
  }

  private commit(changes: Change[], parent: string): Commit {
    const commit = { id: `${this.rig}-c${++this.counter}`, parent, changes };
    this.commits.set(commit.id, commit);
    return commit;
  }
}

function missing(changes: readonly Change[], known: readonly Change[]): Change[] {
  const ids = new Set(known.map(({ id }) => id));
  return changes.filter(({ id }) => !ids.has(id));
}

/** By the names of both alone: on top of the target as in a chain. */
function conflict(change: Change, other: Change): boolean {
  if (change.knew.has(other.id) || other.knew.has(change.id)) return false;
  return (hashOf([change.id, other.id].sort().join('/'), 0) % 1000) / 1000 < CONFLICTS;
}
