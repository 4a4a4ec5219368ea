import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What a folder's owner needs to read and to remove what is in it, and what the owner of a file needs to read it. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o400;

/**
 * Gives the owner the right to read everything under a folder, and to remove it: programs leave folders behind that
 * they have made read-only. Links are not followed. What belongs to somebody else stays as it is.
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

/** Removes a folder with everything in it, read-only folders too. Links are not followed. @throws where it cannot */
export function removeTree(folder: string): void {
  try {
    fs.rmSync(folder, { recursive: true, force: true });
  } catch {
    makeAccessible(folder);
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** A new folder that only we can look into, for the time of a task. */
export async function withTemporaryFolder<T>(task: (folder: string) => Promise<T>): Promise<T> {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'gastown-'));
  try {
    return await task(folder);
  } finally {
    removeTree(folder);
  }
}

/** Copies a file, or a folder with all that is in it; links are copied as links. What is there already stays. */
export function copyTree(from: string, to: string): void {
  fs.cpSync(from, to, { recursive: true, force: false, verbatimSymlinks: true });
}

/** Makes a link, unless something is there already. */
export function linkTo(target: string, link: string): void {
  if (fs.lstatSync(link, { throwIfNoEntry: false })) return;
  fs.symlinkSync(target, link, fs.statSync(target).isDirectory() ? 'junction' : 'file');
}
