import assert from 'node:assert/strict';
import fs from 'node:fs';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import { syncLedger, syncLedgerNow } from '../../../server/src/rigs/ledgerSync';
import { Rigs } from '../../../server/src/rigs/registry';
import { LedgerMaintenance } from '../../../server/src/townServer/maintenance/ledgerMaintenance';
import { rigSettingsFile } from '../../../server/src/town/config';
import { ConsentStore } from '../../../server/src/town/consent';
import { TownLayout } from '../../../server/src/town/layout';
import { commitFiles, makeRepository, sh, tempDir, waitUntil } from '../../helpers/temp';

const line = (id: string, title: string): string =>
  `{"id":"${id}","title":"${title}","status":"open","priority":2,"issue_type":"task","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}\n`;

describe('the ledger of a rig', function () {
  this.timeout(120_000);
  const before = process.env.XDG_CONFIG_HOME;
  const open: BeadStore[] = [];
  beforeEach(() => (process.env.XDG_CONFIG_HOME = tempDir('config')));
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
    if (before === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = before;
  });

  async function town(source: string, importBeads = false) {
    const layout = new TownLayout(tempDir('town'));
    initLedger(layout.ledger, 'hq');
    const store = await BeadStore.open();
    open.push(store);
    await store.addLedger({ name: 'hq', directory: layout.ledger, prefix: 'hq' });
    const consent = new ConsentStore(layout.root);
    const rigs = new Rigs(
      layout,
      store,
      consent,
      async () => process.env,
      () => undefined,
    );
    await rigs.load();
    await rigs.add(
      { name: 'toy', source, prefix: 'ty', importBeads, gates: { test: 'true' }, accept: true },
      { actor: 'ann' },
    );
    const rig = rigs.require('toy');
    const setRemote = (sync_remote: string): unknown =>
      rigSettingsFile(rig.layout).update((value) => Object.assign(value, { sync_remote }));
    const create = (title: string) => store.batch({ actor: 'ann' }, (tx) => tx.create('toy', { title }).id);
    const bytes = (): string => fs.readFileSync(store.fileOf('toy'), 'utf8');
    return { layout, store, rigs, rig, setRemote, create, bytes };
  }

  it('is committed and stays here without a remote; with one, two towns come to the same bytes', async () => {
    const source = makeRepository({ 'a.txt': 'a' });
    const [one, two] = [await town(source), await town(source)];
    await one.create('of one');
    assert.deepEqual(await syncLedgerNow(one.rig, one.store), {
      file: one.store.fileOf('toy'),
      issues: 1,
      branch: 'beads-sync',
      committed: true,
      imported: 0,
      merged: false,
      pushed: false,
    });
    assert.throws(() => sh(source, 'git', 'rev-parse', '--verify', '--quiet', 'beads-sync'), 'nothing is sent unasked');
    for (const each of [one, two]) each.setRemote('origin');
    assert.equal((await syncLedgerNow(one.rig, one.store)).pushed, true);
    await two.create('of two');
    const joined = await syncLedgerNow(two.rig, two.store);
    assert.deepEqual([joined.committed, joined.merged, joined.pushed, joined.remote], [true, true, true, 'origin']);
    assert.equal((await syncLedgerNow(one.rig, one.store)).merged, true);
    assert.equal(one.bytes(), two.bytes());
    assert.equal(`${sh(source, 'git', 'show', 'beads-sync:.beads/issues.jsonl')}\n`, one.bytes());
    assert.equal(sh(source, 'git', 'status', '--porcelain'), '');
    const shared = one.store.list({ ledger: 'toy' }).map(({ id }) => id);
    const [first = ''] = shared;
    await one.store.batch({ actor: 'ann' }, (tx) => tx.addLabel(first, 'x'));
    await syncLedgerNow(one.rig, one.store);
    await one.store.batch({ actor: 'ann' }, (tx) => tx.removeLabel(first, 'x'));
    await two.store.batch({ actor: 'bob' }, (tx) => tx.addLabel(first, 'y'));
    for (const each of [two, one, two]) await syncLedgerNow(each.rig, each.store);
    assert.equal(one.bytes(), two.bytes());
    assert.deepEqual(one.store.get(first)?.labels, ['y'], 'what was removed stays removed');
  });

  it('is pushed by itself when the town is quiet', async () => {
    const source = makeRepository({ 'a.txt': 'a' });
    const { layout, store, rigs, setRemote, create } = await town(source);
    setRemote('origin');
    const errors: string[] = [];
    const log = { info: () => undefined, error: (text: string) => void errors.push(text) };
    const maintenance = new LedgerMaintenance(
      { layout, store, rigs, log, isAtWork: () => false },
      { checkpoint: { quietMs: 5, maxMs: 20 }, commit: { quietMs: 5, maxMs: 20 }, share: 1 },
    );
    try {
      await create('by itself');
      const pushed = (): boolean => {
        try {
          return sh(source, 'git', 'show', 'beads-sync:.beads/issues.jsonl').includes('by itself');
        } catch {
          return false;
        }
      };
      await waitUntil(`it is pushed; errors: ${errors.join()}`, pushed);
      setRemote('-oops');
      await create('not sent');
      await waitUntil('it is said', () => errors.some((text) => text.includes('sync_remote of toy is not a remote')));
    } finally {
      maintenance.dispose();
    }
  });

  it('takes in what changes in the beads that the project tracks, where they were imported', async () => {
    const source = makeRepository({ '.beads/issues.jsonl': line('ty-1', 'one') + line('ty-2', 'two') });
    const { store, rig } = await town(source, true);
    assert.equal((await syncLedgerNow(rig, store)).imported, 0);
    await store.batch({ actor: 'ann' }, (tx) => void tx.update('ty-2', { priority: 0 }));
    commitFiles(
      source,
      { '.beads/issues.jsonl': line('ty-1', 'one, edited') + line('ty-2', 'two') + line('ty-3', 'three') },
      'Beads',
    );
    assert.equal((await syncLedgerNow(rig, store)).imported, 2);
    const titles = ['ty-1', 'ty-2', 'ty-3'].map((id) => [store.get(id)?.title, store.get(id)?.priority]);
    assert.deepEqual(titles, [
      ['one, edited', 2],
      ['two', 0],
      ['three', 2],
    ]);
    assert.equal((await syncLedgerNow(rig, store)).imported, 0);
    const other = await town(makeRepository({ '.beads/issues.jsonl': line('ty-1', 'one') }));
    await syncLedgerNow(other.rig, other.store);
    assert.equal(other.store.get('ty-1'), undefined, 'nobody asked for them');
  });

  it('is never lost where the push is refused', async () => {
    const source = makeRepository({ 'a.txt': 'a' });
    const { store, rig, setRemote, create, bytes } = await town(source);
    setRemote('origin');
    const id = await create('kept');
    fs.writeFileSync(`${source}/.git/refs/heads/beads-sync.lock`, '');
    await assert.rejects(syncLedger(rig, store));
    assert.ok(bytes().includes(id));
    fs.rmSync(`${source}/.git/refs/heads/beads-sync.lock`);
    assert.equal((await syncLedger(rig, store)).pushed, true);
  });
});
