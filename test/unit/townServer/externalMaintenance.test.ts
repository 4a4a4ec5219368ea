import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Disposable } from '../../../server/src/base/lifecycle';
import type { KnownProject } from '../../../server/src/beads/external/projects';
import { initLedger } from '../../../server/src/beads/storage/init';
import { BeadStore } from '../../../server/src/beads/store';
import { dependencyType } from '../../../server/src/protocol/bead';
import { knownProjects } from '../../../server/src/town/knownProjects';
import { ExternalMaintenance } from '../../../server/src/townServer/maintenance/externalMaintenance';
import { tempDir, waitUntil } from '../../helpers/temp';

class Keeper extends Disposable {
  keep<T extends Disposable>(each: T): T {
    return this._register(each);
  }
}

describe('what beads of a town wait for in other projects', () => {
  const stores: BeadStore[] = [];
  let keeper: Keeper;
  beforeEach(() => (keeper = new Keeper()));
  afterEach(async () => {
    keeper.dispose();
    for (const store of stores.splice(0)) await store.close();
  });

  async function ledger(name: string): Promise<string> {
    const directory = path.join(tempDir('externals'), name, '.beads');
    initLedger(directory, name);
    return fs.realpathSync(directory);
  }

  async function open(
    ledgers: Record<string, string>,
    projects: KnownProject[] = [],
    everyMs?: number,
  ): Promise<BeadStore> {
    const store = await BeadStore.open({ projects: async () => projects });
    stores.push(store);
    for (const [name, directory] of Object.entries(ledgers)) await store.addLedger({ name, directory });
    if (everyMs !== undefined) keeper.keep(new ExternalMaintenance(store, everyMs));
    return store;
  }

  const write = <T>(store: BeadStore, work: Parameters<BeadStore['batch']>[1]): Promise<T> =>
    store.batch({ actor: 'ann' }, work) as Promise<T>;
  const isReady = (store: BeadStore, id: string): boolean => store.ready().some((bead) => bead.id === id);

  it('is followed by itself in another rig: by id and by capability, in both directions', async () => {
    const store = await open({ hq: await ledger('hq'), toy: await ledger('toy') }, [], 60_000);
    const { byId, byName, theirs } = await write<Record<string, string>>(store, (tx) => {
      const theirs = tx.create('toy', { title: 'theirs', labels: ['provides:login'] }).id;
      const [byId, byName] = ['a', 'b'].map((title) => tx.create('hq', { title }).id);
      tx.addDependency(byId!, `external:toy:${theirs}`, dependencyType('blocks'));
      tx.addDependency(byName!, 'external:toy:login', dependencyType('blocks'));
      return { byId: byId!, byName: byName!, theirs };
    });
    const heard: string[][] = [];
    store.onDidChange(({ ids }) => heard.push(ids));
    assert.equal(isReady(store, byId!), false, 'it waits before anybody has asked');
    await write(store, (tx) => void tx.update(theirs!, { status: 'closed' }));
    await waitUntil('both are ready', () => isReady(store, byId!) && isReady(store, byName!));
    assert.ok(
      heard.some((ids) => ids.includes(byId!)),
      'the engine and the windows are told',
    );
    await write(store, (tx) => void tx.update(theirs!, { status: 'open' }));
    await waitUntil('both wait again', () => !isReady(store, byId!) && !isReady(store, byName!));
  });

  it('is read from the files of another town, journal and all, when they change', async () => {
    const theirs = await ledger('lib');
    const other = await open({ lib: theirs });
    const target = await write<string>(other, (tx) => tx.create('lib', { title: 'theirs' }).id);
    const project = { name: 'lib', directory: theirs, repository: 'example.org/acme/lib', prefix: 'lib-' };
    const store = await open({ hq: await ledger('hq') }, [project], 20);
    const reference = `beads://example.org/acme/lib/${target}`;
    const id = await write<string>(store, (tx) => {
      const { id } = tx.create('hq', { title: 'waits' });
      tx.addDependency(id, reference, dependencyType('blocks'));
      return id;
    });
    await waitUntil('it is found', () => store.externals.stateOf(reference).bead?.title === 'theirs');
    assert.equal(isReady(store, id), false);
    await write(other, (tx) => void tx.update(target, { status: 'closed' }));
    await waitUntil('it is ready', () => isReady(store, id));
    assert.ok(
      !fs.readFileSync(path.join(theirs, 'issues.jsonl'), 'utf8').includes('closed'),
      'only the journal has it',
    );
    await other.checkpoint();
    await store.externals.refresh();
    assert.equal(isReady(store, id), true, 'the file says the same');
  });

  it('is asked of an index that was kept as of one that is made', async () => {
    const directory = await ledger('hq');
    const first = await open({ hq: directory });
    const [id, target] = await write<string[]>(first, (tx) => {
      const [id, target] = ['waits', 'target'].map((title) => tx.create('hq', { title }).id);
      tx.addDependency(id!, `external:hq:${target}`, dependencyType('blocks'));
      tx.update(target!, { status: 'closed' });
      return [id!, target!];
    });
    await first.externals.refresh();
    assert.equal(isReady(first, id!), true);
    await first.close();
    const second = await open({ hq: directory });
    assert.equal(second.get(target!)?.status, 'closed');
    await second.externals.refresh();
    assert.equal(isReady(second, id!), true);
  });

  it('names the rigs of the towns of this person; one that cannot be read is left out with a word', () => {
    const home = tempDir('towns');
    const [good, bad] = ['good', 'bad'].map((name) => path.join(home, name));
    const rigs = { version: 1, rigs: { toy: { git_url: 'git@example.org:acme/toy.git', beads: { prefix: 'ty' } } } };
    for (const town of [good, bad] as string[]) {
      fs.mkdirSync(path.join(town, 'mayor'), { recursive: true });
      fs.writeFileSync(path.join(town, 'mayor', 'town.json'), '{}');
      fs.writeFileSync(path.join(town, 'mayor', 'rigs.json'), town === good ? JSON.stringify(rigs) : '{bad');
    }
    fs.mkdirSync(path.join(good!, 'toy', '.beads'), { recursive: true });
    fs.writeFileSync(path.join(good!, 'toy', '.beads', 'issues.jsonl'), '');
    const config = path.join(home, 'config');
    fs.mkdirSync(path.join(config, 'gastown'), { recursive: true });
    const towns = [good, bad].map((root) => ({ root, name: path.basename(root!) }));
    fs.writeFileSync(path.join(config, 'gastown', 'towns.json'), JSON.stringify({ towns }));
    const before = process.env.XDG_CONFIG_HOME;
    process.env.XDG_CONFIG_HOME = config;
    try {
      const errors: string[] = [];
      assert.deepEqual(
        knownProjects(({ message }) => errors.push(message)),
        [
          {
            name: 'toy',
            directory: fs.realpathSync(path.join(good!, 'toy', '.beads')),
            repository: 'example.org/acme/toy',
            prefix: 'ty-',
          },
        ],
      );
      assert.equal(errors.length, 1);
      assert.match(errors[0]!, /bad/);
    } finally {
      if (before === undefined) delete process.env.XDG_CONFIG_HOME;
      else process.env.XDG_CONFIG_HOME = before;
    }
  });
});
