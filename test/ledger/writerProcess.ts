/** Creates beads for ever and prints each id when it is acknowledged. Killed by the test. */
import { BeadStore } from '../../server/src/beads/store';

async function main(directory: string): Promise<void> {
  const store = await BeadStore.open();
  await store.addLedger({ name: 'hq', directory });
  process.stdout.write('ready\n');
  for (let round = 0; ; round++) {
    const writes = [1, 2, 3].map(async (n) => {
      const bead = await store.batch({ actor: 'writer' }, (tx) => {
        const first = tx.create('hq', { title: `bead ${round}.${n}`, description: 'd'.repeat(200 * n) });
        const second = tx.create('hq', { title: `twin of ${first.id}` });
        tx.addDependency(second.id, first.id, 'related');
        return [first.id, second.id];
      });
      process.stdout.write(`ack ${bead.join(' ')}\n`);
    });
    await Promise.all(writes);
    if (round % 7 === 6) await store.checkpoint();
  }
}

void main(process.argv[2] ?? '');
