import path from 'node:path';
import { readTextIfPresent, writeFileAtomic } from '../base/safeFiles';
import { rigsFile } from './config';
import type { TownLayout } from './layout';

/** `.beads/routes.jsonl`: the folder of the ledger for each prefix, in the format of the Go `bd`. */
export function writeRoutes(town: TownLayout): void {
  const routes = [{ prefix: 'hq-', path: '.' }];
  for (const [name, rig] of Object.entries(rigsFile(town).read().rigs))
    routes.push({ prefix: `${rig.beads.prefix}-`, path: name });
  const file = path.join(town.ledger, 'routes.jsonl');
  const text = routes.map((route) => `${JSON.stringify(route)}\n`).join('');
  if (readTextIfPresent(file) !== text) writeFileAtomic(file, text);
}
