import { createHash } from 'node:crypto';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { UserError } from '../../server/src/base/errors';
import { realFs, type LedgerFs } from '../../server/src/beads/storage/ledgerFs';
import { BeadStore } from '../../server/src/beads/store';
import { Journal } from '../../server/src/beads/storage/journal';
import type { JournalRecord } from '../../server/src/beads/storage/journalRecord';
import { importBeads } from '../../server/src/beads/handlers/file';
import { parseLedgerText } from '../../server/src/beads/storage/ledgerText';
import { FaultyFs, type Fault } from './faultyFs';
import { line, me, newLedger, openLedger, read } from './realLedger';

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
      assert.deepEqual(
        again.list().map((one) => one.id),
        [bead.id],
        `cut at ${end}`,
      );
      await again.close();
    }
    const writer = await openLedger(directory);
    await writer.batch(me, (tx) => tx.create('hq', { title: 'next' }));
    await writer.close();
    const last = await openLedger(directory);
    assert.deepEqual(
      last.list({ sort: 'title' }).map((one) => one.title),
      ['next', 'whole'],
    );
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
      await assert.rejects(
        openLedger(directory),
        (error) =>
          error instanceof UserError &&
          /damaged at line 2/.test(error.message) &&
          /Remove line 2/.test(error.hint ?? ''),
      );
    }
    assert.equal(read(directory, 'journal.jsonl'), damaged, 'the journal itself is not touched');
    const copies = fs.readdirSync(directory).filter((name) => name.startsWith('journal.damaged-'));
    assert.deepEqual(
      copies.map((name) => read(directory, name)),
      [damaged],
    );
    fs.writeFileSync(
      file,
      damaged
        .split('\n')
        .filter((_, index) => index !== 1)
        .join('\n'),
    );
    const again = await openLedger(directory);
    assert.deepEqual(
      again.list({ sort: 'title' }).map((bead) => bead.title),
      ['one', 'three'],
    );
    await again.close();
  });

  it('takes a batch larger than one write, or nothing of it', async () => {
    const text = 'x'.repeat(60_000);
    const beads = Array.from({ length: 20 }, (_, index) => line(`bd-${index + 1}`, { description: text }));
    const { length } = beads;
    const run = async (fault: Fault | undefined): Promise<{ steps: number; found: number; isDone: boolean }> => {
      const directory = newLedger();
      const faulty = new FaultyFs(fault);
      let isDone = false;
      const store = await openLedger(directory, { fs: faulty });
      const incoming = parseLedgerText(Buffer.from(beads.join(''))).beads;
      await store
        .batch(me, (tx) => void importBeads(tx, 'hq', incoming))
        .then(() => (isDone = true))
        .catch(() => undefined);
      await store.close().catch(() => undefined);
      const again = await openLedger(directory);
      const found = again.list({ limit: 0 });
      for (const { description } of found) assert.equal(description, text);
      if (fault) await again.batch(me, (tx) => tx.create('hq', { title: 'after it' }));
      await again.close();
      return { steps: faulty.count, found: found.length, isDone };
    };
    const { steps, found } = await run(undefined);
    assert.equal(found, length);
    for (let at = 1; at <= steps; at++) {
      for (const kind of ['crash', 'EIO'] as const) {
        const result = await run({ at, kind, torn: 0.5 });
        assert.ok(result.found === length || (result.found === 0 && !result.isDone), `${kind} at ${at}`);
      }
    }
  });

  it('that was emptied and could not be made durable is emptied again before anything is written into it', async () => {
    const file = path.join(newLedger(), 'journal.jsonl');
    const record = (seq: number): JournalRecord => ({
      seq,
      group: seq,
      ts: '2026-01-01T00:00:00Z',
      actor: 'ann',
      items: [],
      events: [],
    });
    const { journal } = await Journal.load(realFs, file);
    await journal.append([record(1), record(2)]);
    journal.close();
    // The sync right behind the truncation (opening makes what it reads durable, in two steps), and then also the one of the next append.
    for (const failing of [1, 2]) {
      const faulty = new FaultyFs({ at: 5, until: 4 + failing, kind: 'EIO' });
      const { journal: reopened } = await Journal.load(faulty, file);
      await assert.rejects(
        reopened.rewrite(
          () => false,
          () => undefined,
        ),
        /the disk reports an error/,
      );
      const before = faulty.log.length;
      if (failing === 2) await assert.rejects(reopened.append([record(3)]), /the disk reports an error/);
      await reopened.append([record(4)]);
      const steps = faulty.log.slice(before).map((step) => step.split(' ')[0]);
      const write = steps.indexOf('write');
      assert.deepEqual(steps.slice(write - 3, write), ['truncate', 'sync', 'sync'], steps.join());
      assert.deepEqual(
        (await Journal.load(realFs, file)).records.map(({ seq }) => seq),
        [4],
      );
      reopened.close();
    }
  });

  it('of a newer version is left alone', async () => {
    const directory = newLedger();
    const body = '"v":2,"seq":1}';
    fs.writeFileSync(
      path.join(directory, 'journal.jsonl'),
      `{"sum":"${createHash('sha256').update(body).digest('hex').slice(0, 16)}",${body}\n`,
    );
    await assert.rejects(
      openLedger(directory),
      (error) => error instanceof UserError && /newer version/.test(error.message),
    );
  });

  it('groups what waits for the disk', async () => {
    const { realFs } = await import('../../server/src/beads/storage/ledgerFs');
    let syncs = 0;
    const store = await openLedger(newLedger(), {
      fs: {
        ...realFs,
        open: (name) => {
          const file = realFs.open(name);
          return name.endsWith('journal.jsonl')
            ? {
                size: () => file.size(),
                write: (bytes, position) => file.write(bytes, position),
                truncate: (length) => file.truncate(length),
                close: () => file.close(),
                sync: () => {
                  syncs++;
                  return file.sync();
                },
              }
            : file;
        },
      },
    });
    await store.batch(me, (tx) => tx.create('hq', { title: 'first' }));
    syncs = 0;
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => store.batch(me, (tx) => tx.create('hq', { title: `${n}` }))),
    );
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
    assert.deepEqual(
      results.map((result) => result.status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
    );
    assert.deepEqual(
      store
        .children('bd-a1')
        .map((bead) => bead.id)
        .sort(),
      ['bd-a1.1', 'bd-a1.2'],
    );
    await store.close();
  });

  it('is written by a checkpoint when it grows large', async () => {
    const directory = newLedger();
    const store = await openLedger(directory);
    const text = 'x'.repeat(100_000);
    for (let n = 0; n < 45; n++) await store.batch(me, (tx) => tx.create('hq', { title: `${n}`, description: text }));
    await store.checkpoint();
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
      const beads = [
        tx.create('hq', { title: 'convoy', type: 'convoy' }),
        tx.create('toy', { title: 'task' }),
      ] as const;
      tx.addDependency(beads[0].id, beads[1].id, 'tracks');
      return beads;
    });
    await store.batch(me, (tx) => tx.update(task.id, { title: 'task two' }));
    await store.close();
    for (const order of [
      ['hq', 'toy'],
      ['toy', 'hq'],
    ]) {
      const again = await open(hq, toy, order);
      assert.equal(again.get(task.id)?.title, 'task two');
      assert.deepEqual(
        again.dependents(task.id, 'tracks').map((bead) => bead.id),
        [convoy.id],
      );
      assert.equal(again.events(undefined, 0).length, 4);
      await again.close();
    }
    const last = await open(hq, toy, ['toy', 'hq']);
    await last.checkpoint();
    assert.ok(read(hq).includes(convoy.id) && !read(hq).includes(`"id":"${task.id}"`));
    assert.match(read(toy), /task two/);
    assert.ok(read(toy, 'events.jsonl').includes(task.id) && read(hq, 'events.jsonl').includes(convoy.id));
    await last.close();
  });

  it('what a journal holds for a ledger that is not open waits for it, through checkpoints', async () => {
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
    await only.checkpoint();
    await only.checkpoint();
    await only.close();
    const again = await open(hq, toy);
    assert.equal(again.get(task.id)?.title, 'task');
    assert.equal(again.events(task.id).length, 1);
    await again.close();
  });

  it('a dependency on a ledger that is not open blocks, until it is open', async () => {
    const [hq, toy] = [
      newLedger('hq'),
      newLedger(
        'toy',
        line('toy-1', {
          dependencies: [
            { issue_id: 'toy-1', depends_on_id: 'hq-1', type: 'blocks', created_at: '2026-01-01T00:00:00Z' },
          ],
        }),
      ),
    ];
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

  it('removing one writes a checkpoint', async () => {
    const [hq, toy] = [newLedger('hq'), newLedger('toy')];
    const store = await open(hq, toy);
    await store.batch(me, (tx) => {
      tx.create('hq', { title: 'a' });
      tx.create('toy', { title: 'b' });
    });
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
    for (let n = 0; n < 12; n++) await store.batch(me, (tx) => tx.event({ type: 'nudged', message: filler }));
    await store.batch(me, (tx) => tx.close(bead.id, 'done'));
    assert.ok(fs.existsSync(path.join(directory, 'events.1.jsonl')));
    assert.deepEqual(
      store.events(bead.id).map((event) => event.type),
      ['created', 'closed'],
    );
    assert.equal(store.events(undefined, 0).length, 14);
    await store.checkpoint();
    await store.close();
    const again = await openLedger(directory);
    assert.equal(again.events(undefined, 0).length, 14);
    await again.close();
  });

  it('has the events of a bead by an index, which is the same as a walk through everything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            bead: fc.nat(3),
            kind: fc.constantFrom('event', 'event', 'event', 'checkpoint', 'large', 'page', 'reopen'),
          }),
          { maxLength: 40 },
        ),
        async (steps) => {
          const directory = newLedger();
          let store = await openLedger(directory);
          const beads = await store.batch(me, (tx) => [0, 1, 2].map((n) => tx.create('hq', { title: `b${n}` }).id));
          beads.push('hq-unknown');
          for (const [index, { bead, kind }] of steps.entries()) {
            const id = beads[bead]!;
            // It names another bead in words, as a hostile message could.
            const message = `${index} "bead":"${beads[(bead + 1) % 4]}" ü ${'y'.repeat(kind === 'large' ? 4_000_000 : 10)}`;
            if (kind === 'event' || kind === 'large')
              await store.batch(me, (tx) => tx.event({ type: 'nudged', bead: id, message }));
            else if (kind === 'checkpoint') await store.checkpoint();
            else if (kind === 'page') store.events(id, 3);
            else {
              await store.close();
              store = await openLedger(directory);
            }
          }
          const all = store.events(undefined, 0);
          for (const id of beads) {
            const own = all.filter((event) => event.bead === id);
            assert.deepEqual(store.events(id, 0), own);
            assert.deepEqual(store.events(id, 2), own.slice(-2));
          }
          await store.close();
        },
      ),
      { numRuns: 25 },
    );
  });

  it('reads no log again for the next page of a bead', async () => {
    const directory = newLedger();
    const reads: string[] = [];
    const parts: string[] = [];
    const counting: LedgerFs = {
      ...realFs,
      read: (file) => {
        reads.push(path.basename(file));
        return realFs.read(file);
      },
      readParts: (file, wanted) => {
        parts.push(`${path.basename(file)} ${wanted.length}`);
        return realFs.readParts(file, wanted);
      },
    };
    const store = await openLedger(directory, { fs: counting });
    const [a, b] = await store.batch(me, (tx) => ['a', 'b'].map((title) => tx.create('hq', { title }).id));
    await store.checkpoint();
    assert.equal(store.events(a).length, 1);
    reads.length = 0;
    await store.batch(me, (tx) => tx.event({ type: 'nudged', bead: a! }));
    await store.checkpoint();
    reads.length = 0;
    parts.length = 0;
    assert.deepEqual(
      store.events(a).map(({ type }) => type),
      ['created', 'nudged'],
    );
    assert.equal(store.events(b).length, 1);
    assert.deepEqual([reads, parts], [[], ['events.jsonl 2', 'events.jsonl 1']]);
    await store.close();
  });
});
