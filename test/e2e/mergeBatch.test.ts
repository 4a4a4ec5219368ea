import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { FlakyGateInfo, MergeRequestInfo } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { sh, tempDir, waitUntil } from '../helpers/temp';

/** No file may say `wrong`. */
const CHECK = '! grep -l wrong *.txt';

describe('the merge queue', function () {
  this.timeout(300_000);
  let town: CliTown;
  afterEach(() => town.dispose());

  /** Submits a bead for each script and approves all of them at once. */
  async function approveTogether(scripts: Readonly<Record<string, string>>): Promise<Map<string, string>> {
    const beads = new Map<string, string>();
    for (const [title, script] of Object.entries(scripts)) beads.set(title, await town.bead(title, script));
    for (const bead of beads.values()) await town.gt('sling', bead, 'toy');
    await town.gt('up');
    const waiting = async (): Promise<MergeRequestInfo[]> =>
      (await town.person.json<MergeRequestInfo[]>('gt', ['mq', 'list', 'toy'], { cwd: town.root })).filter(
        ({ review }) => review === 'waiting',
      );
    await waitUntil('all wait for their review', async () => (await waiting()).length === beads.size, 120_000);
    await town.gt('down');
    for (const { id } of await waiting()) await town.gt('mq', 'approve', id);
    await town.gt('up');
    return beads;
  }

  const statusOf = async (bead: string): Promise<string | undefined> =>
    (await town.person.json<{ status: string }[]>('bd', ['show', bead], { cwd: path.join(town.root, 'toy') }))[0]
      ?.status;

  it('lands a batch of four but for the one that fails, which goes back and lands at its second attempt', async () => {
    const runs = path.join(tempDir('runs'), 'runs');
    town = await CliTown.make({ gates: [`test=printf x >> '${runs}'; ${CHECK}`], maxWorkers: 4 });
    await town.gt('rig', 'set', 'toy', 'review=person', 'checks_before_review=false', 'gate_runs=1');
    const write = (name: string): string => `echo fine > ${name}.txt`;
    const beads = await approveTogether({
      One: write('one'),
      Two: write('two'),
      Bad: 'if [ "$GT_ATTEMPT" = 1 ]; then echo wrong > bad.txt; else echo right > bad.txt; fi',
      Four: write('four'),
    });
    const innocent = ['One', 'Two', 'Four'].map((title) => beads.get(title)!);
    for (const bead of innocent)
      await waitUntil(`${bead} is merged`, async () => (await statusOf(bead)) === 'closed', 120_000);
    const bad = beads.get('Bad')!;
    await waitUntil(
      'the culprit waits for its second review',
      async () =>
        (await town.person.json<MergeRequestInfo[]>('gt', ['mq', 'list', 'toy'], { cwd: town.root })).some(
          ({ bead, review }) => bead === bad && review === 'waiting',
        ),
      120_000,
    );
    assert.ok(fs.readFileSync(runs, 'utf8').length <= 8, 'all, two halves, one repetition, and the rest');
    await town.gt('mq', 'approve', bad);
    await waitUntil('the culprit is merged', async () => (await statusOf(bad)) === 'closed', 120_000);
    const attempts = await town.bd('events', '--json');
    for (const bead of innocent)
      assert.ok(!attempts.split('\n').some((line) => line.includes('attempt_failed') && line.includes(bead)), bead);
    const clone = path.join(tempDir('check'), 'tree');
    sh(town.project, 'git', 'clone', '--quiet', '--branch', 'gastown/main', town.project, clone);
    const commits = sh(clone, 'git', 'log', '--format=%H', 'HEAD').split('\n');
    assert.equal(commits.length, 5, 'one commit for each change');
    for (const commit of commits) {
      sh(clone, 'git', 'checkout', '--quiet', commit);
      sh(clone, 'sh', '-c', CHECK);
    }
    assert.match(await town.gt('rig', 'flaky', 'toy'), /No gate of toy was flaky/);
  });

  it('goes on beside a batch that fails, whenever the server is killed, and never lands what fails', async () => {
    town = await CliTown.make({ gates: [`test=${CHECK}`], maxWorkers: 4 });
    await town.gt('rig', 'set', 'toy', 'review=person', 'checks_before_review=false', 'gate_runs=3', 'max_batch=3');
    const bad = 'if [ "$GT_ATTEMPT" = 1 ]; then echo wrong > bad.txt; else echo right > bad.txt; fi';
    const names = ['one', 'two', 'three', 'four', 'five'];
    const beads = await approveTogether({
      bad,
      ...Object.fromEntries(names.map((name) => [name, `echo fine > ${name}.txt`])),
    });
    await waitUntil(
      'the first batch is tested',
      async () => (await town.bd('events')).includes('merge_started'),
      120_000,
    );
    for (let kills = 0; kills < 3; kills += 1) {
      await waitUntil('the server is there', () => town.gt('mq', 'list', 'toy').then(Boolean), 120_000);
      town.kill('server');
    }
    await town.gt('up');
    for (const name of names)
      await waitUntil(`${name} is merged`, async () => (await statusOf(beads.get(name)!)) === 'closed', 120_000);
    await waitUntil('the one that fails is back', async () =>
      (await town.bd('events'))
        .split('\n')
        .some((line) => /attempt_failed/.test(line) && line.includes(beads.get('bad')!)),
    );
    const clone = path.join(tempDir('check'), 'tree');
    sh(town.project, 'git', 'clone', '--quiet', '--branch', 'gastown/main', town.project, clone);
    const commits = sh(clone, 'git', 'log', '--format=%H', 'HEAD').split('\n');
    assert.equal(commits.length, 6, 'one commit for each change that passes');
    for (const commit of commits) {
      sh(clone, 'git', 'checkout', '--quiet', commit);
      sh(clone, 'sh', '-c', CHECK);
    }
    const events = (await town.bd('events')).split('\n').filter((line) => line.includes('attempt_failed'));
    assert.equal(events.length, 1, 'nobody else was blamed');
  });

  it('runs the gates of the parts that changes touch, whenever the server is killed, and never lands what fails', async () => {
    const folder = tempDir('runs');
    const check = (part: string): string =>
      `printf x >> '${folder}/${part}'; ! grep -rqx wrong ${part} --include=*.txt`;
    town = await CliTown.make({ gates: [`lint=${check('api')}`, `test=${check('web')}`], maxWorkers: 4 });
    await town.gt('rig', 'set', 'toy', 'target.api=api/: lint', 'target.web=web/: test', 'target.docs=docs/:');
    await town.gt('rig', 'set', 'toy', 'review=person', 'checks_before_review=false', 'gate_runs=2');
    const write = (file: string, text = 'fine'): string => `mkdir -p ${path.dirname(file)} && echo ${text} > ${file}`;
    const runs = (part: string): number => {
      const file = path.join(folder, part);
      return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').length : 0;
    };
    await approveTogether({ docs: write('docs/a.txt', 'wrong') });
    const docs = async (): Promise<boolean> => (await town.bd('events')).includes('merged');
    await waitUntil('what no gate looks at is merged', docs, 120_000);
    assert.deepEqual([runs('api'), runs('web')], [0, 0]);
    const bad = `if [ "$GT_ATTEMPT" = 1 ]; then ${write('web/bad.txt', 'wrong')}; else ${write('web/bad.txt')}; fi`;
    const names = ['api/one.txt', 'web/two.txt', 'api/three.txt', 'docs/four.txt'];
    const beads = await approveTogether({ ...Object.fromEntries(names.map((name) => [name, write(name)])), bad });
    for (let kills = 0; kills < 3; kills += 1) {
      await waitUntil('the server is there', () => town.gt('mq', 'list', 'toy').then(Boolean), 120_000);
      town.kill('server');
    }
    await town.gt('up');
    for (const name of names)
      await waitUntil(`${name} is merged`, async () => (await statusOf(beads.get(name)!)) === 'closed', 120_000);
    const failed = async (): Promise<string[]> =>
      (await town.bd('events')).split('\n').filter((line) => line.includes('attempt_failed'));
    await waitUntil('the one that fails is back', async () => (await failed()).length > 0, 120_000);
    assert.ok(
      (await failed()).every((line) => line.includes(beads.get('bad')!)),
      'nobody else was blamed',
    );
    const clone = path.join(tempDir('check'), 'tree');
    sh(town.project, 'git', 'clone', '--quiet', '--branch', 'gastown/main', town.project, clone);
    const commits = sh(clone, 'git', 'log', '--format=%H', 'HEAD').split('\n');
    assert.equal(commits.length, 2 + names.length, 'one commit for each change that passes');
    for (const commit of commits) {
      sh(clone, 'git', 'checkout', '--quiet', commit);
      sh(clone, 'sh', '-c', '! grep -rqx wrong api web --include=*.txt 2>/dev/null');
    }
  });

  it('repeats a gate that fails before anybody is blamed, and lists the ones that then pass', async () => {
    const flag = path.join(tempDir('flaky'), 'flag');
    town = await CliTown.make({ gates: [`test=test -e '${flag}' || { touch '${flag}'; exit 3; }`] });
    const bead = await town.bead('One', 'echo 1 > one.txt');
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await waitUntil('it is merged', async () => (await statusOf(bead)) === 'closed', 120_000);
    const [entry] = await town.person.json<FlakyGateInfo[]>('gt', ['rig', 'flaky', 'toy'], { cwd: town.root });
    assert.deepEqual([entry?.gate, entry?.problem], ['test', 'failed with exit code 3']);
    assert.match(await town.gt('rig', 'flaky', 'toy'), /test .*failed with exit code 3/);
  });
});
