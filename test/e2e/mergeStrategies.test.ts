import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { ConvoyInfo } from '../../server/src/protocol/town';
import { CliTown, Person } from '../helpers/cliTown';
import { makeRepository, sh, tempDir, waitUntil } from '../helpers/temp';

/** No file may say `wrong`. */
const CHECK = '! grep -l wrong *.txt';

/** Two commits of the agent, made once. */
const twoCommits = (name: string): string =>
  ['a', 'b']
    .map(
      (part) =>
        `test -e ${name}-${part}.txt || { echo ${part} > ${name}-${part}.txt; git add .; git commit --quiet -m '${name} ${part}'; }`,
    )
    .join('\n');

describe('merge strategies', function () {
  this.timeout(600_000);
  let town: CliTown;
  afterEach(() => town.dispose());

  /** A rig that was added by its address. */
  async function makeTown(gates: string[]): Promise<string> {
    const person = new Person();
    const origin = path.join(tempDir('origin'), 'origin.git');
    sh(person.home, 'git', 'clone', '--quiet', '--bare', makeRepository({ 'check.txt': 'fine\n' }), origin);
    town = await CliTown.make({ person, project: origin, gates });
    return origin;
  }

  /** Lands a convoy of two beads while the server is killed now and then. */
  async function land(round: string): Promise<void> {
    const beads = [await town.bead(`${round} one`, twoCommits(`${round}1`))];
    beads.push(await town.bead(`${round} two`, twoCommits(`${round}2`)));
    const convoy = await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', round, ...beads, '--launch'], {
      cwd: town.root,
    });
    await town.gt('up');
    const landing = town.convoyLands(convoy.id, 240_000);
    landing.catch(() => undefined);
    for (const event of ['done', 'merge_started']) {
      await waitUntil(`${event} is on record`, async () => (await town.bd('events')).includes(event), 120_000);
      town.kill('server');
    }
    await landing;
  }

  const subjects = (repository: string, ref: string): string[] =>
    sh(repository, 'git', 'log', '--topo-order', '--reverse', '--format=%s', ref, '--').split('\n');

  it('land by one commit, by the commits of the author, or by a merge of them, each once, whatever is killed', async () => {
    const origin = await makeTown([`test=${CHECK}`]);
    await land('squash');
    assert.deepEqual(subjects(origin, 'main').slice(1).sort(), ['squash one', 'squash two']);
    assert.match(await town.gt('rig', 'set', 'toy', 'merge_strategy=rebase'), /merge strategy rebase/);
    await land('rebase');
    assert.deepEqual(
      subjects(origin, 'main').slice(3).sort(),
      ['rebase1 a', 'rebase1 b', 'rebase2 a', 'rebase2 b'],
      'the commits of the author',
    );
    assert.equal((await town.gt('config', 'merge-strategy', 'merge')).trim(), 'merge');
    await town.gt('rig', 'set', 'toy', 'merge_strategy=');
    await land('merge');
    const merged = subjects(origin, 'main').slice(7);
    assert.deepEqual(merged.filter((subject) => subject.startsWith('Merge: ')).sort(), [
      'Merge: merge one',
      'Merge: merge two',
    ]);
    assert.deepEqual(merged.filter((subject) => !subject.startsWith('Merge: ')).sort(), [
      'merge1 a',
      'merge1 b',
      'merge2 a',
      'merge2 b',
    ]);
    const firstParents = sh(origin, 'git', 'log', '--first-parent', '--format=%H', 'main').split('\n');
    const clone = path.join(tempDir('check'), 'tree');
    sh(tempDir('at'), 'git', 'clone', '--quiet', origin, clone);
    for (const commit of firstParents) {
      sh(clone, 'git', 'checkout', '--quiet', commit);
      sh(clone, 'sh', '-c', CHECK);
    }
  });

  it('land without a push, and with the next one when that is set', async () => {
    const origin = await makeTown([`test=${CHECK}`]);
    const before = sh(origin, 'git', 'rev-parse', 'main');
    await town.gt('rig', 'set', 'toy', 'merge_strategy=local');
    await land('local');
    assert.equal(sh(origin, 'git', 'rev-parse', 'main'), before, 'the source has not changed');
    const repository = path.join(town.root, 'toy', '.repo.git');
    assert.deepEqual(subjects(repository, 'refs/gastown/landed/main').slice(1).sort(), ['local one', 'local two']);
    await town.gt('rig', 'set', 'toy', 'merge_strategy=');
    await land('squash');
    assert.deepEqual(subjects(origin, 'main').slice(1).sort(), ['local one', 'local two', 'squash one', 'squash two']);
  });

  it('test each commit of the author with "each", and send back the change of the one that fails', async () => {
    const runs = path.join(tempDir('runs'), 'runs');
    const origin = await makeTown([`test=ls *.txt >> '${runs}'; echo -- >> '${runs}'; ${CHECK}`]);
    await town.gt('rig', 'set', 'toy', 'merge_strategy=rebase', 'merge_mode=each');
    const script = [
      'if [ "$GT_ATTEMPT" = 1 ]; then',
      'echo wrong > x.txt; git add .; git commit --quiet -m "Wrong in between"; fi',
      'echo right > x.txt; git add .; git commit --quiet -m Right',
    ].join('\n');
    const bead = await town.bead('Two steps', script);
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await waitUntil('its first attempt is sent back', async () => (await town.bd('events')).includes('attempt_failed'));
    assert.ok(!subjects(origin, 'main').includes('Wrong in between'));
    assert.ok(fs.readFileSync(runs, 'utf8').includes('x.txt'));
  });
});
