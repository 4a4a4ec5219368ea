import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../server/src/base/errors';
import { initLedger } from '../../server/src/beads/init';
import { followRedirect, findLedger } from '../../server/src/beads/locate';
import { BeadStore, type BeadsChanged, type StoreOptions } from '../../server/src/beads/store';
import { mergeFiles } from '../../server/src/beads/mergeFiles';
import { tempDir } from '../helpers/temp';
import { requireFixture } from '../unit/beads/support';

const me = { actor: 'ann' };

function newLedger(prefix = 'bd', text?: string): string {
  const directory = path.join(tempDir('ledger'), '.beads');
  initLedger(directory, prefix);
  if (text !== undefined) fs.writeFileSync(path.join(directory, 'issues.jsonl'), text);
  return directory;
}

async function openLedger(directory: string, options: StoreOptions = {}): Promise<BeadStore> {
  const store = await BeadStore.open(options);
  await store.addLedger({ name: 'hq', directory });
  return store;
}

const read = (directory: string, file = 'issues.jsonl'): string => fs.readFileSync(path.join(directory, file), 'utf8');
const write = (directory: string, text: string): void => fs.writeFileSync(path.join(directory, 'issues.jsonl'), text);
const line = (id: string, more: object = {}): string => `${JSON.stringify({ id, title: `t ${id}`, status: 'open', priority: 2, issue_type: 'task', created_at: '2026-01-01T00:00:00Z', created_by: 'bob', updated_at: '2026-01-01T00:00:00Z', ...more })}\n`;

describe('init', () => {
  it('makes what the Go tool understands and ignores what is local', () => {
    const directory = newLedger('my-app-');
    assert.match(read(directory, 'config.yaml'), /^issue-prefix: "my-app"$/m);
    assert.match(read(directory, 'config.yaml'), /^status\.custom: "in_review,failed,staged_ready,staged_warnings"$/m);
    assert.match(read(directory, 'config.yaml'), /^types\.custom: ".*merge_request.*convoy/m);
    assert.deepEqual(JSON.parse(read(directory, 'metadata.json')), { database: 'beads.db', jsonl_export: 'issues.jsonl' });
    for (const name of ['journal.jsonl', 'base.jsonl', 'events.jsonl', '.lock/', '*.db']) assert.ok(read(directory, '.gitignore').split('\n').includes(name), name);
    assert.doesNotMatch(read(directory, '.gitignore'), /^!/m);
  });

  it('again changes nothing, with another prefix is refused', () => {
    const directory = newLedger('bd', line('bd-1'));
    initLedger(directory, 'bd');
    assert.equal(read(directory), line('bd-1'));
    assert.throws(() => initLedger(directory, 'other'), (error) => error instanceof UserError && error.code === 'conflict');
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
    assert.deepEqual(fs.readdirSync(directory).map((file) => [file, fs.statSync(path.join(directory, file)).mtimeMs]), before);
  });

  it('folding what nobody changed is the identity, byte for byte', async function () {
    const fixture = requireFixture(this).toString();
    const directory = newLedger('bd', fixture);
    const store = await openLedger(directory);
    await store.fold();
    await store.batch(me, (tx) => tx.create('hq', { title: 'w', ephemeral: true }));
    await store.fold();
    await store.close();
    assert.equal(read(directory), fixture);
  });

  it('a batch survives closing without a fold, and folding', async () => {
    const directory = newLedger();
    const store = await openLedger(directory);
    const bead = await store.batch(me, (tx) => tx.create('hq', { title: 'x' }));
    await store.close();
    assert.equal(read(directory), '');
    const again = await openLedger(directory);
    assert.deepEqual(again.get(bead.id), bead);
    await again.fold();
    assert.match(read(directory), new RegExp(`^{"id":"${bead.id}","title":"x"`));
    assert.equal(read(directory, 'journal.jsonl'), '');
    await again.close();
  });

  it('a throw rolls back everything; nothing is seen before it is durable', async () => {
    const store = await openLedger(newLedger());
    await assert.rejects(store.batch(me, (tx) => {
      tx.create('hq', { title: 'x' });
      throw new Error('no');
    }), /^Error: no$/);
    const seen: number[] = [];
    const pending = store.batch(me, (tx) => {
      tx.create('hq', { title: 'y' });
      seen.push(store.list().length);
    });
    await Promise.resolve().then(() => seen.push(store.list().length));
    await pending;
    assert.deepEqual([...seen, store.list().length], [0, 0, 1]);
    assert.equal(store.revision, 1);
    await assert.rejects(store.batch(me, async () => undefined), /must be synchronous/);
    await store.close();
  });

  it('tells what changed once per batch, in order', async () => {
    const store = await openLedger(newLedger());
    const heard: BeadsChanged[] = [];
    store.onDidChange((change) => heard.push(change));
    const beads = await Promise.all([1, 2, 3].map((n) => store.batch(me, (tx) => tx.create('hq', { title: `${n}` }))));
    assert.deepEqual(heard.map((change) => [change.revision, change.ids, change.events.map((event) => event.type)]), beads.map((bead, index) => [index + 1, [bead.id], ['created']]));
    await store.close();
  });

  it('a listener that throws does no harm', async () => {
    const errors: unknown[] = [];
    const store = await openLedger(newLedger(), { onError: (error) => errors.push(error) });
    store.onDidChange(() => { throw new Error('listener'); });
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
    await store.fold();
    await store.close();
    const again = await openLedger(directory, { clock });
    assert.deepEqual(await again.batch({ ...me, operation: 'op' }, (tx) => tx.create('hq', { title: 'y' })), first);
    assert.equal(again.list().length, 1);
    now += 3_601_000;
    await again.batch(me, (tx) => tx.update(first.id, { title: 'z' }));
    await again.fold();
    assert.equal(again.operation('op'), undefined);
    assert.equal(read(directory, 'journal.jsonl'), '');
    await again.close();
  });

  it('keeps wisps out of issues.jsonl and through folds', async () => {
    const directory = newLedger();
    const store = await openLedger(directory);
    const wisp = await store.batch(me, (tx) => tx.create('hq', { title: 'w', ephemeral: true }));
    for (let round = 0; round < 3; round++) {
      await store.batch(me, (tx) => tx.update(wisp.id, { notes: `${round}` }));
      await store.fold();
    }
    await store.close();
    assert.equal(read(directory), '');
    assert.ok(!read(directory, 'base.jsonl').includes('wisp'));
    const again = await openLedger(directory);
    assert.equal(again.get(wisp.id)?.notes, '2');
    assert.equal(again.list({ all: true }).length, 1);
    assert.equal(again.list().length, 0);
    await again.batch(me, (tx) => tx.update(wisp.id, { ephemeral: undefined }));
    await again.fold();
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
    assert.deepEqual(store.problems('hq').map((problem) => problem.line), [2, 3]);
    await store.batch(me, (tx) => tx.update('bd-2', { title: 'new' }));
    await store.fold();
    assert.ok(read(directory).startsWith(`${line('bd-1')}{"torn\n\0\0\n{"id":"bd-2","title":"new"`));
    await store.close();
  });

  it('refuses conflict markers when opening and when folding, and loses nothing', async () => {
    const directory = newLedger('bd', line('bd-1'));
    const store = await openLedger(directory);
    await store.batch(me, (tx) => tx.update('bd-1', { title: 'ours' }));
    const conflict = `<<<<<<< HEAD\n${line('bd-1')}=======\n${line('bd-1', { priority: 1 })}>>>>>>> other\n`;
    write(directory, conflict);
    await assert.rejects(store.fold(), (error) => error instanceof UserError && error.code === 'conflict' && /conflict markers/.test(error.message));
    await assert.rejects(store.refresh(), /conflict markers/);
    assert.equal(read(directory), conflict);
    assert.equal(store.get('bd-1')?.title, 'ours');
    await assert.rejects(openLedger(directory), /conflict markers/);
    write(directory, line('bd-1', { priority: 1, updated_at: '2026-01-02T00:00:00Z' }));
    await store.fold();
    assert.deepEqual([store.get('bd-1')?.title, store.get('bd-1')?.priority], ['ours', 1]);
    await store.close();
  });
});

describe('changes from outside', () => {
  it('are merged in on refresh and told, never overwritten', async () => {
    const directory = newLedger('bd', line('bd-1') + line('bd-2'));
    const store = await openLedger(directory);
    await store.batch(me, (tx) => tx.update('bd-1', { title: 'ours' }));
    write(directory, line('bd-1', { priority: 0, updated_at: '2026-01-02T00:00:00Z' }) + line('bd-2') + line('bd-3'));
    const heard: BeadsChanged[] = [];
    store.onDidChange((change) => heard.push(change));
    await store.refresh();
    assert.deepEqual([store.get('bd-1')?.title, store.get('bd-1')?.priority, store.get('bd-3')?.title], ['ours', 0, 't bd-3']);
    assert.deepEqual(heard.map((change) => [change.ids.sort(), change.events[0]?.type, change.events[0]?.actor]), [[['bd-1', 'bd-3'], 'ledger_merged', 'outside']]);
    assert.equal(store.ready().length, 3);
    assert.match(read(directory), /"title":"ours".*"priority":0/);
    await store.refresh();
    assert.equal(heard.length, 1);
    await store.close();
  });

  it('made while nobody looked are merged with what the journal holds', async () => {
    const directory = newLedger('bd', line('bd-1', { labels: ['a'] }));
    const store = await openLedger(directory);
    await store.batch(me, (tx) => tx.addLabel('bd-1', 'ours'));
    await store.close();
    write(directory, line('bd-1', { labels: ['a', 'theirs'], updated_at: '2026-01-02T00:00:00Z' }) + line('bd-9'));
    const again = await openLedger(directory);
    assert.deepEqual(again.get('bd-1')?.labels, ['a', 'ours', 'theirs']);
    assert.ok(again.get('bd-9'));
    // What was merged is written before anything else, so a label that is taken off again stays off.
    await again.batch(me, (tx) => tx.removeLabel('bd-1', 'theirs'));
    await again.close();
    const third = await openLedger(directory);
    assert.deepEqual(third.get('bd-1')?.labels, ['a', 'ours']);
    await third.close();
  });

  it('a file that vanished or was emptied is put back', async () => {
    for (const damage of [(file: string) => fs.rmSync(file), (file: string) => fs.writeFileSync(file, ''), (file: string) => fs.writeFileSync(file, '\n')]) {
      const directory = newLedger('bd', line('bd-1'));
      const store = await openLedger(directory);
      await store.batch(me, (tx) => tx.create('hq', { title: 'x' }));
      await store.fold();
      const full = read(directory);
      damage(path.join(directory, 'issues.jsonl'));
      await store.batch(me, (tx) => tx.update('bd-1', { notes: 'n' }));
      await store.fold();
      assert.equal(read(directory).split('\n').length, full.split('\n').length);
      damage(path.join(directory, 'issues.jsonl'));
      await store.close();
      const again = await openLedger(directory);
      assert.equal(again.list().length, 2);
      await again.batch(me, (tx) => tx.update('bd-1', { notes: 'm' }));
      assert.match(read(directory), /"id":"bd-1"/);
      await again.close();
    }
  });

  it('a tool that dropped lines which it did not know loses nothing', async () => {
    const directory = newLedger('bd', line('bd-1') + line('bd-2'));
    const store = await openLedger(directory);
    await store.batch(me, (tx) => tx.create('hq', { title: 'x' }));
    await store.fold();
    write(directory, line('bd-1', { title: 'theirs', updated_at: '2026-01-02T00:00:00Z' }));
    await store.refresh();
    assert.equal(store.list().length, 3);
    assert.equal(store.get('bd-1')?.title, 'theirs');
    assert.equal(read(directory).trimEnd().split('\n').length, 3);
    await store.close();
  });

  it('a change that comes at the moment of the fold is not overwritten', async () => {
    const directory = newLedger('bd', line('bd-1'));
    const file = path.join(directory, 'issues.jsonl');
    const { realFs } = await import('../../server/src/beads/ledgerFs');
    let meddle = false;
    const store = await openLedger(directory, { fs: { ...realFs, open: (name) => {
      if (meddle && name.endsWith('issues.jsonl.tmp')) {
        meddle = false;
        fs.writeFileSync(file, line('bd-1', { priority: 0, updated_at: '2026-01-02T00:00:00Z' }));
      }
      return realFs.open(name);
    } } });
    await store.batch(me, (tx) => tx.update('bd-1', { title: 'ours' }));
    meddle = true;
    await assert.rejects(store.fold(), (error) => error instanceof UserError && /changed by somebody else/.test(error.message));
    await store.fold();
    assert.match(read(directory), /"title":"ours".*"priority":0/);
    await store.close();
  });
});

describe('the journal', () => {
  it('that ends in a torn line is cut there', async () => {
    const directory = newLedger();
    const store = await openLedger(directory);
    const bead = await store.batch(me, (tx) => tx.create('hq', { title: 'whole' }));
    await store.batch(me, (tx) => tx.create('hq', { title: 'torn' }));
    await store.close();
    const journal = read(directory, 'journal.jsonl');
    const whole = journal.indexOf('\n') + 1;
    for (const end of [whole + 1, whole + 30, journal.length - 1]) {
      fs.writeFileSync(path.join(directory, 'journal.jsonl'), journal.slice(0, end));
      const again = await openLedger(directory);
      assert.deepEqual(again.list().map((one) => one.id), [bead.id], `cut at ${end}`);
      await again.close();
    }
    const writer = await openLedger(directory);
    await writer.batch(me, (tx) => tx.create('hq', { title: 'next' }));
    await writer.close();
    const last = await openLedger(directory);
    assert.deepEqual(last.list({ sort: 'title' }).map((one) => one.title), ['next', 'whole']);
    await last.close();
  });

  it('damaged in the middle is an error that keeps a copy and says what to do', async () => {
    const directory = newLedger();
    const store = await openLedger(directory);
    for (const title of ['one', 'two', 'three']) await store.batch(me, (tx) => tx.create('hq', { title }));
    await store.close();
    const file = path.join(directory, 'journal.jsonl');
    const damaged = read(directory, 'journal.jsonl').replace('"title\\":\\"two', '"title\\":\\"twO');
    fs.writeFileSync(file, damaged);
    for (let round = 0; round < 2; round++) {
      await assert.rejects(openLedger(directory), (error) => error instanceof UserError && /damaged at line 2/.test(error.message) && /Remove line 2/.test(error.hint ?? ''));
    }
    assert.equal(read(directory, 'journal.jsonl'), damaged, 'the journal itself is not touched');
    const copies = fs.readdirSync(directory).filter((name) => name.startsWith('journal.damaged-'));
    assert.deepEqual(copies.map((name) => read(directory, name)), [damaged]);
    fs.writeFileSync(file, damaged.split('\n').filter((_, index) => index !== 1).join('\n'));
    const again = await openLedger(directory);
    assert.deepEqual(again.list({ sort: 'title' }).map((bead) => bead.title), ['one', 'three']);
    await again.close();
  });

  it('groups what waits for the disk', async () => {
    const { realFs } = await import('../../server/src/beads/ledgerFs');
    let syncs = 0;
    const store = await openLedger(newLedger(), { fs: { ...realFs, open: (name) => {
      const file = realFs.open(name);
      return name.endsWith('journal.jsonl')
        ? { write: (bytes, position) => file.write(bytes, position), truncate: (length) => file.truncate(length), close: () => file.close(), sync: () => { syncs++; return file.sync(); } }
        : file;
    } } });
    await store.batch(me, (tx) => tx.create('hq', { title: 'first' }));
    syncs = 0;
    await Promise.all(Array.from({ length: 100 }, (_, n) => store.batch(me, (tx) => tx.create('hq', { title: `${n}` }))));
    assert.ok(syncs <= 2, `${syncs} syncs for 100 batches`);
    assert.equal(store.list({ limit: 0 }).length, 101);
    await store.close();
  });

  it('batches of one group see each other and fail alone', async () => {
    const store = await openLedger(newLedger());
    const results = await Promise.allSettled([
      store.batch(me, (tx) => tx.create('hq', { title: 'a', id: 'bd-a1' })),
      store.batch(me, (tx) => tx.create('hq', { title: 'b', id: 'bd-a1' })),
      store.batch(me, (tx) => tx.addDependency(tx.create('hq', { title: 'c' }).id, 'bd-a1', 'blocks')),
      store.batch(me, (tx) => tx.create('hq', { title: 'd', parent: 'bd-a1' })),
      store.batch(me, (tx) => tx.create('hq', { title: 'e', parent: 'bd-a1' })),
    ]);
    assert.deepEqual(results.map((result) => result.status), ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
    assert.deepEqual(store.children('bd-a1').map((bead) => bead.id).sort(), ['bd-a1.1', 'bd-a1.2']);
    await store.close();
  });

  it('is folded when it grows large', async () => {
    const directory = newLedger();
    const store = await openLedger(directory);
    const text = 'x'.repeat(100_000);
    for (let n = 0; n < 45; n++) await store.batch(me, (tx) => tx.create('hq', { title: `${n}`, description: text }));
    await store.fold();
    assert.ok(fs.statSync(path.join(directory, 'journal.jsonl')).size < 5_000_000);
    assert.equal(read(directory).trimEnd().split('\n').length, 45);
    await store.close();
  });
});

describe('several ledgers', () => {
  const open = async (hq: string, toy: string, order = ['hq', 'toy']): Promise<BeadStore> => {
    const store = await BeadStore.open();
    for (const name of order) await store.addLedger({ name, directory: name === 'hq' ? hq : toy });
    return store;
  };

  it('a batch over both is in one journal, is found whatever is opened first, and each file gets its own', async () => {
    const [hq, toy] = [newLedger('hq'), newLedger('toy')];
    const store = await open(hq, toy);
    const [convoy, task] = await store.batch(me, (tx) => {
      const beads = [tx.create('hq', { title: 'convoy', type: 'convoy' }), tx.create('toy', { title: 'task' })] as const;
      tx.addDependency(beads[0].id, beads[1].id, 'tracks');
      return beads;
    });
    await store.batch(me, (tx) => tx.update(task.id, { title: 'task two' }));
    await store.close();
    for (const order of [['hq', 'toy'], ['toy', 'hq']]) {
      const again = await open(hq, toy, order);
      assert.equal(again.get(task.id)?.title, 'task two');
      assert.deepEqual(again.dependents(task.id, 'tracks').map((bead) => bead.id), [convoy.id]);
      assert.equal(again.events(undefined, 0).length, 4);
      await again.close();
    }
    const last = await open(hq, toy, ['toy', 'hq']);
    await last.fold();
    assert.ok(read(hq).includes(convoy.id) && !read(hq).includes(`"id":"${task.id}"`));
    assert.match(read(toy), /task two/);
    assert.ok(read(toy, 'events.jsonl').includes(task.id) && read(hq, 'events.jsonl').includes(convoy.id));
    await last.close();
  });

  it('what a journal holds for a ledger that is not open waits for it, through folds', async () => {
    const [hq, toy] = [newLedger('hq'), newLedger('toy')];
    const store = await open(hq, toy);
    const task = await store.batch(me, (tx) => {
      tx.create('hq', { title: 'convoy' });
      return tx.create('toy', { title: 'task' });
    });
    await store.close();
    const only = await BeadStore.open();
    await only.addLedger({ name: 'hq', directory: hq });
    await only.batch(me, (tx) => tx.create('hq', { title: 'other' }));
    await only.fold();
    await only.fold();
    await only.close();
    const again = await open(hq, toy);
    assert.equal(again.get(task.id)?.title, 'task');
    assert.equal(again.events(task.id).length, 1);
    await again.close();
  });

  it('a dependency on a ledger that is not open blocks, until it is open', async () => {
    const [hq, toy] = [newLedger('hq'), newLedger('toy', line('toy-1', { dependencies: [{ issue_id: 'toy-1', depends_on_id: 'hq-1', type: 'blocks', created_at: '2026-01-01T00:00:00Z' }] }))];
    const store = await BeadStore.open();
    await store.addLedger({ name: 'toy', directory: toy });
    assert.deepEqual([store.ready().length, store.blockerIds('toy-1')], [0, ['hq-1']]);
    await store.addLedger({ name: 'hq', directory: hq });
    assert.equal(store.ready().length, 1);
    await store.removeLedger('hq');
    assert.equal(store.ready().length, 0);
    await store.close();
  });

  it('two with the same prefix or name are refused', async () => {
    const store = await openLedger(newLedger('hq'));
    await assert.rejects(store.addLedger({ name: 'hq', directory: newLedger('x') }), /open already/);
    await assert.rejects(store.addLedger({ name: 'two', directory: newLedger('hq') }), /already belongs to hq/);
    assert.deepEqual(store.ledgerNames(), ['hq']);
    await store.close();
  });

  it('removing one folds it', async () => {
    const [hq, toy] = [newLedger('hq'), newLedger('toy')];
    const store = await open(hq, toy);
    await store.batch(me, (tx) => { tx.create('hq', { title: 'a' }); tx.create('toy', { title: 'b' }); });
    await store.removeLedger('toy');
    assert.match(read(toy), /"title":"b"/);
    assert.equal(store.list().length, 1);
    await store.close();
  });
});

describe('events.jsonl', () => {
  it('is rotated and still read', async () => {
    const directory = newLedger();
    const store = await openLedger(directory);
    const bead = await store.batch(me, (tx) => tx.create('hq', { title: 'x' }));
    const filler = 'y'.repeat(1_000_000);
    for (let n = 0; n < 12; n++) await store.batch(me, (tx) => tx.event({ type: 'filler', message: filler }));
    await store.batch(me, (tx) => tx.close(bead.id, 'done'));
    assert.ok(fs.existsSync(path.join(directory, 'events.1.jsonl')));
    assert.deepEqual(store.events(bead.id).map((event) => event.type), ['created', 'closed']);
    assert.equal(store.events(undefined, 0).length, 14);
    await store.fold();
    await store.close();
    const again = await openLedger(directory);
    assert.equal(again.events(undefined, 0).length, 14);
    await again.close();
  });
});

describe('redirects', () => {
  it('are followed, relative to the folder that contains .beads', () => {
    const root = tempDir('redirect');
    const [real, clone] = [path.join(root, 'mayor', 'rig', '.beads'), path.join(root, 'polecats', 'a b', '.beads')];
    initLedger(real, 'bd');
    fs.mkdirSync(clone, { recursive: true });
    fs.writeFileSync(path.join(clone, 'redirect'), '# comment\n\n../../mayor/rig/.beads\n');
    assert.equal(followRedirect(clone), real);
    fs.mkdirSync(path.join(clone, '..', 'src', 'deep'), { recursive: true });
    assert.equal(findLedger(path.join(clone, '..', 'src', 'deep')), real);
    fs.writeFileSync(path.join(clone, 'redirect'), real);
    assert.equal(followRedirect(clone), real);
  });

  it('in a circle or to nowhere are errors', () => {
    const root = tempDir('redirect');
    const [one, two] = [path.join(root, 'one', '.beads'), path.join(root, 'two', '.beads')];
    for (const [from, to] of [[one, two], [two, one]] as const) {
      fs.mkdirSync(from, { recursive: true });
      fs.writeFileSync(path.join(from, 'redirect'), to);
    }
    assert.throws(() => followRedirect(one), /circle/);
    fs.writeFileSync(path.join(one, 'redirect'), '../nowhere/.beads');
    assert.throws(() => followRedirect(one), /does not exist/);
  });
});

describe('the merge driver', () => {
  it('merges three files and keeps what it cannot read', () => {
    const root = tempDir('merge');
    const file = (name: string, text: string): string => {
      fs.writeFileSync(path.join(root, name), text);
      return path.join(root, name);
    };
    const base = file('base', line('bd-1', { labels: ['x'] }));
    const left = file('left', `${line('bd-1', { labels: ['l', 'x'], updated_at: '2026-01-02T00:00:00Z' })}{"odd\n`);
    const right = file('right', `${line('bd-1', { labels: ['r'], updated_at: '2026-01-03T00:00:00Z' })}${line('bd-2')}{"even\n`);
    assert.deepEqual(mergeFiles(left, base, left, right, new Date('2026-02-01T00:00:00Z')), { count: 2 });
    const merged = fs.readFileSync(left, 'utf8');
    assert.match(merged, /"labels":\["l","r"\]/);
    for (const kept of ['{"odd\n', '{"even', line('bd-2').trimEnd()]) assert.ok(merged.includes(kept), kept);
  });
});
