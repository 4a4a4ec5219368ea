import { cutBytes } from '../base/text';
import { changedFilesOf } from './change';
import { git } from './git';
import type { RigRepository } from './repository';

/** Maximum number of commits of each kind, and of bytes of their text. */
const MAX_COMMITS = 20;
const MAX_BYTES = 20_000;
/** Maximum number of files, whose names must fit into a command line. */
const MAX_FILES = 100;
const FORMAT = '--format=%h %an, %as: %B';

export interface ChangeHistory {
  /** The author's own commits, as they were submitted. */
  commits: string;
  /** Earlier commits that changed the same files. */
  files: string;
}

/**
 * The history of a change and of its files.
 * @param tip of the author's branch @param base base of `commit`
 */
export async function changeHistory(
  repository: RigRepository,
  { tip, base, commit }: { tip: string; base: string; commit: string },
): Promise<ChangeHistory> {
  const paths = (await changedFilesOf(repository, base, commit)).slice(0, MAX_FILES).map(({ path }) => path);
  const log = async (range: readonly string[], files: readonly string[]): Promise<string> => {
    const options = ['--literal-pathspecs', 'log', `--max-count=${MAX_COMMITS}`, '--no-show-signature', FORMAT];
    return cutBytes((await git(repository.directory, [...options, ...range, '--', ...files])).trim(), MAX_BYTES);
  };
  return {
    commits: await log([tip, `^${base}`], []),
    files: paths.length === 0 ? '' : await log([base], paths),
  };
}
