import { SHELL_RUNTIME, type RuntimeInfo } from '../protocol/town';

/**
 * A person's shell, for a workspace without an agent. It needs no consent: it waits for what the person types. Its
 * variables are those of the login shell already; a second login would put PATH back, and `gt` would be gone.
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
