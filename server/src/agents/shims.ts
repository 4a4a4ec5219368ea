import fs from 'node:fs';
import path from 'node:path';
import { readTextIfPresent, writeFileAtomic } from '../base/atomicFile';

export interface ShimTarget {
  /** Absolute path of the binary that plays node. */
  node: string;
  /** That binary is Electron (the editor's own), which has to be told to be node. */
  electron: boolean;
  /** Absolute path of the bundled program. */
  program: string;
}

/** A script for sh that becomes the program. Pure. */
export function shellShim({ node, electron, program }: ShimTarget): string {
  return [
    '#!/bin/sh',
    '# Written by Gas Town at each start of the town.',
    ...(electron ? ['ELECTRON_RUN_AS_NODE=1', 'export ELECTRON_RUN_AS_NODE'] : []),
    `exec ${shellQuote(node)} ${shellQuote(program)} "$@"`,
    '',
  ].join('\n');
}

/** The same for cmd.exe. Pure. @throws Error for a path that cmd.exe cannot quote */
export function windowsShim({ node, electron, program }: ShimTarget): string {
  return [
    '@echo off',
    'setlocal',
    ...(electron ? ['set "ELECTRON_RUN_AS_NODE=1"'] : []),
    `"${windowsPath(node)}" "${windowsPath(program)}" %*`,
    '',
  ].join('\r\n');
}

export interface ShimOptions {
  /** `<root>/.runtime/bin` */
  directory: string;
  /** Folder of the bundles `gt.js` and `bd.js`; by default the one this code runs in. */
  programs?: string;
  node?: string;
  electron?: boolean;
}

/**
 * Writes `gt` and `bd` for the agents' PATH. A file that is right already is left alone: an agent may be
 * running it.
 */
export function writeShims(options: ShimOptions): void {
  const node = options.node ?? process.execPath;
  const electron = options.electron ?? process.versions.electron !== undefined;
  fs.mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  for (const name of ['gt', 'bd']) {
    const target: ShimTarget = { node, electron, program: path.join(options.programs ?? __dirname, `${name}.js`) };
    if (process.platform === 'win32') writeIfDifferent(path.join(options.directory, `${name}.cmd`), windowsShim(target));
    // Also on Windows, for the shell that comes with git.
    writeIfDifferent(path.join(options.directory, name), shellShim(target));
  }
}

function writeIfDifferent(file: string, text: string): void {
  const executable = (fs.statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o100;
  if (executable && readTextIfPresent(file) === text) return;
  writeFileAtomic(file, text, 0o755);
  fs.chmodSync(file, 0o755); // whatever the umask took away
}

/** One word for sh, whatever it holds. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function windowsPath(file: string): string {
  if (/["\r\n]/.test(file)) throw new Error(`not a Windows path: ${file}`);
  return file.replaceAll('%', '%%');
}
