import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../server/src/base/errors';
import { Lease } from '../../server/src/base/lease';
import { initLedger } from '../../server/src/beads/storage/init';
import { BeadStore } from '../../server/src/beads/store';
import { tempDir } from '../helpers/temp';

describe('the lease of a ledger', () => {
  let root: string;
  let directory: string;
  const me = { actor: 'ann' };
  const takenOver = (error: unknown): boolean => error instanceof UserError && /taken over/.test(error.message);
  async function open(lease: Pick<Lease, 'epoch' | 'isCurrent'>, errors: unknown[] = []): Promise<BeadStore> {
    const store = await BeadStore.open({
      fence: { name: 'town', epoch: lease.epoch, isCurrent: () => lease.isCurrent() },
      onError: (error) => errors.push(error),
    });
    await store.addLedger({ name: 'hq', directory, prefix: 'hq' });
    return store;
  }
  /** Takes over as if the owner were dead. */
  function takeOver(): Lease {
    const folder = path.join(root, 'lease');
    const [epoch] = fs.readdirSync(folder).filter((name) => /^\d+$/.test(name));
    fs.writeFileSync(path.join(folder, epoch!), JSON.stringify({ pid: 999_999_999, start: 'x', nonce: 'y' }));
    return Lease.tryAcquire(folder)!;
  }
  beforeEach(() => {
    root = tempDir('fence');
    directory = path.join(root, '.beads');
    initLedger(directory, 'hq');
  });

  it('refuses every write of an owner that was taken for dead, and keeps those of its successor', async () => {
    const old = await open(Lease.tryAcquire(path.join(root, 'lease'))!);
    await old.batch(me, (tx) => tx.create('hq', { title: 'by the first' }));
    const successor = await open(takeOver());
    await successor.batch(me, (tx) => tx.create('hq', { title: 'by the second' }));
    await assert.rejects(
      old.batch(me, (tx) => tx.create('hq', { title: 'too late' })),
      takenOver,
    );
    await assert.rejects(old.checkpoint(), takenOver);
    await successor.batch(me, (tx) => tx.create('hq', { title: 'again by the second' }));
    await successor.close();
    await old.close();
    const third = await open(takeOver());
    assert.deepEqual(
      third
        .list({ limit: 0 })
        .map(({ title }) => title)
        .sort(),
      ['again by the second', 'by the first', 'by the second'],
    );
    await third.close();
  });

  it('refuses a writer that believes it still has the lease when the journal has grown without it', async () => {
    const old = await open({ epoch: 1, isCurrent: () => true });
    await old.batch(me, (tx) => tx.create('hq', { title: 'by the first' }));
    const successor = await open({ epoch: 2, isCurrent: () => true });
    await successor.batch(me, (tx) => tx.create('hq', { title: 'by the second' }));
    await assert.rejects(
      old.batch(me, (tx) => tx.create('hq', { title: 'too late' })),
      takenOver,
    );
    await successor.close();
    await old.close();
  });

  it('is told in each record: one that an older owner wrote behind a later one is not read', async () => {
    const errors: unknown[] = [];
    const journal = path.join(directory, 'journal.jsonl');
    const second = await open({ epoch: 2, isCurrent: () => true });
    await second.batch(me, (tx) => tx.create('hq', { title: 'by the second' }));
    await second.close();
    const elsewhere = fs.readFileSync(journal);
    // What an owner of epoch 1 would have appended in between its check and its write.
    fs.rmSync(journal);
    const first = await open({ epoch: 1, isCurrent: () => true });
    await first.batch(me, (tx) => tx.create('hq', { title: 'by the first, too late' }));
    await first.close();
    fs.writeFileSync(journal, Buffer.concat([elsewhere, fs.readFileSync(journal)]));
    const third = await open({ epoch: 3, isCurrent: () => true }, errors);
    assert.deepEqual(
      third.list({ limit: 0 }).map(({ title }) => title),
      ['by the second'],
    );
    assert.match(String(errors[0]), /1 journal records? of an earlier owner/);
    await third.close();
  });
});
