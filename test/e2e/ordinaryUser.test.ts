import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown, Person } from '../helpers/cliTown';
import { makeRepository, waitUntil } from '../helpers/temp';
import type { ConvoyInfo } from '../../server/src/protocol/town';

/** `nobody`: what permissions stop, they do not stop for root. */
const ORDINARY = 65_534;

describe('for an ordinary user', function () {
  this.timeout(180_000);
  let town: CliTown | undefined;
  afterEach(async () => {
    await town?.dispose();
    town = undefined;
  });

  it('folders that gates and agents make read-only stop nothing, and nothing of them is lost', async () => {
    const person = new Person({}, process.getuid?.() === 0 ? ORDINARY : undefined);
    const project = makeRepository(
      { 'README.md': '# toy\n', '.gitignore': 'out\n' },
      'main',
      path.join(person.home, 'toy'),
    );
    person.own();
    const readOnly = (folder: string): string =>
      `mkdir -p ${folder}/deep && touch ${folder}/deep/x && chmod -R a-w ${folder}`;
    town = await CliTown.make({ person, project, gates: [`test=${readOnly('out')} && ! touch out/deep/y`] });
    const work = (name: string): string =>
      `echo ${name} > ${name}.txt\n${readOnly(`"kept ${name}"`)}\n${readOnly('out')}\ngit add --all\ngit commit --quiet -m ${name}`;
    const first = await town.bead('First', work('first'));
    const second = await town.bead('Second', work('second'), first);
    const convoy = await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', 'Two', first, second], {
      cwd: town.root,
    });
    await town.gt('up');
    await town.convoyLands(convoy.id, 150_000);
    const polecats = path.join(town.root, 'toy', 'polecats');
    await waitUntil('the worktrees are gone', () => !fs.existsSync(polecats) || fs.readdirSync(polecats).length === 0);
    await town.gt('rig', 'fast-forward', 'toy');
    assert.ok(fs.existsSync(path.join(project, 'kept second', 'deep', 'x')));
    const { attention } = await town.snapshot();
    assert.deepEqual(
      attention.filter(({ title }) => /cannot/.test(title)),
      [],
    );
  });

  it('a town that cannot be written is read all the same, and says what cannot be done', async () => {
    const person = new Person({}, process.getuid?.() === 0 ? ORDINARY : undefined);
    const project = makeRepository({ 'README.md': '# toy\n' }, 'main', path.join(person.home, 'toy'));
    person.own();
    town = await CliTown.make({ person, project });
    const bead = await town.bead('Readable', 'true');
    await town.gt('shutdown');
    execFileSync('chmod', ['-R', 'a-w', town.root]);
    try {
      const cwd = path.join(town.root, 'toy');
      const listed = await person.run('bd', ['list', '--json'], { cwd });
      assert.equal(listed.code, 0, listed.stderr);
      assert.deepEqual(
        (JSON.parse(listed.stdout) as { id: string }[]).map(({ id }) => id),
        [bead],
      );
      assert.match(listed.stderr, /cannot be written, so no server is started/);
      assert.equal((await person.run('bd', ['show', bead], { cwd })).code, 0);
      const created = await person.run('bd', ['create', 'No'], { cwd });
      assert.notEqual(created.code, 0);
      assert.match(created.stderr, /the ledger cannot be written: permission denied[\s\S]*Check the owner/);
    } finally {
      execFileSync('chmod', ['-R', 'u+w', town.root]);
    }
    assert.match(await town.bd('create', 'Again', '--silent'), /^toy-/);
  });
});
