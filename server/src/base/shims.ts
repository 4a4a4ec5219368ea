import fs from 'node:fs';
import path from 'node:path';
import { readTextIfPresent, writeFileAtomic } from './safeFiles';
import { canonicalPath } from './safePaths';
import { makeFolder, PRIVATE_FOLDER } from './safeFolders';

export interface ShimTarget {
  /** Absolute path of the binary that runs as Node. */
  node: string;
  /** That binary is Electron (the editor's own), which needs a variable to run as Node. */
  electron: boolean;
  /** Absolute path of the bundled program. */
  program: string;
}

const MARK = 'Written by Gas Town, and rewritten by it.';

/** A script for sh that execs the program. Pure. */
export function shellShim({ node, electron, program }: ShimTarget): string {
  return [
    '#!/bin/sh',
    `# ${MARK}`,
    ...(electron ? ['ELECTRON_RUN_AS_NODE=1', 'export ELECTRON_RUN_AS_NODE'] : []),
    `exec ${shellQuote(node)} ${shellQuote(program)} "$@"`,
    '',
  ].join('\n');
}

/** The same script for cmd.exe. Pure. @throws Error for a path that cmd.exe cannot quote */
export function windowsShim({ node, electron, program }: ShimTarget): string {
  return [
    '@echo off',
    `rem ${MARK}`,
    'setlocal',
    ...(electron ? ['set "ELECTRON_RUN_AS_NODE=1"'] : []),
    `"${windowsPath(node)}" "${windowsPath(program)}" %*`,
    '',
  ].join('\r\n');
}

export interface ShimOptions {
  /** `<root>/.runtime/bin`, or a folder of the user. */
  directory: string;
  /** Folder of the bundles `gt.js` and `bd.js`; by default the one this code runs in. */
  programs?: string;
  node?: string;
  electron?: boolean;
}

/**
 * Writes `gt` and `bd` into a folder of the PATH of agents or of the user. A file that is already up to date is left
 * alone: an agent may be running it.
 */
export function writeShims(options: ShimOptions): void {
  const node = options.node ?? process.execPath;
  const electron = options.electron ?? process.versions.electron !== undefined;
  // The user's own folder of programs may be a link.
  const directory = canonicalPath(options.directory);
  makeFolder(directory, PRIVATE_FOLDER);
  for (const file of shimFiles(directory)) {
    const { name, ext } = path.parse(file);
    const target: ShimTarget = { node, electron, program: path.join(options.programs ?? __dirname, `${name}.js`) };
    writeIfDifferent(file, ext === '.cmd' ? windowsShim(target) : shellShim(target));
  }
}

/**
 * The files that `writeShims` writes into a folder. On Windows both kinds: the shell that comes with git uses the one
 * for sh.
 */
export function shimFiles(directory: string, platform = process.platform): string[] {
  return ['gt', 'bd']
    .flatMap((name) => [...(platform === 'win32' ? [`${name}.cmd`] : []), name])
    .map((name) => path.join(directory, name));
}

/** Whether a file is one that `writeShims` wrote, and therefore may overwrite. */
export function isOwnShim(file: string): boolean {
  try {
    return (
      readTextIfPresent(file)
        ?.split('\n', 3)
        .some((line) => line.includes(MARK)) ?? false
    );
  } catch {
    return false; // a folder, or not ours to read
  }
}

function writeIfDifferent(file: string, text: string): void {
  const executable = (fs.statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o100;
  if (executable && readTextIfPresent(file) === text) return;
  writeFileAtomic(file, text, 0o755);
  fs.chmodSync(file, 0o755); // independent of the umask
}

/** Quotes a text as one word for sh. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function windowsPath(file: string): string {
  if (/["\r\n]/.test(file)) throw new Error(`not a Windows path: ${file}`);
  return file.replaceAll('%', '%%');
}
