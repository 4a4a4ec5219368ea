import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors';

/**
 * Absolute path of a command, looked up like `execvp`, but in the given environment: a terminal library reports a
 * missing command only as an exit code.
 * @throws UserError `not-found` or, for a file that cannot be run, `refused`
 */
export function resolveCommand(
  command: string,
  env: Record<string, string>,
  cwd: string,
  platform = process.platform,
): string {
  const names = candidates(command, env, platform);
  if (command.includes('/') || (platform === 'win32' && command.includes('\\'))) {
    const files = names.map((name) => path.resolve(cwd, name));
    const found = files.find(isRunnable);
    if (found) return found;
    if (files.some((file) => fs.existsSync(file)))
      throw new UserError(`${command} is not an executable file`, undefined, 'refused');
    throw new UserError(`there is no ${command}`, undefined, 'not-found');
  }
  const directories = (env.PATH ?? env.Path ?? '').split(platform === 'win32' ? ';' : ':');
  for (const directory of directories) {
    // An empty entry means the current folder, which for an agent is an untrusted repository.
    if (directory === '' || !path.isAbsolute(directory)) continue;
    for (const name of names) {
      const file = path.join(directory, name);
      if (isRunnable(file)) return file;
    }
  }
  throw new UserError(
    `the command ${command} was not found on PATH`,
    'Install it, or give its full path in the settings of the runtime.',
    'not-found',
  );
}

function candidates(command: string, env: Record<string, string>, platform: NodeJS.Platform): string[] {
  if (platform !== 'win32' || path.win32.extname(command) !== '') return [command];
  return (env.PATHEXT ?? '.COM;.EXE;.BAT;.CMD').split(';').map((extension) => command + extension);
}

function isRunnable(file: string): boolean {
  try {
    if (!fs.statSync(file).isFile()) return false;
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
