import fs from 'node:fs';
import path from 'node:path';
import { initLedger } from '../../server/src/beads/storage/init';
import { BeadStore, type StoreOptions } from '../../server/src/beads/store';
import { tempDir } from '../helpers/temp';

export const me = { actor: 'ann' };

export function newLedger(prefix = 'bd', text?: string): string {
  const directory = path.join(tempDir('ledger'), '.beads');
  initLedger(directory, prefix);
  if (text !== undefined) fs.writeFileSync(path.join(directory, 'issues.jsonl'), text);
  return directory;
}

export async function openLedger(directory: string, options: StoreOptions = {}): Promise<BeadStore> {
  const store = await BeadStore.open(options);
  await store.addLedger({ name: 'hq', directory });
  return store;
}

export const read = (directory: string, file = 'issues.jsonl'): string =>
  fs.readFileSync(path.join(directory, file), 'utf8');
export const write = (directory: string, text: string): void =>
  fs.writeFileSync(path.join(directory, 'issues.jsonl'), text);
export const line = (id: string, more: object = {}): string =>
  `${JSON.stringify({ id, title: `t ${id}`, status: 'open', priority: 2, issue_type: 'task', created_at: '2026-01-01T00:00:00Z', created_by: 'bob', updated_at: '2026-01-01T00:00:00Z', ...more })}\n`;
