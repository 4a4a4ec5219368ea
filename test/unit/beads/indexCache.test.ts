import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import initSqlJs from 'sql.js';
import { setUnexpectedErrorHandler } from '../../../server/src/base/errors';
import { IndexCache } from '../../../server/src/beads/index/indexCache';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import { tempDir } from '../../helpers/temp';
import { answers, change, DAY, NOW, type Change } from './histories';

/** What a history does besides changing beads. */
type Restart = {
  kind: 'restart';
  checkpoint: boolean;
  keep: boolean;
  /** Somebody else adds a bead to a file while no store has it open. */
  outside: boolean;
  days: number;
};

const restart: fc.Arbitrary<Restart> = fc.record({
  kind: fc.constant('restart'),
  checkpoint: fc.boolean(),
  keep: fc.boolean(),
  outside: fc.boolean(),
  days: fc.integer({ min: -1, max: 2 }),
});

describe('the index that is kept for the next start', function () {
  this.timeout(240_000);

  let root: string;
  let errors: unknown[];
  const cacheFile = (): string => path.join(root, 'index.cache');
  const ledgers = ['toy', 'other'];
  const directoryOf = (name: string): string => path.join(root, name, '.beads');

  beforeEach(() => {
    root = tempDir('index-cache');
    errors = [];
    for (const name of ledgers) initLedger(directoryOf(name), name);
  });

  async function open(
    options: { schema?: string; now?: () => number; onOpen?: (store: BeadStore) => void } = {},
  ): Promise<BeadStore> {
    const store = await BeadStore.open({
      clock: () => new Date((options.now ?? (() => NOW))()),
      onError: (error) => errors.push(error),
      ...(options.schema === undefined ? {} : { indexCache: new IndexCache(cacheFile(), options.schema) }),
    });
    options.onOpen?.(store);
    for (const name of ledgers) await store.addLedger({ name, directory: directoryOf(name) });
    return store;
  }

  /** Two beads, in their files, and an index that is kept. */
  async function kept(): Promise<string> {
    const store = await open({ schema: '1' });
    const id = await store.batch({ actor: 'me' }, (tx) => {
      tx.create('other', { title: 'Elsewhere' });
      return tx.create('toy', { title: 'Here' }).id;
    });
    await store.checkpoint();
    await store.keepIndex();
    await store.close();
    return id;
  }

  /** The kept index, with something in it that the files do not say: it shows whether it is used. */
  async function mark(id: string): Promise<void> {
    const cache = new IndexCache(cacheFile(), '1');
    const image = cache.read();
    assert.ok(image);
    const database = new (await initSqlJs()).Database(image.database);
    database.run('UPDATE beads SET priority = 0, title = ? WHERE id = ?', ['marked', id]);
    cache.write({ ...image, database: database.export() });
    database.close();
  }

  const isUsed = (store: BeadStore, id: string): boolean =>
    store.list({ titleContains: 'marked', limit: 0 }).some((bead) => bead.id === id);

  it('is used by the next start, also where somebody listens before the ledgers are open', async () => {
    const id = await kept();
    await mark(id);
    const store = await open({ schema: '1', onOpen: (early) => void early.board.onDidRecompute(() => undefined) });
    assert.equal(isUsed(store, id), true);
    await store.close();
  });

  it('is made from the ledgers again where a change cannot be brought into it', async () => {
    const store = await open();
    const told: unknown[] = [];
    store.board.onDidRecompute((ids) => told.push(ids));
    const id = await store.batch({ actor: 'me' }, (tx) => tx.create('toy', { title: 'First' }).id);
    type Internals = { state: { index: { beadRows: { insert(...row: unknown[]): void } } } };
    const { beadRows } = (store as unknown as Internals).state.index;
    beadRows.insert = () => {
      throw new Error('disk image is malformed');
    };
    const warnings: string[] = [];
    setUnexpectedErrorHandler((error) => warnings.push(String(error)));
    try {
      await store.batch({ actor: 'me' }, (tx) => tx.create('toy', { title: 'Second', priority: 0 }));
    } finally {
      setUnexpectedErrorHandler((error) => process.emitWarning(String(error)));
    }
    assert.deepEqual(warnings, ['Error: disk image is malformed']);
    assert.equal(told.at(-1), undefined);
    assert.deepEqual(
      store.ready().map(({ title }) => title),
      ['Second', 'First'],
    );
    await store.batch({ actor: 'me' }, (tx) => tx.close(id, 'done'));
    const fresh = answers(store);
    await store.checkpoint();
    await store.close();
    const again = await open();
    assert.deepEqual(fresh, answers(again));
    await again.close();
  });

  it('is not used by another program, for other files or other ledgers, or damaged', async () => {
    const id = await kept();
    await mark(id);
    const used = async (schema = '1'): Promise<boolean> => {
      const store = await open({ schema });
      try {
        return isUsed(store, id);
      } finally {
        await store.close();
      }
    };
    assert.equal(await used('2'), false, 'another build');
    const bytes = fs.readFileSync(cacheFile());
    for (const damaged of [bytes.subarray(0, bytes.length - 1), bytes.subarray(0, 20), Buffer.from('{}\n')]) {
      fs.writeFileSync(cacheFile(), damaged);
      assert.equal(await used(), false, `${damaged.length} bytes`);
    }
    fs.writeFileSync(cacheFile(), bytes);
    assert.equal(await used(), true);
    const file = path.join(directoryOf('other'), 'issues.jsonl');
    const text = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, text.replace('Elsewhere', 'Changed'));
    assert.equal(await used(), false, 'another text of one file');
    assert.deepEqual(errors, []);
  });

  it('is not kept where a line cannot be read, and one that cannot be read is reported and recreated', async () => {
    const file = path.join(directoryOf('other'), 'issues.jsonl');
    fs.writeFileSync(file, '{broken\n');
    const store = await open({ schema: '1' });
    await store.keepIndex();
    assert.equal(fs.existsSync(cacheFile()), false);
    await store.close();

    fs.mkdirSync(cacheFile());
    const next = await open({ schema: '1' });
    assert.deepEqual(next.list({ limit: 0 }), []);
    assert.equal(errors.length, 1);
    await next.close();
  });

  it('answers as one that is made from the files, after any history of changes and restarts', async () => {
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: restart },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
        root = tempDir('index-cache');
        for (const name of ledgers) initLedger(directoryOf(name), name);
        let now = NOW;
        let store = await open({ schema: '1', now: () => now });
        await store.batch({ actor: 'me' }, (tx) => {
          for (let index = 0; index < 3; index += 1)
            for (const ledger of ledgers) tx.create(ledger, { title: `Bead ${index}` });
        });
        const apply = async (changes: readonly Change[]): Promise<void> => {
          const ids = store.list({ all: true, limit: 0 }).map(({ id }) => id);
          await store
            .batch({ actor: 'me' }, (tx) => {
              for (const each of changes) each(tx, ids);
            })
            .catch(() => undefined); // refused: a circle, a step out of turn
        };
        const again = async ({ checkpoint, keep, outside, days }: Restart): Promise<void> => {
          if (checkpoint) await store.checkpoint();
          if (keep) await store.keepIndex();
          await store.close();
          if (outside) addOutside(now);
          now += days * DAY;
          store = await open({ schema: '1', now: () => now });
        };
        for (const each of events) await ('kind' in each ? again(each) : apply(each));
        await again({ kind: 'restart', checkpoint: false, keep: false, outside: false, days: 0 });
        const answered = answers(store);
        await store.close();
        const fresh = await open({ now: () => now });
        assert.deepEqual(answered, answers(fresh));
        await fresh.close();
      }),
      { numRuns: process.env.GASTOWN_SOAK ? 2000 : 100 },
    );
    assert.deepEqual(errors, []);
  });

  let added = 0;
  function addOutside(now: number): void {
    added += 1;
    const at = new Date(now).toISOString();
    const bead = { id: `other-out${added}`, title: 'From outside', status: 'open', created_at: at, updated_at: at };
    fs.appendFileSync(path.join(directoryOf('other'), 'issues.jsonl'), `${JSON.stringify(bead)}\n`);
  }
});
