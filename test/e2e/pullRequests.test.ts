import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { MergeRequestInfo } from '../../server/src/protocol/town';
import { CliTown, Person } from '../helpers/cliTown';
import { FakeGh } from '../helpers/fakeGh';
import { makeRepository, sh, tempDir, waitUntil } from '../helpers/temp';

describe('the merge strategy pr', function () {
  this.timeout(400_000);
  let town: CliTown;
  let gh: FakeGh;
  afterEach(() => town.dispose());

  async function makeTown(): Promise<void> {
    const origin = path.join(tempDir('origin'), 'origin.git');
    const folder = makeRepository({ 'a.txt': 'a\n' });
    sh(folder, 'git', 'clone', '--quiet', '--bare', folder, origin);
    gh = new FakeGh(origin);
    const person = new Person();
    // The town runs gh as its login shell finds it.
    fs.writeFileSync(path.join(person.home, '.profile'), `PATH='${gh.folder}':$PATH\nexport PATH\n`);
    town = await CliTown.make({ person, project: origin });
    await town.gt('rig', 'set', 'toy', 'merge_strategy=pr', 'pr_repository=acme/toy');
  }

  const statusOf = async (bead: string): Promise<string | undefined> =>
    (await town.person.json<{ status: string }[]>('bd', ['show', bead], { cwd: path.join(town.root, 'toy') }))[0]
      ?.status;

  it('proposes work, takes feedback back to its agent, and closes the bead when the pull request is merged', async () => {
    await makeTown();
    gh.change((state) => (state.kills = town.processOf('server')!.pid));
    const bead = await town.bead('Say two', 'echo "try $GT_ATTEMPT" > b.txt');
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await waitUntil('there is a pull request', () => gh.pulls.length > 0, 40_000);
    gh.change(({ pulls: [pull] }) => (pull!.blocked = true));
    const watched = async (): Promise<MergeRequestInfo | undefined> =>
      (await town.person.json<MergeRequestInfo[]>('gt', ['mq', 'list', 'toy'], { cwd: town.root }))[0];
    await waitUntil('it is watched', async () => (await watched())?.waitsFor === 'pull-request', 40_000);
    assert.equal(gh.pulls.length, 1, 'one, although the server died before it heard of it');
    assert.match(await town.gt('mq', 'list', 'toy'), /waits for pull request #1/);
    assert.match(await town.gt('mq', 'status', bead), /pull request https:\/\/github.test\/acme\/toy\/pull\/1/);
    const [first] = gh.pulls;
    assert.deepEqual([first!.title, first!.base, first!.head], ['Say two', 'main', `gastown/${bead}`]);
    assert.match(first!.body, new RegExp(`Bead: ${bead}`));
    const oid = gh.tip(first!.head);
    gh.change(({ pulls: [pull] }) => {
      pull!.reviews.push({ author: { login: 'ann' }, body: 'Once more.', state: 'CHANGES_REQUESTED', commit: { oid } });
    });
    await town.gt('refinery', 'process', 'toy');
    await waitUntil('its agent has tried again', () => gh.tip(first!.head) !== oid, 40_000);
    assert.match(await town.bd('events'), /ann requests changes on pull request #1: Once more\./);
    gh.change(({ pulls: [pull] }) => {
      pull!.blocked = false;
      pull!.checks.push({ __typename: 'CheckRun', name: 'ci', status: 'COMPLETED', conclusion: 'SUCCESS' });
    });
    await waitUntil('it is merged', async () => (await statusOf(bead)) === 'closed', 40_000);
    assert.equal(gh.pulls.length, 1, 'the same pull request');
    assert.equal(sh(gh.origin, 'git', 'show', 'main:b.txt'), 'try 2');
    assert.equal(gh.pulls[0]!.state, 'MERGED');
    assert.match(await town.gt('mq', 'status', bead), new RegExp(`merged as ${gh.tip('main').slice(0, 8)}`));
    assert.equal(sh(gh.origin, 'git', 'for-each-ref', 'refs/heads/gastown'), '', 'its branch is removed');
  });

  it('closes the pull request of a bead that is closed, and says what to do where gh is not logged in', async () => {
    await makeTown();
    gh.change((state) => (state.loggedIn = false));
    const bead = await town.bead('Not wanted', 'echo no > no.txt');
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await waitUntil(
      'a person is asked',
      async () => (await town.gt('attention')).includes('gh is not logged in'),
      40_000,
    );
    assert.match(await town.gt('attention'), /gh auth login/);
    gh.change((state) => (state.loggedIn = true));
    await town.gt('refinery', 'process', 'toy');
    await waitUntil('there is a pull request', () => gh.pulls.length > 0, 40_000);
    gh.change(({ pulls: [pull] }) => (pull!.blocked = true));
    await town.bd('close', bead, '--force');
    await waitUntil('its pull request is closed', () => gh.pulls[0]!.state === 'CLOSED', 40_000);
    assert.equal(gh.pulls[0]!.closedWith, `${bead} was closed.`);
    assert.throws(() => sh(gh.origin, 'git', 'show', 'main:no.txt'));
  });
});
