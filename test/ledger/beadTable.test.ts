import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import type { TablePlace } from '../../server/src/beads/index/beadTable';
import { beadDetails } from '../../server/src/beads/queries/details';
import { TableReader } from '../../server/src/beads/queries/tableReader';
import type { BeadStore } from '../../server/src/beads/store';
import { tempDir } from '../helpers/temp';
import { line, me, newLedger, openLedger, read, write } from './realLedger';

describe('the table of a ledger', () => {
  const placeOf = (schema = 'one'): TablePlace => ({ file: path.join(tempDir('table'), 'table'), schema });

  /** A ledger with a table, and nobody who has it open. */
  async function kept(text: string, change?: (store: BeadStore) => Promise<unknown>): Promise<[string, TablePlace]> {
    const directory = newLedger('bd', text);
    const place = placeOf();
    const store = await openLedger(directory);
    await change?.(store);
    store.list(); // makes the index
    await store.checkpoint();
    await store.keepTable('hq', place);
    await store.close();
    return [directory, place];
  }

  it('shows what the ledger shows (property)', async () => {
    const number = fc.integer({ min: 0, max: 8 });
    const bead = fc.record({
      targets: fc.uniqueArray(number, { maxLength: 3 }),
      title: fc.string({ unit: 'grapheme', minLength: 1 }),
    });
    const file = fc.record({
      beads: fc.array(bead, { minLength: 1, maxLength: 8 }),
      order: fc.boolean(),
      newline: fc.constantFrom('\n', '\r\n'),
      mark: fc.boolean(),
    });
    const idOf = (index: number): string =>
      ['bd-a', 'bd-a.1', 'bd-é', 'bd-b', 'bd-c', 'bd-\u{1f600}', 'bd-d', 'bd-e', 'zz-1'][index]!;
    await fc.assert(
      fc.asyncProperty(file, async ({ beads, order, newline, mark }) => {
        const lines = beads.map(({ targets, title }, index) => {
          const dependencies = targets
            .filter((target) => target !== index)
            .map((target) => ({
              issue_id: idOf(index),
              depends_on_id: idOf(target),
              type: target % 2 ? 'blocks' : 'related',
            }));
          return line(idOf(index), { title, ...(dependencies.length > 0 ? { dependencies } : {}) }).trimEnd();
        });
        if (order) lines.reverse();
        const [directory, place] = await kept(`${mark ? '\uFEFF' : ''}${lines.join(newline)}${newline}`);
        const store = await openLedger(directory);
        for (const index of beads.keys())
          assert.deepEqual(TableReader.show(directory, place, [idOf(index)]), [beadDetails(store, idOf(index))]);
        await store.close();
      }),
      { numRuns: 40 },
    );
  });

  it('shows several beads, each once, and none where one of them has to be looked for', async () => {
    const [directory, place] = await kept(line('bd-1') + line('bd-2'), (store) =>
      store.batch(me, (tx) => tx.delete(tx.create('hq', { title: 'gone', id: 'bd-3' }).id)),
    );
    const show = (...ids: string[]): string[] | undefined =>
      TableReader.show(directory, place, ids)?.map(({ id }) => id);
    assert.deepEqual(show('bd-2', ' bd-1 ', 'bd-2'), ['bd-2', 'bd-1']);
    for (const id of ['1', 'bd-', 'bd-4', 'bd-3', '']) assert.equal(show('bd-1', id), undefined, id);
  });

  it('is used while the journal has nothing but results that may be asked for again', async () => {
    const [directory, place] = await kept(line('bd-1'), (store) =>
      store.batch({ ...me, operation: 'one' }, (tx) => tx.update('bd-1', { title: 'changed' })),
    );
    assert.ok(fs.statSync(path.join(directory, 'journal.jsonl')).size > 0, 'the result is kept');
    assert.deepEqual(
      TableReader.show(directory, place, ['bd-1'])?.map(({ title }) => title),
      ['changed'],
    );
    fs.appendFileSync(path.join(directory, 'journal.jsonl'), 'torn');
    assert.equal(TableReader.show(directory, place, ['bd-1']), undefined);
  });

  it('is not used after a change of the file, of the settings, and while a journal holds something', async () => {
    const changes: Record<string, (directory: string) => unknown> = {
      'another program has written the file': (directory) => write(directory, line('bd-1', { title: 'changed' })),
      'the file has the same text again': (directory) => write(directory, read(directory)),
      'the file is gone': (directory) => fs.rmSync(path.join(directory, 'issues.jsonl')),
      'the settings were changed': (directory) => fs.appendFileSync(path.join(directory, 'config.yaml'), '\n'),
      'a change is in the journal': async (directory) => {
        const store = await openLedger(directory);
        await store.batch(me, (tx) => tx.update('bd-1', { title: 'changed' }));
        await store.close();
      },
    };
    for (const [why, change] of Object.entries(changes)) {
      const [directory, place] = await kept(line('bd-1'));
      assert.equal(TableReader.show(directory, place, ['bd-1'])?.length, 1);
      await change(directory);
      assert.equal(TableReader.show(directory, place, ['bd-1']), undefined, why);
    }
  });

  it('is not used by another program, nor damaged, nor cut short', async () => {
    const [directory, place] = await kept(line('bd-1'));
    assert.equal(TableReader.show(directory, { ...place, schema: 'other' }, ['bd-1']), undefined);
    const bytes = fs.readFileSync(place.file);
    for (const damaged of [
      bytes.subarray(0, -1),
      bytes.subarray(0, 10),
      Buffer.alloc(0),
      Buffer.concat([bytes, bytes]),
    ]) {
      fs.writeFileSync(place.file, damaged);
      assert.equal(TableReader.show(directory, place, ['bd-1']), undefined);
    }
    bytes[bytes.length - 1]! ^= 1;
    fs.writeFileSync(place.file, bytes);
    assert.equal(TableReader.show(directory, place, ['bd-1']), undefined);
  });

  it('is not kept of a file that does not hold everything, or with lines that cannot be read', async () => {
    const place = placeOf();
    const store = await openLedger(newLedger('bd', line('bd-1')));
    await store.checkpoint();
    await store.batch(me, (tx) => tx.update('bd-1', { title: 'in the journal' }));
    store.list();
    await store.keepTable('hq', place);
    assert.equal(fs.existsSync(place.file), false);
    await store.checkpoint();
    await store.keepTable('hq', place);
    assert.equal(fs.existsSync(place.file), true);
    await store.close();
    const [, broken] = await kept(`${line('bd-1')}{"id":\n`);
    assert.equal(fs.existsSync(broken.file), false);
  });
});
