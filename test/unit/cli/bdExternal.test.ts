import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { BeadDetails } from '../../../server/src/protocol/bead';
import { BdRunner } from './bdRunner';

describe('dependencies of bd on other projects', () => {
  let app: BdRunner;
  let lib: BdRunner;
  const externals = async (id: string): Promise<BeadDetails['external_dependencies']> =>
    (await app.json<BeadDetails[]>('show', id))[0]?.external_dependencies;
  const isReady = async (id: string): Promise<boolean> =>
    (await app.json<{ id: string }[]>('ready')).some((bead) => bead.id === id);
  const knowsLib = (): Promise<unknown> => app.json('config', 'set', 'external_projects.lib', lib.cwd);

  beforeEach(async () => {
    [app, lib] = [await BdRunner.open('app'), await BdRunner.open('lib')];
  });

  it('are unresolved where no project is known, and keep a bead waiting, or not, as the ledger says', async () => {
    const id = await app.create('Uses login');
    assert.deepEqual(await app.json('dep', 'add', id, 'external:lib:login'), {
      status: 'added',
      issue_id: id,
      depends_on_id: 'external:lib:login',
      type: 'blocks',
    });
    assert.deepEqual(await externals(id), [
      { id: 'external:lib:login', dependency_type: 'blocks', state: 'unresolved' },
    ]);
    assert.match((await app.run('show', id)).out, /DEPENDS ON\n {2}→ \? external:lib:login \(unresolved: /);
    assert.match((await app.run('dep', 'tree', id)).out, /⏳ login \(external\)/);
    assert.equal(await isReady(id), false);
    assert.deepEqual(
      (await app.json<{ blocked_by: string[] }[]>('blocked')).map((bead) => bead.blocked_by),
      [['external:lib:login']],
    );
    await app.json('config', 'set', 'external.unresolved', 'ignore');
    assert.equal(await isReady(id), true);
    await app.json('config', 'unset', 'external.unresolved');
    assert.equal(await isReady(id), false);
    await app.json('dep', 'remove', id, 'external:lib:login');
    assert.equal(await externals(id), undefined);
    assert.equal(await isReady(id), true);
    await app.fails(/does not exist/, 'dep', 'remove', id, 'external:lib:login');
  });

  it('are met when the bead of the other project is closed, and open again when it is reopened', async () => {
    const theirs = await lib.create('Add login');
    await knowsLib();
    const reference = `external:lib:${theirs}`;
    const id = await app.create('Uses login', '--deps', reference);
    assert.deepEqual(await externals(id), [
      {
        id: reference,
        dependency_type: 'blocks',
        state: 'open',
        bead: { id: theirs, title: 'Add login', status: 'open' },
        directory: fs.realpathSync(path.join(lib.cwd, '.beads')),
      },
    ]);
    assert.equal(await isReady(id), false);
    await lib.run('close', theirs);
    assert.equal(await isReady(id), true);
    assert.equal((await externals(id))?.[0]?.state, 'met');
    assert.match((await app.run('show', id)).out, new RegExp(`✓ ${reference}: Add login \\(closed\\)`));
    assert.match((await app.run('dep', 'tree', id)).out, /✓ Add login \(external\)/);
    await lib.run('reopen', theirs);
    assert.equal(await isReady(id), false);
    await lib.run('delete', theirs, '--force');
    assert.equal(await isReady(id), true, 'nobody waits for what was deleted');
  });

  it('wait for a capability until a closed bead provides it', async () => {
    await knowsLib();
    const id = await app.create('Uses it', '--deps', 'external:lib:login');
    assert.match((await app.run('show', id)).out, /○ external:lib:login \(not provided yet\)/);
    const theirs = await lib.create('Login', '--labels', 'export:login');
    assert.equal(await isReady(id), false);
    await lib.run('close', theirs);
    assert.equal(await isReady(id), false, 'it is closed, and not shipped');
    assert.equal((await lib.run('ship', 'login')).code, 0);
    assert.equal(await isReady(id), true);
    assert.equal((await externals(id))?.[0]?.bead?.id, theirs);
  });

  it('by address are found by the repository of a checkout, never by a name alone', async () => {
    const theirs = await lib.create('Add login');
    fs.mkdirSync(path.join(lib.cwd, '.git'));
    const origin = (url: string): void =>
      fs.writeFileSync(
        path.join(lib.cwd, '.git', 'config'),
        `[core]\n\tbare = false\n[remote "origin"]\n\turl = ${url}\n`,
      );
    origin('git@example.org:acme/lib.git');
    await knowsLib();
    const id = await app.create('Uses login', '--deps', `beads://example.org/acme/lib/${theirs}`);
    assert.equal((await externals(id))?.[0]?.state, 'open');
    origin('git@example.org:other/lib.git');
    await app.json('config', 'set', 'external_projects.lib', lib.cwd); // asks again at once
    assert.equal((await externals(id))?.[0]?.state, 'unresolved');
  });

  it('are found through routes.jsonl, by prefix, and a broken line there is passed over', async () => {
    const theirs = await lib.create('Add login');
    const relative = path.relative(app.cwd, lib.cwd);
    fs.writeFileSync(
      path.join(app.cwd, '.beads', 'routes.jsonl'),
      `# routes\n{bad\n{"prefix":"lib-","path":${JSON.stringify(relative)}}\n{"prefix":"no-","path":"gone"}\n`,
    );
    const id = await app.create('Uses login', '--deps', `beads://example.org/acme/unknown/${theirs}`);
    assert.equal((await externals(id))?.[0]?.bead?.id, theirs);
    await lib.run('close', theirs);
    assert.equal(await isReady(id), true);
  });

  it('name beads of the own ledger, too', async () => {
    const own = await app.create('Ours');
    const id = await app.create('Waits', '--deps', `external:app:${own}`);
    assert.equal((await externals(id))?.[0]?.state, 'open');
    assert.equal(await isReady(id), false);
    await app.run('close', own);
    assert.equal(await isReady(id), true);
  });

  it('refuse what has not their form, a parent, and waiting over there', async () => {
    const id = await app.create('Waits');
    await app.fails(/invalid external reference: "external:lib"/, 'dep', 'add', id, 'external:lib');
    await app.fails(/invalid external reference/, 'create', 'x', '--deps', 'beads://example.org/lib-1');
    await app.fails(/cannot be a parent/, 'dep', 'add', id, 'external:lib:lib-1', '-t', 'parent-child');
    await app.fails(/cannot wait for a bead of this ledger/, 'create', 'x', '--deps', 'blocks:external:lib:lib-1');
    const { err } = await app.run('dep', 'add', id, 'external:lib', '--json');
    assert.match((JSON.parse(err) as { error: string }).error, /invalid external reference/);
  });

  it('keep waiting while the other ledger cannot be read, with a warning', async () => {
    const theirs = await lib.create('Add login');
    await lib.run('close', theirs);
    await knowsLib();
    const id = await app.create('Uses login', '--deps', `external:lib:${theirs}`);
    assert.equal(await isReady(id), true);
    const file = path.join(lib.cwd, '.beads', 'issues.jsonl');
    fs.rmSync(file);
    fs.mkdirSync(file);
    const { code, err, out } = await app.run('ready', '--json');
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(out), []);
    assert.match(err, /Warning: external references: .*issues\.jsonl/);
  });
});
