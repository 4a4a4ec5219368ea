import path from 'node:path';
import { UserError, messageOf } from '../base/errors';
import { isPresent } from '../base/safePaths';
import { makeFolder } from '../base/safeFolders';
import { CredentialFile } from './credentials';
import { git, gitLine, gitProbe, otherGit, withRepository, type GitOptions, NETWORK_TIMEOUT_MS } from './git';
import type { GitFilters } from './filters';
import { keepSettings } from './foreignConfig';
import { forgetPushed, landHere, localRef } from './localLanding';
import { CommitGraph } from './commitGraph';
import { featureRefs, isFeatureBranch, keepFeature } from './featureBranch';
import { movedRefs } from './movedRefs';
import { isSafeBranch } from './names';
import { ObjectReader } from './objectReader';
import { compareAndSetDelete, compareAndSetPush, pushError } from './push';
import { findRefs, isPlainRef } from './refs';
import { resetSettings } from './repositorySettings';
import { accessOf, branchesOf, folderOf, headBranch, refsOf, unknownBranch, type RepositorySource } from './source';

export type { RepositorySource } from './source';

/**
 * The branch that merged work lands on. A checked-out branch of a folder cannot be pushed to, so it gets a separate
 * branch.
 */
export function landingBranch(source: RepositorySource): string {
  return source.isFolder ? `gastown/${source.defaultBranch}` : source.defaultBranch;
}

/**
 * The bare repository `<rig>/.repo.git` that all worktrees of a rig share. It has no local branches except those of
 * polecats. Its settings name no remote: only the server's own commands use one, so that agents, whose worktrees share
 * these settings, cannot push to the target.
 */
export class RigRepository {
  private known: RepositorySource;
  /** The filters that a person has accepted for its worktrees. */
  filters: () => GitFilters = () => ({});
  /** Whether landings stay in this repository and are not pushed. */
  keepsLandings: () => boolean = () => false;
  readonly credentials: CredentialFile;
  readonly objects: ObjectReader;
  readonly graph: CommitGraph;

  /** @param onDefaultBranch called when the default branch of the source changes */
  constructor(
    readonly directory: string,
    source: RepositorySource,
    private readonly onDefaultBranch: (branch: string) => void = () => undefined,
  ) {
    this.known = source;
    this.objects = new ObjectReader(directory);
    this.graph = new CommitGraph(directory, this.objects);
    keepSettings(directory, () => this.resetSettings());
    this.credentials = new CredentialFile(path.join(path.dirname(directory), '.credentials'), source.location);
  }

  get source(): RepositorySource {
    return this.known;
  }

  get landing(): string {
    return landingBranch(this.source);
  }

  /**
   * Whether landings only move a ref of this repository. Work of a rig made from a folder always lands in that folder.
   */
  get landsHere(): boolean {
    return !this.source.isFolder && this.keepsLandings();
  }

  /** The ref whose value a landing on the branch is compared with, and moves. */
  targetRef(branch = this.landing): string {
    return this.landsHere ? localRef(branch) : `refs/remotes/origin/${branch}`;
  }

  /** Settings and variables for authentication at the source. */
  get login(): Pick<GitOptions, 'config' | 'env'> {
    return accessOf(this.source, this.credentials);
  }

  /** How the server's commands reach the source as `origin`. */
  get access(): Pick<GitOptions, 'config' | 'env'> {
    const { config, env } = this.login;
    return {
      env,
      config: [
        ...(config ?? []),
        `remote.origin.url=${this.source.location}`,
        'remote.origin.fetch=+refs/heads/*:refs/remotes/origin/*',
      ],
    };
  }

  /** Like `access`, for a git at the other end that runs no program of a repository on this disk. */
  async remoteAccess(): Promise<Pick<GitOptions, 'config' | 'env'>> {
    const { config, env } = this.access;
    const folder = folderOf(this.source);
    if (folder === undefined) return { config, env };
    const { uploadPack, receivePack } = await otherGit(folder, !this.source.isFolder);
    const programs = [`remote.origin.uploadpack=${uploadPack}`, `remote.origin.receivepack=${receivePack}`];
    return { env, config: [...(config ?? []), ...programs] };
  }

  /** Creates the repository and fetches. Safe to repeat after a crash. */
  async create(): Promise<void> {
    await withRepository(this.directory, async () => {
      await this.init();
      await this.fetchLocked();
    });
    if (await this.tip()) return;
    // Only a completely empty repository gets a root commit.
    const refs = await refsOf(this.source, this.credentials);
    if (refs.length > 0) throw unknownBranch(this.source, this.source.defaultBranch, refs);
    await this.createRootCommit();
  }

  private async init(): Promise<void> {
    makeFolder(this.directory);
    await git(this.directory, [
      'init',
      '--bare',
      '--quiet',
      `--object-format=${this.source.objectFormat ?? 'sha1'}`,
      '--template=',
      '--initial-branch=gastown-none',
      '.',
    ]);
    this.resetSettings();
  }

  /** Recreates a removed repository: merged work is fetched from the source. */
  async restoreIfGone(): Promise<void> {
    if (!this.isThere) await this.fetch();
  }

  private async initIfGone(): Promise<void> {
    if (!this.isThere) await this.init();
  }

  private get isThere(): boolean {
    return isPresent(path.join(this.directory, 'HEAD'));
  }

  private resetSettings(): void {
    resetSettings(this.directory, {
      isSha256: this.source.objectFormat === 'sha256',
      filters: this.filters(),
    });
  }

  async fetch(): Promise<void> {
    await withRepository(this.directory, () => this.fetchLocked());
  }

  /**
   * Updates the target and the default branch, like `fetch`; from a folder on disk, whose refs are read directly, it
   * fetches only moved ones.
   * @param branch a further branch to update
   */
  async fetchMoved(branch?: string): Promise<void> {
    if (!this.source.isFolder) await this.fetch();
    else {
      await withRepository(this.directory, async () => {
        await this.initIfGone();
      });
      const branches = [this.landing, this.source.defaultBranch, ...(branch === undefined ? [] : [branch])];
      const { moved, branches: known } = await movedRefs(this.source.location, this.objects, branches, this.login);
      if (moved) await this.fetch();
      else if (known.includes(this.source.defaultBranch)) return;
    }
    await this.followDefaultBranch();
  }

  private async fetchLocked(): Promise<void> {
    await this.initIfGone();
    try {
      await git(
        this.directory,
        [
          'fetch',
          // With progress output git is never silent for long, however large the repository.
          '--progress',
          '--prune',
          // Tags too, because gates may use them; tags of agents stay. Moved tags are updated.
          '--tags',
          '--force',
          // A source that is shallow makes this one shallow.
          '--update-shallow',
          'origin',
        ],
        { ...(await this.remoteAccess()), timeoutMs: NETWORK_TIMEOUT_MS },
      );
    } catch (error) {
      throw new UserError(
        `cannot fetch from ${this.source.location}: ${messageOf(error).trim()}`,
        'check the address, your access to it and the network',
        'unavailable',
      );
    }
  }

  /** Sets another default branch, chosen by a person. @throws UserError if the source does not have it */
  async useDefaultBranch(branch: string): Promise<void> {
    await this.fetch();
    if (!isSafeBranch(branch) || !(await this.resolve(`refs/remotes/origin/${branch}`)))
      throw unknownBranch(this.source, branch, await refsOf(this.source, this.credentials));
    this.changeDefaultBranch(branch);
  }

  /** If the default branch is gone from the source, switches to the source's current one. */
  private async followDefaultBranch(): Promise<void> {
    const { defaultBranch, isFolder } = this.source;
    if (await this.resolve(`refs/remotes/origin/${defaultBranch}`)) return;
    const refs = await refsOf(this.source, this.credentials);
    // A folder without own commits only has the merged work.
    if (branchesOf(refs).every((name) => name === this.landing) && refs.length > 0) return;
    const branch = headBranch(refs);
    if (branch === undefined || branch === defaultBranch) throw unknownBranch(this.source, defaultBranch, refs);
    const landed = isFolder ? await this.resolve(`refs/remotes/origin/${this.landing}`) : undefined;
    this.changeDefaultBranch(branch);
    await this.fetch();
    // Merged work under the old name that is not in the folder's branch yet continues under the new name.
    if (landed && !(await this.resolve(`refs/remotes/origin/${this.landing}`))) await this.push(landed, undefined);
  }

  private changeDefaultBranch(branch: string): void {
    if (branch === this.source.defaultBranch) return;
    this.known = { ...this.source, defaultBranch: branch };
    this.onDefaultBranch(branch);
  }

  /** Commit that new work starts from: the target, else the default branch; undefined for an empty repository. */
  async tip(): Promise<string | undefined> {
    const { landing, source } = this;
    return (
      await this.commitsAt([
        localRef(landing),
        `refs/remotes/origin/${landing}`,
        `refs/remotes/origin/${source.defaultBranch}`,
      ])
    )
      .values()
      .next().value;
  }

  /**
   * Tips of everything that has landed or is in the source: the target, there and here, the source's own default
   * branch, and the feature branches.
   */
  async tips(): Promise<string[]> {
    const { landing, source } = this;
    const refs = [`refs/remotes/origin/${landing}`, `refs/remotes/origin/${source.defaultBranch}`, localRef(landing)];
    return [...new Set((await this.commitsAt([...refs, ...featureRefs])).values())];
  }

  /** Whether a commit has landed. @param branch the target; by default the rig's own */
  async holds(commit: string, branch = this.landing): Promise<boolean> {
    if (!(await this.resolve(commit))) return false;
    const tips = await this.commitsAt([`refs/remotes/origin/${branch}`, localRef(branch)]);
    for (const tip of tips.values()) if (await this.isAncestor(commit, tip)) return true;
    return false;
  }

  /**
   * The commits of refs, in the order of the names, without missing ones.
   * @param refs full names; ones that end with `/` stand for all refs below
   * @throws GitError if a ref exists but its commit does not: that is damage, not absence
   */
  async commitsAt(refs: readonly string[]): Promise<Map<string, string>> {
    const { commits, doubtful } = await findRefs(this.directory, this.objects, refs);
    const all = new Map<string, string>();
    for (const ref of refs) {
      const commit = doubtful.includes(ref) ? await this.resolveRevision(ref) : commits.get(ref);
      if (commit !== undefined) all.set(ref, commit);
      if (ref.endsWith('/')) for (const [name, tip] of commits) if (name.startsWith(ref)) all.set(name, tip);
    }
    return all;
  }

  /**
   * The commit of a ref or a hash; undefined if it does not exist.
   * @throws GitError if the ref exists but its commit does not: that is damage, not absence
   */
  async resolve(ref: string): Promise<string | undefined> {
    return isPlainRef(ref) ? (await this.commitsAt([ref])).get(ref) : this.resolveRevision(ref);
  }

  private async resolveRevision(revision: string): Promise<string | undefined> {
    const verify = ['rev-parse', '--verify', '--quiet', '--end-of-options'];
    const commit = await gitProbe(this.directory, [...verify, `${revision}^{commit}`]);
    if (commit !== undefined || !revision.startsWith('refs/')) return commit;
    const object = await gitProbe(this.directory, [...verify, revision]);
    if (object !== undefined) await git(this.directory, ['cat-file', 'commit', object]);
    return undefined;
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    return (await this.graph.divergence(ancestor, descendant)).left === 0;
  }

  /** The merge base of a commit and the landed work. @param given tips of the landed work, if known */
  async mergeBase(commit: string, given?: readonly string[]): Promise<string | undefined> {
    const tips = given ?? (await this.tips());
    return tips.length === 0 ? undefined : this.graph.mergeBase(commit, tips);
  }

  /** An empty repository has nothing to branch from: it gets one empty root commit. */
  private async createRootCommit(): Promise<void> {
    const tree = await gitLine(this.directory, ['hash-object', '-t', 'tree', '-w', '--', '/dev/null']);
    const commit = await gitLine(this.directory, ['commit-tree', tree, '-m', 'Begin']);
    await this.push(commit, undefined);
  }

  /**
   * Deletes a branch of the source, only while it is at `expected`.
   * @returns false if it moved meanwhile
   * @throws UserError `refused` if the remote refuses
   */
  async deleteBranch(branch: string, expected: string): Promise<boolean> {
    return withRepository(this.directory, async () => {
      try {
        await compareAndSetDelete(this.directory, { branch, expected }, await this.remoteAccess());
      } catch (error) {
        await this.fetchLocked();
        const now = await this.resolve(`refs/remotes/origin/${branch}`);
        if (now === undefined) return true;
        if (now !== expected) return false;
        throw pushError(error, this.source, branch);
      }
      await git(this.directory, ['update-ref', '-d', `refs/remotes/origin/${branch}`]);
      return true;
    });
  }

  /**
   * Force-pushes a commit to a branch for review at the provider.
   * @throws UserError `refused` if the remote refuses it, also for a retry
   */
  async publish(commit: string, branch: string): Promise<void> {
    if (!isSafeBranch(branch)) throw new UserError(`"${branch}" is not a valid branch name`);
    await withRepository(this.directory, async () => {
      await this.fetchLocked();
      const ref = `refs/remotes/origin/${branch}`;
      const expected = await this.resolve(ref);
      if (expected === commit) return;
      try {
        await compareAndSetPush(this.directory, { commit, branch, expected }, await this.remoteAccess());
      } catch (error) {
        throw pushError(error, this.source, branch);
      }
      await git(this.directory, ['update-ref', ref, commit]);
    });
  }

  /** Removes a published branch; does nothing if it is gone. */
  async unpublish(branch: string): Promise<void> {
    await withRepository(this.directory, async () => {
      await this.fetchLocked();
      if (!(await this.resolve(`refs/remotes/origin/${branch}`))) return;
      try {
        const options = { ...(await this.remoteAccess()), timeoutMs: NETWORK_TIMEOUT_MS };
        await git(this.directory, ['push', '--no-verify', '--quiet', 'origin', `:refs/heads/${branch}`], options);
      } catch (error) {
        throw pushError(error, this.source, branch);
      }
    });
  }

  /**
   * Lands a commit: compare-and-set against `expected` (undefined = the branch does not exist yet).
   * @param branch the target; by default the rig's own
   * @returns false if the branch moved meanwhile; nothing has changed then
   * @throws UserError `refused` if the remote refuses it, also for a retry
   */
  async push(commit: string, expected: string | undefined, branch = this.landing): Promise<boolean> {
    if (!isSafeBranch(branch)) throw new UserError(`"${branch}" is not a valid branch name`);
    if (this.landsHere) return landHere(this.directory, branch, commit, expected);
    return withRepository(this.directory, async () => {
      try {
        await compareAndSetPush(this.directory, { commit, branch, expected }, await this.remoteAccess());
      } catch (error) {
        await this.fetchLocked();
        const now = await this.resolve(`refs/remotes/origin/${branch}`);
        if (now === commit) {
          if (isFeatureBranch(branch)) await keepFeature(this.directory, branch, commit);
          return true;
        }
        if (now !== expected) return false;
        throw pushError(error, this.source, branch);
      }
      const [pushed, here] = [`refs/remotes/origin/${branch}`, localRef(branch)];
      const tips = await this.commitsAt([pushed, here]);
      // The push itself has moved the ref, unless the remote accepted the commit without reporting it.
      if (tips.get(pushed) !== commit) await git(this.directory, ['update-ref', pushed, commit]);
      await forgetPushed(this.directory, { ref: here, tip: tips.get(here) }, commit);
      if (isFeatureBranch(branch)) await keepFeature(this.directory, branch, commit);
      return true;
    });
  }
}
