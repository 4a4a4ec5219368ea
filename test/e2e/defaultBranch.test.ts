import assert from 'node:assert/strict';
import path from 'node:path';
import type { Bead } from '../../server/src/protocol/bead';
import { CliTown, Person } from '../helpers/cliTown';
import { makeRepository, sh, tempDir, waitUntil } from '../helpers/temp';

interface Attention {
  kind: string;
  title: string;
  detail?: string;
}

describe('a default branch that is gone', function () {
  this.timeout(240_000);
  let town: CliTown | undefined;
  afterEach(async () => {
    await town?.dispose();
    town = undefined;
  });

  const attention = (): Promise<Attention[]> =>
    town!.person.json<Attention[]>('gt', ['attention'], { cwd: town!.root });
  const show = async (id: string): Promise<Bead> =>
    (await town!.person.json<Bead[]>('bd', ['show', id], { cwd: path.join(town!.root, 'toy') }))[0]!;

  it('is one question, whatever waits for it, and work starts by itself after the answer', async () => {
    const origin = path.join(tempDir('origin'), 'toy.git');
    sh(makeRepository({ 'README.md': '# toy\n' }), 'git', 'clone', '--quiet', '--bare', '.', origin);
    town = await CliTown.make({ person: new Person(), project: origin });
    for (const name of ['stable', 'next']) sh(origin, 'git', 'branch', name, 'main');
    // HEAD still names main: nothing says which of the others has taken its place.
    sh(origin, 'git', 'update-ref', '-d', 'refs/heads/main');
    const beads = [await town.bead('one', 'echo 1 > one.txt'), await town.bead('two', 'echo 1 > two.txt')];
    await town.gt('sling', ...beads, 'toy');
    await town.gt('up');
    let asked: Attention[] = [];
    await waitUntil('a person is asked, and both beads wait', async () => {
      asked = (await attention()).filter(({ title }) => title.includes('main'));
      const waiting = await Promise.all(beads.map(show));
      return asked.length > 0 && waiting.every(({ metadata }) => JSON.stringify(metadata).includes('startBlock'));
    });
    assert.equal(asked.length, 1, JSON.stringify(asked));
    assert.match(asked[0]!.title, /toy cannot start work: .* has no branch main/);
    assert.match(asked[0]!.detail ?? '', /next, stable.*gt rig set <rig> default_branch=<name>/);
    await town.gt('rig', 'set', 'toy', 'default_branch=stable');
    await waitUntil(
      'both are merged',
      async () => (await Promise.all(beads.map(show))).every(({ status }) => status === 'closed'),
      120_000,
    );
    assert.equal(sh(origin, 'git', 'ls-tree', '--name-only', 'stable'), 'README.md\none.txt\ntwo.txt');
    assert.equal(sh(origin, 'git', 'for-each-ref', 'refs/heads/main'), '', 'it made the branch that was removed');
    assert.deepEqual(await attention(), []);
  });
});
