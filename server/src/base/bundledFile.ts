import fs from 'node:fs';
import path from 'node:path';

/** Levels above the bundle: tests are bundled in folders below `out/`. */
const LEVELS = 4;

/**
 * The path of a file that belongs to the running bundle: next to it in `dist/`, or above it in `out/` in tests.
 * @returns the path next to the bundle if the file does not exist, for the error message that follows
 */
export function bundledFile(name: string, start: string = __dirname): string {
  for (let [folder, level] = [start, 0]; level <= LEVELS; [folder, level] = [path.dirname(folder), level + 1]) {
    const candidate = path.join(folder, name);
    if (fs.existsSync(candidate)) return candidate;
  }
  return path.join(start, name);
}
