import { UserError } from '../base/errors';
import { isPresent } from '../base/safePaths';
import { splitAddress } from '../git/credentials';
import { requireSegment } from '../git/names';
import { RigRepository } from '../git/repository';
import { rigConfigFile, rigsFile, type RigConfig } from '../town/config';
import type { TownLayout } from '../town/layout';
import { sourceOf } from './setup';

/**
 * The configuration in a rig's folder.
 * @throws UserError with a hint if it is missing or unreadable
 */
export function readRigConfig(town: TownLayout, name: string): RigConfig {
  const layout = town.rig(requireSegment('rig', name));
  const hint = `fix it, or remove the rig with "gt rig remove ${name}"`;
  if (!isPresent(layout.root))
    throw new UserError(
      `its folder ${layout.root} is gone`,
      `restore it, or remove the rig with "gt rig remove ${name}"`,
      'not-found',
    );
  if (!rigConfigFile(layout).exists()) throw new UserError(`${layout.configFile} is missing`, hint, 'not-found');
  const config = rigConfigFile(layout).read();
  if (config.name !== name) throw new UserError(`${layout.configFile} is about a rig ${config.name}`, hint);
  return withoutSecret(town, config);
}

/** Moves a token out of the configuration, where earlier builds stored it readable for other users. */
function withoutSecret(town: TownLayout, config: RigConfig): RigConfig {
  const { location, credential } = splitAddress(config.git_url);
  if (location === config.git_url) return config;
  const clean = { ...config, git_url: location };
  new RigRepository(town.rig(config.name).repository, sourceOf(clean)).credentials.write(credential);
  rigConfigFile(town.rig(config.name)).write(clean);
  rigsFile(town).update((file) => {
    const entry = file.rigs[config.name];
    if (entry) entry.git_url = location;
  });
  return clean;
}
