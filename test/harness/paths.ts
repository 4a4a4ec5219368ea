import { existsSync } from 'node:fs';
import path from 'node:path';

/** The checkout: the nearest folder above this bundle that has a package.json. */
export function repoRoot(): string {
  let dir = __dirname;
  while (!existsSync(path.join(dir, 'package.json'))) {
    const parent = path.dirname(dir);
    if (parent === dir) throw new Error(`no package.json above ${__dirname}`);
    dir = parent;
  }
  return dir;
}

export function screenshotDir(): string {
  return path.join(repoRoot(), 'out', 'screenshots');
}
