import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../server/src/base/errors';
import { initLedger } from '../../server/src/beads/storage/init';
import { followRedirect, findLedger } from '../../server/src/beads/storage/locate';
import { type BeadsChanged } from '../../server/src/beads/store';
import { mergeFiles } from '../../server/src/beads/merge/mergeFiles';
import { tempDir } from '../helpers/temp';
import { line, me, newLedger, openLedger, read, write } from './realLedger';

describe('changes from outside', () => {
  it('are merged in on refresh and told, never overwritten', async () => {
    const directory = newLedger('bd', line('bd-1') + line('bd-2'));
    const store = await openLedger(directory);
    await store.batch(me, (tx) => tx.update('bd-1', { title: 'ours' }));
    write(directory, line('bd-1', { priority: 0, updated_at: '2026-01-02T00:00:00Z' }) + line('bd-2') + line('bd-3'));
    const heard: BeadsChanged[] = [];
    store.onDidChange((change) => heard.push(change));
    await store.refresh();
    assert.deepEqual(
      [store.get('bd-1')?.title, store.get('bd-1')?.priority, store.get('bd-3')?.title],
      ['ours', 0, 't bd-3'],
    );
    assert.deepEqual(
      heard.map((change) => [change.ids.sort(), change.events[0]?.type, change.events[0]?.actor]),
      [[['bd-1', 'bd-3'], 'ledger_merged', 'outside']],
    );
    assert.equal(store.ready().length, 3);
    assert.match(read(directory), /"title":"ours".*"priority":0/);
    await store.refresh();
    assert.equal(heard.length, 1);
    await store.close();
  });

  it('make no bead one of the engine', async () => {
    const merge = { source: 'bd-2', rig: 'toy', branch: 'b', commit: 'c', worker: 'w' };
    const directory = newLedger('bd', line('bd-1') + line('bd-2'));
    const store = await openLedger(directory);
    await store.batch(me, (tx) => tx.update('bd-1', { metadata: { merge } }));
    await store.checkpoint();
    const theirs = { issue_type: 'merge_request', metadata: { merge }, updated_at: '2027-01-02T00:00:00Z' };
    write(directory, line('bd-1', theirs) + line('bd-2', theirs) + line('bd-3', theirs));
    await store.refresh();
    assert.deepEqual(
      ['bd-1', 'bd-2', 'bd-3'].map((id) => [store.get(id)?.issue_type, store.get(id)?.metadata]),
      [
        ['task', { merge }],
        ['task', undefined],
        ['merge_request', undefined],
      ],
    );
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
    for (const damage of [
      (file: string) => fs.rmSync(file),
      (file: string) => fs.writeFileSync(file, ''),
      (file: string) => fs.writeFileSync(file, '\n'),
    ]) {
      const directory = newLedger('bd', line('bd-1'));
      const store = await openLedger(directory);
      await store.batch(me, (tx) => tx.create('hq', { title: 'x' }));
      await store.checkpoint();
      const full = read(directory);
      damage(path.join(directory, 'issues.jsonl'));
      await store.batch(me, (tx) => tx.update('bd-1', { notes: 'n' }));
      await store.checkpoint();
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
    await store.checkpoint();
    write(directory, line('bd-1', { title: 'theirs', updated_at: '2026-01-02T00:00:00Z' }));
    await store.refresh();
    assert.equal(store.list().length, 3);
    assert.equal(store.get('bd-1')?.title, 'theirs');
    assert.equal(read(directory).trimEnd().split('\n').length, 3);
    await store.close();
  });

  it('a change that comes at the moment of a checkpoint is not overwritten', async () => {
    const directory = newLedger('bd', line('bd-1'));
    const file = path.join(directory, 'issues.jsonl');
    const { realFs } = await import('../../server/src/beads/storage/ledgerFs');
    let meddle = false;
    const store = await openLedger(directory, {
      fs: {
        ...realFs,
        open: (name) => {
          if (meddle && name.endsWith('issues.jsonl.tmp')) {
            meddle = false;
            fs.writeFileSync(file, line('bd-1', { priority: 0, updated_at: '2026-01-02T00:00:00Z' }));
          }
          return realFs.open(name);
        },
      },
    });
    await store.batch(me, (tx) => tx.update('bd-1', { title: 'ours' }));
    meddle = true;
    await assert.rejects(
      store.checkpoint(),
      (error) => error instanceof UserError && /changed by another program/.test(error.message),
    );
    await store.checkpoint();
    assert.match(read(directory), /"title":"ours".*"priority":0/);
    await store.close();
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

  it('are followed when a ledger is opened', async () => {
    const real = newLedger('bd', line('bd-1'));
    const clone = path.join(tempDir('redirect'), '.beads');
    fs.mkdirSync(clone);
    fs.writeFileSync(path.join(clone, 'redirect'), real);
    const store = await openLedger(clone);
    await store.batch(me, (tx) => tx.update('bd-1', { title: 'new' }));
    await store.checkpoint();
    await store.close();
    assert.match(read(real), /"title":"new"/);
    assert.deepEqual(fs.readdirSync(clone), ['redirect']);
  });

  it('in a circle or to nowhere are errors', () => {
    const root = tempDir('redirect');
    const [one, two] = [path.join(root, 'one', '.beads'), path.join(root, 'two', '.beads')];
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
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
    const right = file(
      'right',
      `${line('bd-1', { labels: ['r'], updated_at: '2026-01-03T00:00:00Z' })}${line('bd-2')}{"even\n`,
    );
    assert.deepEqual(mergeFiles(left, base, left, right, new Date('2026-02-01T00:00:00Z')), {
      count: 2,
      unreadable: [
        { line: 2, reason: 'not valid JSON', side: 'left' },
        { line: 3, reason: 'not valid JSON', side: 'right' },
      ],
      overruled: [],
    });
    const merged = fs.readFileSync(left, 'utf8');
    assert.match(merged, /"labels":\["l","r"\]/);
    for (const kept of ['{"odd\n', '{"even', line('bd-2').trimEnd()]) assert.ok(merged.includes(kept), kept);
  });
});
