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

/** Like `fsyncDirectory`, without blocking the calling thread. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(directory, 'r');
  try {
    await fsync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Makes the content of a file durable, even if another process wrote it. */
export async function syncFile(file: string): Promise<void> {
  // Windows only flushes files that are open for writing; other systems also sync read-only files.
  const fd = fs.openSync(file, process.platform === 'win32' ? 'r+' : 'r');
  try {
    await fsync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
