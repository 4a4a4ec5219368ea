import path from 'node:path';
import { initLedger } from '../../server/src/beads/storage/init';
import { BeadStore } from '../../server/src/beads/store';
import { tempDir } from './temp';

/** The ledger of a new town, empty. */
export async function hqStore(): Promise<BeadStore> {
  const directory = path.join(tempDir('hq'), '.beads');
  initLedger(directory, 'hq');
  const store = await BeadStore.open();
  await store.addLedger({ name: 'hq', directory, prefix: 'hq' });
  return store;
}
