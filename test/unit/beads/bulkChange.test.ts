import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import { tempDir } from '../../helpers/temp';

const MANY = 2_500;

describe('a change of most of a ledger', function () {
  this.timeout(60_000);

  it('is found by every query, as by a store that opens the ledger afterwards', async () => {
    const directory = path.join(tempDir('bulk'), '.beads');
    initLedger(directory, 't');
    const store = await BeadStore.open();
    await store.addLedger({ name: 'local', directory });
    const first = await store.batch({ actor: 'a' }, (tx) => tx.create('local', { title: 'first' }));
    assert.equal(store.ready({ ledger: 'local' }).length, 1); // the index exists
    const recomputed: (ReadonlySet<string> | undefined)[] = [];
    store.board.onDidRecompute((ids) => recomputed.push(ids));
    const ids = await store.batch({ actor: 'a' }, (tx) => {
      const made = Array.from({ length: MANY }, (_, n) => tx.create('local', { title: `${n}`, labels: ['x'] }).id);
      for (let n = 1; n < MANY; n += 2) tx.addDependency(made[n]!, made[n - 1]!, 'blocks');
      tx.addDependency(first.id, made[0]!, 'blocks');
      return made;
    });
    assert.ok(recomputed.includes(undefined), 'whoever shows states is told that any may have changed');
    assert.equal(store.ready({ ledger: 'local', limit: 0 }).length, MANY / 2);
    await store.batch({ actor: 'a' }, (tx) => tx.close(ids[0]!, 'done'));
    const answers = (from: BeadStore): unknown => [
      from.ready({ ledger: 'local', limit: 0 }).map(({ id }) => id),
      from.list({ ledger: 'local', limit: 0, all: true }).map(({ id }) => id),
      from.stats('local').summary,
      from.dependents(ids[0]!).map(({ id }) => id),
    ];
    const seen = answers(store);
    assert.ok(store.ready({ ledger: 'local', limit: 0 }).some(({ id }) => id === first.id));
    await store.checkpoint();
    await store.close();
    const again = await BeadStore.open();
    await again.addLedger({ name: 'local', directory });
    assert.deepEqual(answers(again), seen);
    await again.close();
    assert.equal(fs.readFileSync(path.join(directory, 'issues.jsonl'), 'utf8').trimEnd().split('\n').length, MANY + 1);
  });
});
