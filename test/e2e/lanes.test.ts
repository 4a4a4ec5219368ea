import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown } from '../helpers/cliTown';
import { sh, tempDir, waitUntil } from '../helpers/temp';

/** Changes of different parts of a repository land side by side. */
describe('the lanes of the merge queue', function () {
  this.timeout(240_000);
  let town: CliTown;
  afterEach(() => town.dispose());

  it('land a change of one part while the gates of another part run, each tested once', async () => {
    const folder = tempDir('lanes');
    const [go, runs] = [path.join(folder, 'go'), path.join(folder, 'runs')];
    const test = `echo test >> '${runs}'; while [ ! -f '${go}' ]; do sleep 0.1; done`;
    town = await CliTown.make({
      files: { 'README.md': '# toy\n', 'api/a.txt': 'a\n', 'docs/b.txt': 'b\n' },
      gates: [`test=${test}`, `lint=echo lint >> '${runs}'`],
    });
    await town.gt('rig', 'set', 'toy', 'gate_runs=2', 'target.api=api/**: test', 'target.docs=docs/**: lint');
    const api = await town.bead('Api', 'echo more >> api/a.txt');
    const docs = await town.bead('Docs', 'echo more >> docs/b.txt');
    await town.gt('sling', api, 'toy');
    await town.gt('up');
    await waitUntil('the gate of the api runs', () => fs.existsSync(runs), 90_000);
    await town.gt('sling', docs, 'toy');
    const statusOf = async (bead: string): Promise<string | undefined> =>
      (await town.person.json<{ status: string }[]>('bd', ['show', bead], { cwd: path.join(town.root, 'toy') }))[0]
        ?.status;
    await waitUntil('the docs have landed', async () => (await statusOf(docs)) === 'closed', 90_000);
    assert.equal(await statusOf(api), 'in_review', 'its gate still runs');
    fs.writeFileSync(go, '');
    await waitUntil('the api has landed', async () => (await statusOf(api)) === 'closed', 90_000);
    const log = sh(town.project, 'git', 'log', '--format=%s', '--first-parent', 'gastown/main');
    assert.deepEqual(
      log.split('\n').slice(0, 2),
      ['Api', 'Docs'].map((title) => title),
    );
    assert.deepEqual(fs.readFileSync(runs, 'utf8').trim().split('\n').sort(), ['lint', 'test']);
    const events = await town.person.ok('bd', ['events', api, '--json'], { cwd: path.join(town.root, 'toy') });
    assert.doesNotMatch(events, /merge_postponed/, 'a lost race is no failure of the change');
  });
});
