import { messageOf, UserError } from '../base/errors';
import type { ChangedEntry } from './commitGraph';
import { git } from './git';
import type { RigRepository } from './repository';

/** How a pointer names its object (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
const OBJECT_ID = /^oid sha256:([0-9a-f]{64})$/m;
const MAX_POINTER_BYTES = 1024;
const UPLOAD_TIMEOUT_MS = 30 * 60_000;
/** Maximum number of requests in a pipe. */
const QUESTIONS_AT_ONCE = 200;
/** Number of arguments that fits safely on a command line. */
const OBJECTS_AT_ONCE = 500;

/**
 * Uploads the objects of git-lfs to which the pointers of a change refer: the hook that usually does so does not run.
 * Objects that the remote has already are not sent again.
 * @throws UserError if an object is missing everywhere, or git-lfs is not installed: the change would be incomplete in
 * a clone
 */
export async function uploadLargeFiles(repository: RigRepository, base: string, commit: string): Promise<void> {
  const objects = await changedObjects(repository, base, commit);
  for (let first = 0; first < objects.length; first += OBJECTS_AT_ONCE)
    await upload(repository, objects.slice(first, first + OBJECTS_AT_ONCE));
}

async function changedObjects(repository: RigRepository, base: string, commit: string): Promise<string[]> {
  const changes = await repository.graph.changes(base, commit);
  const found = new Set<string>();
  for (let first = 0; first < changes.length; first += QUESTIONS_AT_ONCE)
    for (const id of await Promise.all(
      changes.slice(first, first + QUESTIONS_AT_ONCE).map((entry) => objectNamedBy(repository, entry)),
    ))
      if (id !== undefined) found.add(id);
  return [...found];
}

/** The object that a file refers to, if it is a pointer. */
async function objectNamedBy(repository: RigRepository, { mode, hash }: ChangedEntry): Promise<string | undefined> {
  if (!mode.startsWith('100')) return undefined;
  const { size = Infinity } = (await repository.objects.info(hash)) ?? {};
  if (size > MAX_POINTER_BYTES) return undefined;
  const text = (await repository.objects.read(hash))?.content.toString('utf8') ?? '';
  return text.startsWith('version https://git-lfs.github.com/spec/') ? OBJECT_ID.exec(text)?.[1] : undefined;
}

async function upload(repository: RigRepository, objects: readonly string[]): Promise<void> {
  try {
    await git(repository.directory, ['lfs', 'push', '--object-id', 'origin', ...objects], {
      ...repository.access,
      timeoutMs: UPLOAD_TIMEOUT_MS,
    });
  } catch (error) {
    const said = messageOf(error).trim();
    if (/'lfs' is not a git command/.test(said))
      throw new UserError(
        'the change has files of git-lfs, and git-lfs is not installed here',
        'install git-lfs; a clone could not get these files otherwise',
        'conflict',
      );
    const isMissing = /Unable to (?:stat|find)|missing|no such file/i.test(said);
    throw new UserError(
      `cannot upload the git-lfs files of the change to ${repository.source.location}: ${said}`,
      isMissing ? 'commit the files themselves: their content is not here' : 'check that you may upload there',
      isMissing ? 'refused' : 'unavailable',
    );
  }
}
