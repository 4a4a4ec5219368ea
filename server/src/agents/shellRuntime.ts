import { SHELL_RUNTIME, type RuntimeInfo } from '../protocol/town';

/**
 * The user's shell, for a workspace without an agent. Needs no consent: it only runs what the user types. Its variables
 * are those of the login shell already; a second login would reset PATH and lose `gt`.
 */
export function shellRuntime(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): RuntimeInfo {
  const windows = platform === 'win32';
  return {
    name: SHELL_RUNTIME,
    builtIn: true,
    command: (windows ? env.COMSPEC : env.SHELL) || (windows ? 'cmd.exe' : '/bin/sh'),
    args: [],
    env: {},
    prompt: 'none',
  };
}
