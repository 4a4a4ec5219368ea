import fs from 'node:fs';
import { promisify } from 'node:util';

const fsync = promisify(fs.fsync);

/** Makes a rename or a new name durable. Windows cannot open folders: there it is a no-op. */
export function fsyncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** The same without waiting for the disk on the calling thread. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(directory, 'r');
  try {
    await fsync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Makes the content of a file durable that another process may have written. */
export async function syncFile(file: string): Promise<void> {
  // Windows flushes only what is open for writing; elsewhere a file that can only be read is made durable, too.
  const fd = fs.openSync(file, process.platform === 'win32' ? 'r+' : 'r');
  try {
    await fsync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
