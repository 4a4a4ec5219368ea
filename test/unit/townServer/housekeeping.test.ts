import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import { Emitter } from '../../../server/src/base/lifecycle';
import type { Rig } from '../../../server/src/rigs/rig';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { collectGarbage, pruneGateLogs } from '../../../server/src/townServer/maintenance/housekeeping';
import { LedgerMaintenance } from '../../../server/src/townServer/maintenance/ledgerMaintenance';
import { logged } from '../../../server/src/base/logged';
import { TownLayout } from '../../../server/src/town/layout';
import { makeRepository, sh, tempDir, waitUntil } from '../../helpers/temp';

describe('housekeeping', () => {
  it('keeps the newest logs of gates', () => {
    const folder = tempDir('gates');
    for (let index = 0; index < 8; index += 1) {
      const file = path.join(folder, `toy-${index}-test.log`);
      fs.writeFileSync(file, '');
      fs.utimesSync(file, index, index);
    }
    fs.writeFileSync(path.join(folder, 'other.json'), '');
    pruneGateLogs(folder, 3);
    assert.deepEqual(fs.readdirSync(folder).sort(), [
      'other.json',
      'toy-5-test.log',
      'toy-6-test.log',
      'toy-7-test.log',
    ]);
    pruneGateLogs(path.join(folder, 'nowhere'));
  });

  it('packs a repository that has much to pack, once a day, and loses nothing', async () => {
    const repository = new RigRepository(
      path.join(tempDir('gc'), '.repo.git'),
      await inspectSource(makeRepository({ 'a.txt': 'a' })),
    );
    await repository.create();
    const files = tempDir('files');
    for (let index = 0; index < 3000; index += 1) fs.writeFileSync(path.join(files, `${index}`), `${index}`);
    const git = (...args: string[]): string =>
      sh(repository.directory, 'git', `--work-tree=${files}`, '-c', 'core.fsync=none', ...args);
    git('add', '--all');
    git('update-ref', 'refs/heads/many', git('commit-tree', git('write-tree'), '-m', 'Many'));
    const loose = (): number => Number(/count: (\d+)/.exec(git('count-objects', '-v'))![1]);
    assert.ok(loose() > 2500);
    assert.equal(await collectGarbage(repository), true);
    assert.ok(loose() < 100, `${loose()} loose objects are left`);
    assert.equal(git('show', 'many:2999'), '2999');
    assert.equal(await collectGarbage(repository), false);
    assert.equal(await collectGarbage(repository, Date.now() + 25 * 3600_000), true);
  });
});

describe('the maintenance of ledgers', function () {
  this.timeout(180_000);

  it('writes checkpoints while changes never stop, watches a rig that is added later, and goes on after a rig that fails', async () => {
    const layout = new TownLayout(tempDir('maintenance'));
    initLedger(layout.ledger, 'hq');
    const store = await BeadStore.open();
    await store.addLedger({ name: 'hq', directory: layout.ledger, prefix: 'hq' });
    const errors: string[] = [];
    const opened = new Emitter<Rig>();
    const rigs: Rig[] = [];
    const keeper = new LedgerMaintenance(
      {
        layout,
        store,
        rigs: { all: () => rigs, onDidOpen: opened.event, onDidClose: new Emitter<Rig>().event },
        log: { info: () => undefined, error: (text) => errors.push(text) },
        isAtWork: () => true,
      },
      { checkpoint: { quietMs: 200, maxMs: 400 }, commit: { quietMs: 300, maxMs: 600 }, share: 1 },
    );
    const issues = path.join(layout.ledger, 'issues.jsonl');
    while (fs.readFileSync(issues, 'utf8') === '') {
      await store.batch({ actor: 'ann' }, (tx) => tx.create('hq', { title: 'One more' }));
      await new Promise((done) => setTimeout(done, 20));
    }
    const rigOf = async (name: string, broken: boolean): Promise<Rig> => {
      const rigLayout = layout.rig(name);
      initLedger(rigLayout.ledger, name);
      await store.addLedger({ name, directory: rigLayout.ledger, prefix: name });
      const source = makeRepository({ 'a.txt': 'a' });
      const repository = new RigRepository(rigLayout.repository, await inspectSource(source));
      // It would get its repository from its source, and that is gone too.
      if (broken) fs.rmSync(source, { recursive: true });
      else await repository.create();
      return { name, layout: rigLayout, repository, settings: {} } as unknown as Rig;
    };
    rigs.push(await rigOf('bad', true), await rigOf('good', false));
    for (const rig of rigs) opened.fire(rig);
    // From outside, as a pull would.
    const line = {
      id: 'good-1',
      title: 'From outside',
      status: 'open',
      priority: 2,
      issue_type: 'task',
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
    };
    fs.writeFileSync(path.join(rigs[1]!.layout.ledger, 'issues.jsonl'), `${JSON.stringify(line)}\n`);
    await waitUntil('the change was seen', () => store.get('good-1') !== undefined, 60_000);
    await waitUntil(
      'the good rig was committed',
      () => {
        try {
          return sh(rigs[1]!.repository.directory, 'git', 'show', 'beads-sync:.beads/issues.jsonl').includes('good-1');
        } catch {
          return false;
        }
      },
      60_000,
    );
    assert.ok(
      errors.some((text) => text.startsWith('keeping bad:')),
      errors.join('\n'),
    );
    for (const folder of [layout.ledger, rigs[1]!.layout.ledger])
      assert.equal(fs.existsSync(path.join(folder, 'beads.db')), false, 'only "bd export --sqlite" writes it');
    keeper.dispose();
    await store.close();
  });
});

describe('guarded timers', () => {
  it('never throw, and say each reason once', () => {
    const told: string[] = [];
    let fail: string | undefined = 'half-edited';
    const task = logged(
      (reason) => told.push(reason),
      () => {
        if (fail) throw new Error(fail);
      },
    );
    task();
    task();
    fail = 'worse';
    task();
    fail = undefined;
    task();
    fail = 'worse';
    task();
    assert.deepEqual(told, ['half-edited', 'worse', 'worse']);
  });
});
