import assert from 'node:assert/strict';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore, type Transaction } from '../../../server/src/beads/store';
import { tempDir } from '../../helpers/temp';

describe('a gate of type human', () => {
  let store: BeadStore;
  let gate: string;
  let epic: string;
  let step: string;
  let part: string;

  beforeEach(async () => {
    const directory = path.join(tempDir('gates'), '.beads');
    initLedger(directory, 'toy');
    store = await BeadStore.open();
    await store.addLedger({ name: 'toy', directory });
    await store.batch({ actor: 'ann', kind: 'person' }, (tx) => {
      gate = tx.create('toy', { title: 'Gate', type: 'gate', extra: { await_type: 'human' } }).id;
      step = tx.create('toy', { title: 'Deploy' }).id;
      epic = tx.create('toy', { title: 'Phase', type: 'epic' }).id;
      part = tx.create('toy', { title: 'Part of the phase' }).id;
      tx.addDependency(part, epic, 'parent-child');
      for (const id of [step, epic]) tx.addDependency(id, gate, 'blocks');
    });
  });
  afterEach(() => store.close());

  const ways: Record<string, (tx: Transaction) => unknown> = {
    'closing it': (tx) => tx.close(gate, 'go', { force: true }),
    'deleting it': (tx) => tx.delete(gate),
    'changing its type': (tx) => tx.update(gate, { issue_type: 'task' }),
    'changing what it waits for': (tx) => tx.update(gate, { await_type: 'timer' }),
    'another status': (tx) => tx.update(gate, { status: 'closed' }),
    'taking it from what waits for it': (tx) => tx.removeDependency(step, gate),
    'closing what waits for it': (tx) => tx.close(step, 'done', { force: true }),
    'deleting what waits for it': (tx) => tx.delete(step),
    'closing a part of what waits for it': (tx) => tx.close(part, 'done', { force: true }),
  };

  for (const [way, work] of Object.entries(ways)) {
    it(`is not opened by an agent: ${way}`, async () => {
      await assert.rejects(
        store.batch({ actor: 'toy/polecats/nux', kind: 'agent' }, work),
        (error) => error instanceof UserError && error.code === 'refused' && error.message.startsWith(gate),
      );
      assert.equal(store.get(gate)?.status, 'open');
      assert.equal(store.get(step)?.status, 'open');
    });

    it(`is opened by a person: ${way}`, async () => {
      await store.batch({ actor: 'ann', kind: 'person' }, work);
    });
  }

  it('lets an agent do everything else, and what it held once it is open', async () => {
    const agent = { actor: 'toy/polecats/nux', kind: 'agent' } as const;
    await store.batch(agent, (tx) => {
      tx.update(step, { title: 'Deploy it' });
      tx.update(gate, { description: 'Please look.' });
    });
    await store.batch({ actor: 'ann', kind: 'person' }, (tx) => tx.close(gate, 'go'));
    await store.batch(agent, (tx) => tx.close(step, 'done'));
    assert.equal(store.get(step)?.status, 'closed');
  });
});
