import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Permissions that an owner needs to list and empty a folder, and to read a file. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o400;

/**
 * Gives the owner the right to read everything under a folder, and to remove it: programs may leave read-only folders
 * behind. Links are not followed. Files of other users are not changed.
 */
export function makeAccessible(folder: string): void {
  for (const pending = [folder]; pending.length > 0; ) {
    const current = pending.pop()!;
    try {
      addMode(current, FOLDER_MODE);
      for (const entry of fs.readdirSync(current, { withFileTypes: true })) {
        const child = path.join(current, entry.name);
        if (entry.isDirectory()) pending.push(child);
        else if (entry.isFile()) addMode(child, FILE_MODE);
      }
    } catch {
      // It is gone or belongs to another user: removing it will report that.
    }
  }
}

function addMode(file: string, mode: number): void {
  const now = fs.lstatSync(file).mode & 0o7777;
  if ((now & mode) !== mode) fs.chmodSync(file, now | mode);
}

/**
 * Removes a folder with everything in it, read-only folders too. Links are not followed. @throws if it cannot be
 * removed
 */
export function removeTree(folder: string): void {
  try {
    fs.rmSync(folder, { recursive: true, force: true });
  } catch {
    makeAccessible(folder);
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a task with a new private folder, which is removed afterwards. */
export async function withTemporaryFolder<T>(task: (folder: string) => Promise<T>): Promise<T> {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'gastown-'));
  try {
    return await task(folder);
  } finally {
    removeTree(folder);
  }
}

/** Copies a file, or a folder with its content; links are copied as links. Existing files are not overwritten. */
export function copyTree(from: string, to: string): void {
  fs.cpSync(from, to, { recursive: true, force: false, verbatimSymlinks: true });
}

/** Creates a symbolic link, unless the path exists already. */
export function linkTo(target: string, link: string): void {
  if (fs.lstatSync(link, { throwIfNoEntry: false })) return;
  fs.symlinkSync(target, link, fs.statSync(target).isDirectory() ? 'junction' : 'file');
}
