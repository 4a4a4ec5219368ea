import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../server/src/base/errors';
import { initLedger } from '../../server/src/beads/storage/init';
import { type BeadsChanged, type Transaction } from '../../server/src/beads/store';
import { tempDir } from '../helpers/temp';
import { requireFixture } from '../unit/beads/support';
import { line, me, newLedger, openLedger, read, write } from './realLedger';

describe('init', () => {
  it('makes what the Go tool understands and ignores what is local', () => {
    const directory = newLedger('my-app-');
    assert.match(read(directory, 'config.yaml'), /^issue-prefix: "my-app"$/m);
    assert.match(read(directory, 'config.yaml'), /^status\.custom: "in_review,failed,staged_ready,staged_warnings"$/m);
    assert.match(read(directory, 'config.yaml'), /^types\.custom: ".*merge_request.*convoy/m);
    assert.deepEqual(JSON.parse(read(directory, 'metadata.json')), {
      database: 'beads.db',
      jsonl_export: 'issues.jsonl',
    });
    for (const name of ['journal.jsonl', 'base.jsonl', 'events.jsonl', '.lock/', '*.db'])
      assert.ok(read(directory, '.gitignore').split('\n').includes(name), name);
    assert.doesNotMatch(read(directory, '.gitignore'), /^!/m);
  });

  it('again changes nothing, with another prefix is refused', () => {
    const directory = newLedger('bd', line('bd-1'));
    initLedger(directory, 'bd');
    assert.equal(read(directory), line('bd-1'));
    assert.throws(
      () => initLedger(directory, 'other'),
      (error) => error instanceof UserError && error.code === 'conflict',
    );
    assert.throws(() => initLedger(path.join(tempDir(), '.beads'), '../x'), /invalid prefix/);
  });
});

describe('a ledger on disk', () => {
  it('opening, reading and closing writes nothing', async function () {
    const directory = newLedger('bd', requireFixture(this).toString());
    const before = fs.readdirSync(directory).map((file) => [file, fs.statSync(path.join(directory, file)).mtimeMs]);
    const store = await openLedger(directory);
    assert.equal(store.stats().summary.total_issues, 1617);
    store.ready();
    await store.close();
    assert.deepEqual(
      fs.readdirSync(directory).map((file) => [file, fs.statSync(path.join(directory, file)).mtimeMs]),
      before,
    );
  });

  it('a checkpoint of what nobody changed is the identity, byte for byte', async function () {
    const fixture = requireFixture(this).toString();
    const directory = newLedger('bd', fixture);
    const store = await openLedger(directory);
    await store.checkpoint();
    await store.batch(me, (tx) => tx.create('hq', { title: 'w', ephemeral: true }));
    await store.checkpoint();
    await store.close();
    assert.equal(read(directory), fixture);
  });

  it('a batch survives closing without a checkpoint, and a checkpoint', async () => {
    const directory = newLedger();
    const store = await openLedger(directory);
    const bead = await store.batch(me, (tx) => tx.create('hq', { title: 'x' }));
    await store.close();
    assert.equal(read(directory), '');
    const again = await openLedger(directory);
    assert.deepEqual(again.get(bead.id), bead);
    await again.checkpoint();
    assert.match(read(directory), new RegExp(`^{"id":"${bead.id}","title":"x"`));
    assert.equal(read(directory, 'journal.jsonl'), '');
    await again.close();
  });

  it('a throw rolls back everything; nothing is seen before it is durable', async () => {
    const store = await openLedger(newLedger());
    await assert.rejects(
      store.batch(me, (tx) => {
        tx.create('hq', { title: 'x' });
        throw new Error('no');
      }),
      /^Error: no$/,
    );
    const seen: number[] = [];
    const pending = store.batch(me, (tx) => {
      tx.create('hq', { title: 'y' });
      seen.push(store.list().length);
    });
    await Promise.resolve().then(() => seen.push(store.list().length));
    await pending;
    assert.deepEqual([...seen, store.list().length], [0, 0, 1]);
    assert.equal(store.revision, 1);
    await assert.rejects(
      store.batch(me, async () => undefined),
      /must be synchronous/,
    );
    await store.close();
  });

  it('tells what changed once per batch, in order', async () => {
    const store = await openLedger(newLedger());
    const heard: BeadsChanged[] = [];
    store.onDidChange((change) => heard.push(change));
    const beads = await Promise.all([1, 2, 3].map((n) => store.batch(me, (tx) => tx.create('hq', { title: `${n}` }))));
    assert.deepEqual(
      heard.map((change) => [change.revision, change.ids, change.events.map((event) => event.type)]),
      beads.map((bead, index) => [index + 1, [bead.id], ['created']]),
    );
    await store.close();
  });

  it('nothing can be changed after the batch, or after closing', async () => {
    const store = await openLedger(newLedger());
    let kept: Transaction | undefined;
    const bead = await store.batch(me, (tx) => {
      kept = tx;
      return tx.create('hq', { title: 'x' });
    });
    assert.throws(() => kept?.update(bead.id, { title: 'y' }), /after its batch had ended/);
    await store.close();
    await assert.rejects(
      store.batch(me, (tx) => tx.create('hq', { title: 'z' })),
      /the ledger is closed/,
    );
  });

  it('does not share objects with its callers', async () => {
    const store = await openLedger(newLedger());
    const metadata = { list: [1], gone: undefined };
    const bead = await store.batch(me, (tx) => tx.create('hq', { title: 'x', metadata }));
    metadata.list.push(2);
    assert.deepEqual(bead.metadata, { list: [1] });
    assert.deepEqual(store.get(bead.id)?.metadata, { list: [1] });
    assert.throws(() => {
      bead.title = 'y';
    }, TypeError);
    await store.close();
  });

  it('a listener that throws does no harm', async () => {
    const errors: unknown[] = [];
    const store = await openLedger(newLedger(), { onError: (error) => errors.push(error) });
    store.onDidChange(() => {
      throw new Error('listener');
    });
    await store.batch(me, (tx) => tx.create('hq', { title: 'x' }));
    assert.equal(errors.length, 1);
    await store.close();
  });

  it('remembers operations across restarts and folds, for an hour', async () => {
    const directory = newLedger();
    let now = Date.parse('2026-01-01T00:00:00Z');
    const clock = () => new Date(now);
    const store = await openLedger(directory, { clock });
    const first = await store.batch({ ...me, operation: 'op' }, (tx) => tx.create('hq', { title: 'x' }));
    await store.checkpoint();
    await store.close();
    const again = await openLedger(directory, { clock });
    assert.deepEqual(await again.batch({ ...me, operation: 'op' }, (tx) => tx.create('hq', { title: 'y' })), first);
    assert.equal(again.list().length, 1);
    now += 3_601_000;
    await again.batch(me, (tx) => tx.update(first.id, { title: 'z' }));
    await again.checkpoint();
    assert.equal(again.operations.get('op'), undefined);
    assert.equal(read(directory, 'journal.jsonl'), '');
    await again.close();
  });

  it('keeps wisps out of issues.jsonl and through folds', async () => {
    const directory = newLedger();
    const store = await openLedger(directory);
    const wisp = await store.batch(me, (tx) => tx.create('hq', { title: 'w', ephemeral: true }));
    for (let round = 0; round < 3; round++) {
      await store.batch(me, (tx) => tx.update(wisp.id, { notes: `${round}` }));
      await store.checkpoint();
    }
    await store.close();
    assert.equal(read(directory), '');
    assert.ok(!read(directory, 'base.jsonl').includes('wisp'));
    const again = await openLedger(directory);
    assert.equal(again.get(wisp.id)?.notes, '2');
    assert.equal(again.list({ all: true }).length, 1);
    assert.equal(again.list().length, 0);
    await again.batch(me, (tx) => tx.update(wisp.id, { ephemeral: undefined }));
    await again.checkpoint();
    assert.match(read(directory), /"title":"w"/);
    await again.close();
  });

  it('keeps the prefix that most beads have where the configuration says none', async () => {
    const directory = newLedger('x', line('my-1') + line('my-2') + line('other-1'));
    fs.rmSync(path.join(directory, 'config.yaml'));
    const store = await openLedger(directory);
    assert.equal(store.prefixOf('hq'), 'my');
    await store.close();
  });

  it('keeps lines it cannot read, and says so', async () => {
    const text = `${line('bd-1')}{"torn\n\0\0\n${line('bd-2')}`;
    const directory = newLedger('bd', text);
    const store = await openLedger(directory);
    assert.deepEqual(
      store.problems('hq').map((problem) => problem.line),
      [2, 3],
    );
    await store.batch(me, (tx) => tx.update('bd-2', { title: 'new' }));
    await store.checkpoint();
    assert.ok(read(directory).startsWith(`${line('bd-1')}{"torn\n\0\0\n{"id":"bd-2","title":"new"`));
    await store.close();
  });

  it('refuses conflict markers when opening and at a checkpoint, and loses nothing', async () => {
    const directory = newLedger('bd', line('bd-1'));
    const store = await openLedger(directory);
    await store.batch(me, (tx) => tx.update('bd-1', { title: 'ours' }));
    const conflict = `<<<<<<< HEAD\n${line('bd-1')}=======\n${line('bd-1', { priority: 1 })}>>>>>>> other\n`;
    write(directory, conflict);
    await assert.rejects(
      store.checkpoint(),
      (error) => error instanceof UserError && error.code === 'conflict' && /conflict markers/.test(error.message),
    );
    await assert.rejects(store.refresh(), /conflict markers/);
    assert.equal(read(directory), conflict);
    assert.equal(store.get('bd-1')?.title, 'ours');
    await assert.rejects(openLedger(directory), /conflict markers/);
    write(directory, line('bd-1', { priority: 1, updated_at: '2026-01-02T00:00:00Z' }));
    await store.checkpoint();
    assert.deepEqual([store.get('bd-1')?.title, store.get('bd-1')?.priority], ['ours', 1]);
    await store.close();
  });
});

describe('a chain of dependencies', function () {
  this.timeout(60_000);

  it('may be thousands of beads long, and is never closed to a circle', async () => {
    const store = await openLedger(newLedger('bd'));
    const ids = await store.batch(me, (tx) => {
      const chain: string[] = [];
      for (let index = 0; index < 5_000; index++) {
        chain.push(tx.create('hq', { title: `${index}` }).id);
        if (index > 0) tx.addDependency(chain[index - 1]!, chain[index]!, 'blocks');
      }
      return chain;
    });
    await assert.rejects(
      store.batch(me, (tx) => tx.addDependency(ids.at(-1)!, ids[0]!, 'blocks')),
      /would create a cycle/,
    );
    assert.deepEqual(
      store.ready({ limit: 0 }).map(({ id }) => id),
      [ids.at(-1)],
    );
    await store.close();
  });
});
