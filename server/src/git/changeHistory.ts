import { cutBytes } from '../base/text';
import { changedFilesOf } from './change';
import { git } from './git';
import type { RigRepository } from './repository';

/** Commits that are shown of each kind, and bytes of their text. */
const MAX_COMMITS = 20;
const MAX_BYTES = 20_000;
/** So that their names fit into a command line. */
const MAX_FILES = 100;
const FORMAT = '--format=%h %an, %as: %B';

export interface ChangeHistory {
  /** The author's own commits, as they were submitted. */
  commits: string;
  /** What changed the same files before. */
  files: string;
}

/**
 * How a change came to be, and what its files have been through.
 * @param tip of the author's branch @param base commit that `commit` stands on
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
