import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { ConvoyInfo, ConvoyStatus } from '../../server/src/protocol/town';
import { CliTown, Person } from '../helpers/cliTown';
import { FakeGh } from '../helpers/fakeGh';
import { makeRepository, sh, tempDir, waitUntil } from '../helpers/temp';

describe('a feature branch, by merge strategy and over two rigs', function () {
  this.timeout(400_000);
  let town: CliTown;
  afterEach(() => town.dispose());

  function bareOrigin(): string {
    const origin = path.join(tempDir('origin'), 'origin.git');
    sh(tempDir('cwd'), 'git', 'clone', '--quiet', '--bare', makeRepository({ 'a.txt': 'a\n' }), origin);
    return origin;
  }
  const feature = async (...beads: string[]): Promise<ConvoyInfo> =>
    town.person.json<ConvoyInfo>('gt', ['convoy', 'create', 'Both', ...beads, '--feature-branch', '--launch'], {
      cwd: town.root,
    });
  const status = (id: string): Promise<ConvoyStatus> =>
    town.person.json<ConvoyStatus>('gt', ['convoy', 'status', id], { cwd: town.root });
  const branches = (repository: string): string[] =>
    sh(repository, 'git', 'for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads').split('\n').filter(Boolean);
  const twoBeads = async (): Promise<string[]> => {
    const one = await town.bead('One', 'echo one > one.txt');
    return [one, await town.bead('Two', 'cp one.txt two.txt', one)];
  };
  const filesOf = (repository: string, ref: string): string[] =>
    sh(repository, 'git', 'ls-tree', '--name-only', ref).split('\n').sort();

  async function townAtGitHub(): Promise<FakeGh> {
    const gh = new FakeGh(bareOrigin());
    const person = new Person();
    fs.writeFileSync(path.join(person.home, '.profile'), `PATH='${gh.folder}':$PATH\nexport PATH\n`);
    town = await CliTown.make({ person, project: gh.origin });
    await town.gt('rig', 'set', 'toy', 'merge_strategy=pr', 'pr_repository=acme/toy');
    return gh;
  }

  it('lands by one pull request, which a server that is killed does not open twice', async () => {
    const gh = await townAtGitHub();
    const { origin } = gh;
    gh.change((state) => (state.kills = town.processOf('server')!.pid));
    const { id } = await feature(...(await twoBeads()));
    await town.gt('up');
    await town.convoyLands(id, 200_000);
    assert.deepEqual(
      gh.pulls.map(({ title, state }) => [title, state]),
      [['Both', 'MERGED']],
    );
    assert.match(gh.pulls[0]!.body, new RegExp(`Convoy: ${id}`));
    assert.deepEqual(filesOf(origin, 'main'), ['a.txt', 'one.txt', 'two.txt']);
    const commits = sh(origin, 'git', 'log', '--no-merges', '--format=%s', 'main').split('\n').slice(0, -1);
    assert.deepEqual(commits.length, 2, 'the commits of its beads are kept');
    await waitUntil('its branches are deleted', () => branches(origin).join() === 'main', 60_000);
    assert.doesNotMatch(await town.gt('attention'), /convoy/);
  });

  it('lands when people squash its pull request, and nobody is asked about its branch', async () => {
    const gh = await townAtGitHub();
    await town.gt('rig', 'set', 'toy', 'pr_merge=off');
    const { id } = await feature(...(await twoBeads()));
    await town.gt('up');
    await waitUntil('there is a pull request', () => gh.pulls.length > 0, 120_000);
    const watched = async (): Promise<boolean> => (await town.gt('mq', 'list', 'toy')).includes('pull request #1');
    await waitUntil('it is watched', watched, 60_000);
    const program = path.join(gh.folder, 'gh');
    sh(gh.folder, program, 'pr', 'merge', '1', '--squash', `--match-head-commit=${gh.tip(gh.pulls[0]!.head)}`);
    await town.gt('refinery', 'process', 'toy');
    await town.convoyLands(id, 120_000);
    await waitUntil('its branches are deleted', () => branches(gh.origin).join() === 'main', 60_000);
    assert.doesNotMatch(await town.gt('attention'), /convoy/);
  });

  it('lands in the town alone, and goes to the source with the next push', async () => {
    const origin = bareOrigin();
    town = await CliTown.make({ project: origin });
    await town.gt('rig', 'set', 'toy', 'merge_strategy=local');
    const before = sh(origin, 'git', 'rev-parse', 'main');
    const { id } = await feature(...(await twoBeads()));
    await town.gt('up');
    await town.convoyLands(id, 200_000);
    assert.deepEqual([branches(origin), sh(origin, 'git', 'rev-parse', 'main')], [['main'], before]);
    const repository = path.join(town.root, 'toy', '.repo.git');
    const landed = 'refs/gastown/landed/main';
    assert.equal(sh(repository, 'git', 'log', '-1', '--format=%s', landed), 'Both');
    assert.deepEqual(filesOf(repository, landed), ['a.txt', 'one.txt', 'two.txt']);
    await waitUntil(
      'the branch is deleted',
      () => !sh(repository, 'git', 'for-each-ref', 'refs/gastown/landed').includes(id),
      60_000,
    );
    await town.gt('rig', 'set', 'toy', 'merge_strategy=squash');
    const bead = await town.bead('Three', 'cp two.txt three.txt');
    await town.gt('sling', bead, 'toy');
    await waitUntil('all is pushed', () => filesOf(origin, 'main').includes('three.txt'), 120_000);
    assert.deepEqual(filesOf(origin, 'main'), ['a.txt', 'one.txt', 'three.txt', 'two.txt']);
  });

  it('has a branch in each of its rigs and ends when all have landed, whenever the server is killed', async () => {
    town = await CliTown.make();
    const farm = makeRepository({ 'b.txt': 'b\n' }, 'main', path.join(town.person.home, 'farm project'));
    await town.gt('rig', 'add', 'farm', farm, '--gate', 'test=sleep 0.2', '--yes');
    const one = await town.bead('One', 'echo one > one.txt');
    const script = 'Far\n\n```sh\necho far > far.txt\n```\n';
    const far = (
      await town.bd(
        'create',
        '--prefix',
        'farm',
        '--title=Far',
        '--silent',
        '-d',
        script,
        '--deps',
        `depends-on:${one}`,
      )
    ).trim();
    const { id } = await feature(one, far);
    await town.gt('up');
    const landing = town.convoyLands(id, 240_000);
    landing.catch(() => undefined);
    for (const rig of ['toy', 'farm']) {
      const events = path.join(town.root, rig, '.beads', 'events.jsonl');
      const isMerged = (): boolean => fs.existsSync(events) && fs.readFileSync(events, 'utf8').includes('"merged"');
      await waitUntil(`something of ${rig} is merged`, isMerged, 120_000);
      town.kill('server');
    }
    await landing;
    const states = (await status(id)).feature?.rigs.map(({ rig, state }) => `${rig} ${state}`).sort();
    assert.deepEqual(states, ['farm landed', 'toy landed']);
    for (const [project, file] of [
      [town.project, 'one.txt'],
      [farm, 'far.txt'],
    ] as const) {
      assert.equal(sh(project, 'git', 'log', '--first-parent', '--format=%s', 'main..gastown/main'), 'Both');
      assert.ok(filesOf(project, 'gastown/main').includes(file));
      await waitUntil('the branch is deleted', () => !branches(project).some((name) => name.includes(id)), 60_000);
    }
  });
});
