import os from 'node:os';
import path from 'node:path';
import { canonicalPath } from './safePaths';

/**
 * The user's own folder with the registry of towns and the consents. It is outside of every town, so that a shipped
 * town cannot contain its own consent.
 */
export function configDirectory(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const folder = env.XDG_CONFIG_HOME || (platform === 'win32' && env.APPDATA) || undefined;
  // A symbolic link there is legitimate: the user made it.
  return canonicalPath(path.join(folder ?? path.join(env.HOME ?? os.homedir(), '.config'), 'gastown'));
}
