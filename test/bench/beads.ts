import path from 'node:path';
import { initLedger } from '../../server/src/beads/storage/init';
import { BeadStore } from '../../server/src/beads/store';
import { tempDir } from '../helpers/temp';

export interface Filled {
  store: BeadStore;
  directory: string;
  hq: string;
}

/** A rig's ledger with so many beads, half of them closed, and a convoy of the last 200. */
export async function filledStore(beads: number): Promise<Filled> {
  const directory = path.join(tempDir('bench'), '.beads');
  const hq = path.join(tempDir('bench'), '.beads');
  initLedger(directory, 'toy');
  initLedger(hq, 'hq');
  const store = await BeadStore.open();
  await store.addLedger({ name: 'hq', directory: hq, prefix: 'hq' });
  await store.addLedger({ name: 'toy', directory, prefix: 'toy' });
  await store.batch({ actor: 'bench' }, (tx) => {
    const ids: string[] = [];
    for (let index = 0; index < beads; index += 1) {
      const bead = tx.create('toy', {
        title: `Bead ${index}`,
        description: 'x'.repeat(400),
        type: 'task',
        priority: index % 5,
        labels: index % 3 ? [] : ['backend'],
      });
      if (index % 5 === 0 && index > 0) tx.addDependency(bead.id, ids[index - 1]!, 'blocks');
      ids.push(bead.id);
    }
    for (const id of ids.slice(0, beads / 2)) tx.close(id, 'done', { force: true });
    const convoy = tx.create('hq', {
      title: 'Convoy',
      type: 'convoy',
      status: 'open',
      metadata: { convoy: { launched_at: '2026-01-01T00:00:00Z' } },
    });
    for (const id of ids.slice(-200)) tx.addDependency(convoy.id, id, 'tracks');
  });
  await store.checkpoint();
  return { store, directory, hq };
}
