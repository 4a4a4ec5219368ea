import { UserError } from '../base/errors';
import { FILTER_COMMAND, FILTER_NAME, PROGRAMS, type GitFilter, type GitFilters } from './filters';
import { git, NAMED_BARE_REPOSITORY } from './git';
import { folderOf, type RepositorySource } from './source';

/**
 * The filters of these names, with commas between them, from the configuration of a source on this disk. None of them
 * is run here.
 * @throws UserError if one of them is missing, or cannot be shown on one line
 */
export async function filtersOf(source: RepositorySource, given: string): Promise<GitFilters> {
  const names = given.split(',').flatMap((name) => name.trim() || []);
  const wrong = names.find((name) => !FILTER_NAME.test(name));
  if (wrong !== undefined)
    throw new UserError(`"${wrong}" is not a filter name`, 'separate the names with commas: lfs,crypt');
  const folder = folderOf(source);
  const found = folder === undefined ? {} : await localFilters(folder);
  const missing = names.find((name) => !Object.hasOwn(found, name));
  if (missing !== undefined)
    throw new UserError(
      `the git configuration of ${source.location} has no filter ${missing}`,
      'filters of your own git settings ("git lfs install") count without this',
      'not-found',
    );
  return Object.fromEntries(names.map((name) => [name, found[name]!]));
}

async function localFilters(folder: string): Promise<Record<string, GitFilter>> {
  const listing = await git(folder, ['config', '--local', '--includes', '--list', '-z'], {
    config: [NAMED_BARE_REPOSITORY],
  });
  const filters = new Map<string, GitFilter>();
  for (const entry of listing.split('\0')) {
    const [, name, key, value] = /^filter\.(.+)\.(clean|smudge|process|required)\n(.*)$/s.exec(entry) ?? [];
    if (name === undefined || !FILTER_NAME.test(name)) continue;
    const filter = filters.get(name) ?? {};
    if (key === 'required') filter.required = /^(?:true|yes|on|1)$/i.test(value!);
    else if (FILTER_COMMAND.test(value!)) filter[key as (typeof PROGRAMS)[number]] = value;
    else throw new UserError(`the filter ${name} has a command that cannot be shown on one line`, undefined, 'refused');
    filters.set(name, filter);
  }
  return Object.fromEntries(filters);
}
