import assert from 'node:assert/strict';
import path from 'node:path';
import fc from 'fast-check';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import { tempDir } from '../../helpers/temp';
import { answers, change, DAY, NOW } from './histories';

describe('how beads stand', function () {
  this.timeout(240_000);

  it('is the same when it was kept change by change as when it is worked out from the file', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 25 }),
        fc.integer({ min: 0, max: 4 }),
        async (batches, days) => {
          const directory = path.join(tempDir('states'), '.beads');
          initLedger(directory, 'toy');
          let now = NOW;
          const open = async (): Promise<BeadStore> => {
            const store = await BeadStore.open({ clock: () => new Date(now) });
            await store.addLedger({ name: 'toy', directory });
            return store;
          };
          const store = await open();
          await store.batch({ actor: 'me' }, (tx) => {
            for (let index = 0; index < 5; index += 1) tx.create('toy', { title: `Bead ${index}` });
          });
          for (const changes of batches) {
            const ids = store.list({ all: true, limit: 0 }).map(({ id }) => id);
            await store
              .batch({ actor: 'me' }, (tx) => {
                for (const each of changes) each(tx, ids);
              })
              .catch(() => undefined); // refused: a circle, a step out of turn
          }
          now += days * DAY;
          const kept = answers(store);
          await store.checkpoint();
          await store.close();
          const fresh = await open();
          assert.deepEqual(kept, answers(fresh));
          assert.deepEqual(fresh.list({ status: ['open'], limit: 0 }).filter((bead) => bead.ephemeral).length, 0);
          await fresh.close();
        },
      ),
      { numRuns: process.env.GASTOWN_SOAK ? 2000 : 150 },
    );
  });
});
