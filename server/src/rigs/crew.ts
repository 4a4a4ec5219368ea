import path from 'node:path';
import { moveFile } from '../base/safeFiles';
import { isPresent } from '../base/safePaths';
import { listFolder, makeFolder, makePrivateFolder, removeFolder } from '../base/safeFolders';
import { messageOf, UserError } from '../base/errors';
import { KeyedMutex } from '../base/mutex';
import type { Rig } from './rig';
import type { SessionRecord } from '../sessions/records';
import { git, gitLine, gitProbe } from '../git/git';
import { isSafeBranch, isSafeSegment, requireSegment } from '../git/names';
import { inspectWorktree } from '../git/worktree';
import { uploadPackOf } from '../git/source';
import type { CrewInfo } from '../protocol/town';
import type { TownLayout } from '../town/layout';

/** Time without output after which git is killed. */
const NETWORK_TIMEOUT_MS = 10 * 60_000;

/** One at a time for each member: adding and removing both move folders. */
const memberLock = new KeyedMutex();

export function crewAddress(rig: string, name: string): string {
  return `${rig}/crew/${name}`;
}

/** Names of the members of a rig's crew: those with a complete clone. */
export function crewNames(rig: Rig): string[] {
  const { crew } = rig.layout;
  return listFolder(crew)
    .filter(
      (entry) =>
        entry.isDirectory() && isSafeSegment(entry.name) && isPresent(path.join(crew, entry.name, 'rig', '.git')),
    )
    .map((entry) => entry.name)
    .sort();
}

/** Folder of a crew member. @throws UserError `not-found` */
export function requireMember(rig: Rig, name: string): string {
  if (crewNames(rig).includes(requireSegment('crew member', name)))
    return path.join(rig.layout.crewMember(name), 'rig');
  throw new UserError(
    `${rig.name} has no crew member ${name}`,
    `see "gt crew list"; add one with "gt crew add ${name} --rig ${rig.name}"`,
    'not-found',
  );
}

export async function crewInfo(rig: Rig, name: string, session: SessionRecord | undefined): Promise<CrewInfo> {
  const folder = path.join(rig.layout.crewMember(name), 'rig');
  const state = await inspectWorktree(folder).catch(() => undefined);
  return {
    rig: rig.name,
    name,
    agent: crewAddress(rig.name, name),
    folder,
    branch: state?.branch,
    clean: state && !state.dirty,
    session: session?.id,
    runtime: session?.runtime,
  };
}

/** Adds a member: a clone of the rig's source with its own origin, from which the user pushes and pulls as usual. */
export async function addMember(rig: Rig, name: string, branch?: string): Promise<void> {
  requireSegment('crew member', name);
  if (branch !== undefined && !isSafeBranch(branch))
    throw new UserError(`"${branch.slice(0, 80)}" is not a name for a branch`, 'see "git help check-ref-format"');
  const home = rig.layout.crewMember(name);
  await memberLock.run(home, async () => {
    if (crewNames(rig).includes(name))
      throw new UserError(
        `${rig.name} has a crew member ${name} already`,
        `start it with "gt crew start ${name}"`,
        'conflict',
      );
    if (isPresent(path.join(home, 'rig')))
      throw new UserError(
        `${path.join(home, 'rig')} exists and is not a clone`,
        'move it away; nothing in it was touched',
        'conflict',
      );
    // Cloned under a temporary name that no member can have, so that a crash leaves no partial member.
    const partial = path.join(rig.layout.crew, `.${name}-partial`);
    removeFolder(partial);
    makeFolder(rig.layout.crew);
    try {
      await clone(rig, partial, branch);
    } catch (error) {
      removeFolder(partial);
      throw error instanceof UserError
        ? error
        : new UserError(
            `cannot clone ${rig.config.git_url}: ${messageOf(error).trim()}`,
            'check the address, your access to it and the network',
            'unavailable',
          );
    }
    makeFolder(home);
    moveFile(partial, path.join(home, 'rig'));
  });
}

async function clone(rig: Rig, folder: string, branch: string | undefined): Promise<void> {
  await git(
    rig.layout.crew,
    [
      'clone',
      '--progress',
      '--no-hardlinks',
      ...(await uploadPackOf(rig.repository.source)),
      '--',
      rig.config.git_url,
      folder,
    ],
    {
      ...rig.repository.login,
      timeoutMs: NETWORK_TIMEOUT_MS,
    },
  );
  // The settings only name the file, not the secret in it.
  for (const setting of rig.repository.credentials.config) {
    const [, key, value] = /^(.*?\.helper)=(.*)$/s.exec(setting)!;
    await git(folder, ['config', '--add', key!, value!]);
  }
  const wanted = branch ?? rig.config.default_branch;
  if ((await gitProbe(folder, ['symbolic-ref', '--quiet', '--short', 'HEAD'])) === wanted) return;
  const isThere = await gitProbe(folder, ['rev-parse', '--verify', '--quiet', `refs/remotes/origin/${wanted}`]);
  if (isThere !== undefined)
    await git(folder, ['checkout', '--quiet', '--track', '-B', wanted, `refs/remotes/origin/${wanted}`]);
  else if (branch !== undefined) await git(folder, ['checkout', '--quiet', '-b', branch]);
}

/** Removes a member. Its folder is moved aside, never deleted. */
export async function removeMember(
  layout: TownLayout,
  rig: Rig,
  name: string,
  force: boolean,
): Promise<{ movedTo: string }> {
  const folder = requireMember(rig, name);
  const home = rig.layout.crewMember(name);
  return memberLock.run(home, async () => {
    if (!force) {
      const unsaved = await unsavedWork(folder);
      if (unsaved !== undefined)
        throw new UserError(
          `${crewAddress(rig.name, name)} has ${unsaved}`,
          'commit and push it, or remove the member with --force: the folder is only moved aside',
          'conflict',
        );
    }
    const movedTo = path.join(layout.removed, `${rig.name}-crew-${name}-${Date.now().toString(36)}`);
    makePrivateFolder(layout.removed);
    moveFile(home, movedTo);
    return { movedTo };
  });
}

/** Describes work that exists nowhere else. A clone that git cannot read may contain such work. */
async function unsavedWork(folder: string): Promise<string | undefined> {
  try {
    if ((await inspectWorktree(folder))?.dirty) return 'uncommitted changes';
    if ((await gitLine(folder, ['stash', 'list'])) !== '') return 'stashed changes';
    const unpushed = Number(await gitLine(folder, ['rev-list', '--count', '--branches', 'HEAD', '--not', '--remotes']));
    return unpushed > 0
      ? `${unpushed} ${unpushed === 1 ? 'commit that is' : 'commits that are'} not pushed`
      : undefined;
  } catch (error) {
    return `a clone that git cannot read (${messageOf(error).trim().split('\n')[0]})`;
  }
}
