import { UserError } from '../../base/errors';
import type { RepositorySource } from '../../git/source';

/**
 * The repository at GitHub, `owner/name` or `host/owner/name`, in the address of a rig's source, such as
 * `git@github.com:acme/toy.git`.
 * @param chosen the rig's setting, which overrides the address
 * @throws UserError `conflict` if neither names it, or the rig pushes to a folder
 */
export function repositoryName(source: Pick<RepositorySource, 'location' | 'isFolder'>, chosen?: string): string {
  const { location, isFolder } = source;
  if (isFolder)
    throw new UserError(
      `the merge strategy "pr" pushes to a repository at GitHub, and this rig was made from the folder ${location}`,
      'add the project by its address instead, or set another strategy: "gt rig set <rig> merge_strategy=squash"',
      'conflict',
    );
  if (chosen !== undefined) return chosen;
  const match =
    /^(?:https?|ssh|git):\/\/(?:[^@/]*@)?([\w.-]+)(?::\d+)?\/([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/i.exec(location) ??
    /^(?:[^@/:]+@)?([\w.-]+):([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(location);
  if (!match)
    throw new UserError(
      `the merge strategy "pr" needs a repository at GitHub, and ${location} does not name one`,
      'name it: "gt rig set <rig> pr_repository=owner/name", or set another strategy: "gt rig set <rig> merge_strategy=squash"',
      'conflict',
    );
  const [, host, owner, name] = match;
  return host!.toLowerCase() === 'github.com' ? `${owner}/${name}` : `${host}/${owner}/${name}`;
}
