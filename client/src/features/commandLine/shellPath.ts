import path from 'node:path';

export interface BinFolder {
  folder: string;
  /** Whether new shells find programs in it. */
  onPath: boolean;
}

type Paths = Pick<typeof path, 'join' | 'isAbsolute' | 'relative' | 'delimiter' | 'normalize'>;

/**
 * Folders in the user's home for `gt` and `bd`: those on their PATH, and `~/.local/bin` in any case, the location of
 * the XDG base directory specification. Pure.
 */
export function binFolders(
  pathVariable: string,
  home: string,
  isWritable: (folder: string) => boolean,
  paths: Paths = path,
): BinFolder[] {
  const usual = paths.join(home, '.local', 'bin');
  const entries = new Set(
    pathVariable
      .split(paths.delimiter)
      .filter((entry) => paths.isAbsolute(entry))
      .map((entry) => trimmed(paths.normalize(entry))),
  );
  const own = [...entries].filter((entry) => isInside(home, entry, paths) && isWritable(entry) && !isManaged(entry));
  const folders = own.map((folder) => ({ folder, onPath: true }));
  if (!own.includes(usual)) folders.push({ folder: usual, onPath: entries.has(usual) });
  // The usual folder first.
  return folders.sort((a, b) => Number(b.folder === usual) - Number(a.folder === usual));
}

/** Whether the folder belongs to a package manager or a virtual environment, which may delete foreign files. */
function isManaged(folder: string): boolean {
  return /[\\/](node_modules|\.?venv|\.?virtualenvs|shims|\.(nvm|cargo|pyenv|rbenv|asdf|volta|sdkman|rustup|bun|deno|cache|vscode[^\\/]*)|extensions)[\\/]/.test(
    `${folder}/`,
  );
}

function isInside(root: string, folder: string, paths: Paths): boolean {
  const relative = paths.relative(root, folder);
  return relative !== '' && !relative.startsWith('..') && !paths.isAbsolute(relative);
}

function trimmed(folder: string): string {
  return folder.length > 1 ? folder.replace(/[\\/]+$/, '') : folder;
}

/** A program of this name that comes earlier on the PATH than the folder, so that it would run instead. Pure. */
export function earlierOnPath(
  pathVariable: string,
  folder: string,
  name: string,
  isProgram: (file: string) => boolean,
  paths: Paths = path,
): string | undefined {
  const entries = pathVariable
    .split(paths.delimiter)
    .filter((entry) => paths.isAbsolute(entry))
    .map((entry) => trimmed(paths.normalize(entry)));
  const own = entries.indexOf(trimmed(paths.normalize(folder)));
  return entries
    .slice(0, own < 0 ? entries.length : own)
    .map((entry) => paths.join(entry, name))
    .find(isProgram);
}

/**
 * The command that adds a folder to the PATH: for the profile of sh, bash and zsh, or to run once in PowerShell. Pure.
 */
export function profileLine(folder: string, home: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32')
    return `[Environment]::SetEnvironmentVariable('Path', [Environment]::GetEnvironmentVariable('Path', 'User') + ';${folder.replaceAll("'", "''")}', 'User')`;
  const isOwn = folder.startsWith(`${home}/`);
  const quoted = (isOwn ? folder.slice(home.length) : folder).replace(/["\\`$]/g, '\\$&');
  return `export PATH="${isOwn ? '$HOME' : ''}${quoted}:$PATH"`;
}
