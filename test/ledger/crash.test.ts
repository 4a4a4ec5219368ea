import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../server/src/base/errors';
import { initLedger } from '../../server/src/beads/storage/init';
import type { BeadStore } from '../../server/src/beads/store';
import { parseLedgerText } from '../../server/src/beads/storage/ledgerText';
import { realFs, type LedgerFs } from '../../server/src/beads/storage/ledgerFs';
import { tempDir } from '../helpers/temp';
import { Crash, FaultyFs, type Fault } from './faultyFs';
import { MemoryFs } from './memoryFs';
import {
  assertRecovered,
  directoryOf,
  ledgers,
  newProgress,
  openStore,
  run,
  seeded,
  stateOf,
  steps,
  type Progress,
  type World,
} from './scenario';

const everything = process.env.GASTOWN_SOAK === '1';
const seed = Number(process.env.GASTOWN_SEED ?? Date.now() % 1_000_000);

type Town = World & { fs: FaultyFs; files: LedgerFs; remove(): void };

/** Two fresh ledgers. Real files are slow to sync, so most runs use files in memory and every few real ones. */
function newTown(fault?: Fault, real = false): Town {
  const root = real ? tempDir('crash') : '/town';
  const memory = new MemoryFs();
  for (const { name, prefix } of ledgers) {
    if (real) initLedger(directoryOf({ root }, name), prefix);
    memory.put(path.join(directoryOf({ root }, name), 'config.yaml'), `issue-prefix: ${prefix}\n`);
    memory.put(path.join(directoryOf({ root }, name), 'issues.jsonl'), '');
  }
  const files = real ? realFs : memory;
  return {
    root,
    files,
    fs: new FaultyFs(fault, files),
    remove: () => fs.rmSync(real ? root : path.join(root, 'none'), { recursive: true, force: true }),
  };
}

/** The whole scenario without faults: what every step leads to, and how many operations there are. */
async function reference(): Promise<{ full: Progress; operations: number }> {
  const town = newTown();
  const store = await openStore(town);
  const full = newProgress();
  await run(store, full);
  await store.close();
  return { full, operations: town.fs.count };
}

async function runInto(world: World, progress: Progress): Promise<unknown> {
  let store: BeadStore | undefined;
  try {
    store = await openStore(world);
    await run(store, progress);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await store?.close(); // gives memory and handles back; a dead file system takes no more writes
  }
}

function assertFilesReadable(town: Town): void {
  for (const { name } of ledgers) {
    const text = parseLedgerText(
      town.files.read(path.join(directoryOf(town, name), 'issues.jsonl')) ?? Buffer.alloc(0),
    );
    assert.deepEqual(text.problems, []);
  }
}

describe('a crash between any two file operations', function () {
  this.timeout(everything ? 7_200_000 : 120_000);
  let full: Progress;
  let operations: number;
  before(async () => ({ full, operations } = await reference()));

  it('loses nothing that was acknowledged and shows nothing half done', async () => {
    assert.ok(operations > 100, `only ${operations} operations`);
    const random = seeded(seed);
    for (let at = 1; at <= operations; at++) {
      const what = `crash at operation ${at} (seed ${seed})`;
      const world = newTown({ at, kind: 'crash', torn: random() }, everything || at % 6 === seed % 6);
      const acknowledged = newProgress();
      const error = await runInto(world, acknowledged);
      // The very last operations are those of closing, which has nothing left to lose.
      assert.ok(
        error instanceof Crash || acknowledged.states.length === full.states.length,
        `${what}: ${String(error)}`,
      );
      assertFilesReadable(world);
      const store = await openStore({ ...world, fs: world.files });
      assertRecovered(store, acknowledged, full, what);
      // And it works on: a further batch, a checkpoint, and the same again from disk.
      const extra = await store.batch({ actor: 'bob' }, (tx) => tx.create('toy', { title: 'after the crash' }));
      const state = stateOf(store);
      await store.checkpoint();
      assert.deepEqual(stateOf(store), state, what);
      await store.close();
      const third = await openStore({ ...world, fs: world.files });
      assert.deepEqual(stateOf(third), state, what);
      assert.ok(third.get(extra.id));
      await third.close();
      assertFilesReadable(world);
      world.remove();
    }
  });

  it('a second crash during the recovery loses nothing either', async () => {
    const random = seeded(seed + 1);
    const rounds = everything ? 10_000 : 60;
    for (let round = 0; round < rounds; round++) {
      const at = 1 + Math.floor(random() * operations);
      const second = 1 + Math.floor(random() * 40);
      const what = `crash at ${at}, then at ${second} (seed ${seed})`;
      const world = newTown({ at, kind: 'crash', torn: random() });
      const acknowledged = newProgress();
      await runInto(world, acknowledged);
      const dying = new FaultyFs({ at: second, kind: 'crash', torn: random() }, world.files);
      const recovering = await openStore({ ...world, fs: dying }).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error;
      });
      await recovering?.checkpoint().catch((error: unknown) => assert.ok(!(error instanceof assert.AssertionError)));
      await recovering?.close();
      const store = await openStore({ ...world, fs: world.files });
      assertRecovered(store, acknowledged, full, what);
      await store.close();
      world.remove();
    }
    console.log(`      ${2 * rounds} kill points, nothing lost`);
  });

  it('a power cut that loses what was not synced loses nothing that was acknowledged', async () => {
    const random = seeded(seed + 2);
    const rounds = everything ? 20 : 2;
    for (let at = 1; at <= operations; at++) {
      for (let round = 0; round < rounds; round++) {
        const what = `power cut at operation ${at} (seed ${seed}, round ${round})`;
        const town = newTown({ at, kind: 'crash', torn: random() });
        const acknowledged = newProgress();
        await runInto(town, acknowledged);
        const after = (town.files as MemoryFs).afterPowerCut(random);
        const store = await openStore({ ...town, fs: after });
        assertRecovered(store, acknowledged, full, what);
        const state = stateOf(store);
        await store.checkpoint();
        await store.close();
        const again = await openStore({ ...town, fs: after });
        assert.deepEqual(stateOf(again), state, what);
        await again.close();
      }
    }
  });

  it('a power cut loses nothing that somebody has read, also of what a killed process wrote and did not sync', async () => {
    const random = seeded(seed + 3);
    const rounds = everything ? 20 : 2;
    for (let at = 1; at <= operations; at++) {
      for (let round = 0; round < rounds; round++) {
        const town = newTown({ at, kind: 'crash', torn: random() });
        await runInto(town, newProgress());
        const reader = await openStore({ ...town, fs: town.files });
        const seen = stateOf(reader);
        const after = (town.files as MemoryFs).afterPowerCut(random);
        await reader.close();
        const store = await openStore({ ...town, fs: after });
        assert.deepEqual(
          stateOf(store),
          seen,
          `kill at operation ${at}, then a power cut (seed ${seed}, round ${round})`,
        );
        await store.close();
      }
    }
  });
});

describe('a disk that refuses', function () {
  this.timeout(120_000);

  for (const kind of ['ENOSPC', 'EIO'] as const) {
    it(`${kind} at any operation refuses the batch clearly, loses nothing and works again afterwards`, async () => {
      const { operations } = await reference();
      for (let at = 1; at <= operations; at++) {
        const what = `${kind} at operation ${at}`;
        const world = newTown({ at, kind, torn: 0.5 }, everything || at % 12 === seed % 12);
        const store = await openStore(world);
        const ids: string[] = [];
        for (const step of steps) {
          const before = stateOf(store);
          const { work } = step;
          const known = [...ids];
          const attempt = (): Promise<unknown> =>
            work ? store.batch({ actor: 'ann' }, (tx) => work(tx, ids)) : store.checkpoint();
          try {
            await attempt();
          } catch (error) {
            assert.ok(error instanceof UserError, `${what}: ${String(error)}`);
            assert.equal(error.code, 'unavailable');
            if (kind === 'ENOSPC') assert.match(error.message, /no space left/);
            assert.ok(error.hint);
            assert.deepEqual(stateOf(store), before, `${what}: a refused batch must not be seen`);
            ids.splice(0, ids.length, ...known);
            await attempt();
          }
        }
        const state = stateOf(store);
        await store.close();
        const again = await openStore({ ...world, fs: world.files });
        assert.deepEqual(stateOf(again), state, what);
        await again.close();
        world.remove();
      }
    });
  }

  it('a disk that stays full refuses every batch and keeps answering readers', async () => {
    const world = newTown(undefined, true);
    const store = await openStore(world);
    const bead = await store.batch({ actor: 'ann' }, (tx) => tx.create('hq', { title: 'before' }));
    await store.close();
    const full = await openStore({
      ...world,
      fs: new FaultyFs({ at: 1, kind: 'ENOSPC', until: Number.MAX_SAFE_INTEGER, torn: 0.3 }, world.files),
    });
    for (let round = 0; round < 3; round++) {
      await assert.rejects(
        full.batch({ actor: 'ann' }, (tx) => tx.create('hq', { title: 'x' })),
        /no space left/,
      );
      await assert.rejects(
        full.batch({ actor: 'ann' }, (tx) => tx.update(bead.id, { title: 'changed' })),
        UserError,
      );
    }
    assert.equal(full.get(bead.id)?.title, 'before');
    assert.equal(full.list({ limit: 0 }).length, 1);
    await full.close();
    const again = await openStore({ ...world, fs: world.files });
    assert.equal(again.list({ limit: 0 }).length, 1);
    await again.close();
  });
});
