import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { MergeRequestInfo } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { commitFiles, sh, waitUntil } from '../helpers/temp';

const JOE = 'toy/crew/joe';

describe('work of the crew', function () {
  this.timeout(300_000);
  let town: CliTown;
  let clone: string;
  beforeEach(async () => {
    town = await CliTown.make({ gates: ['test=! grep -rqx wrong --include=*.txt .'] });
    await town.gt('crew', 'add', 'joe', '--rig', 'toy');
    clone = path.join(town.root, 'toy', 'crew', 'joe', 'rig');
  });
  afterEach(() => town.dispose());

  const show = async (bead: string) =>
    (
      await town.person.json<{ id: string; status: string; assignee: string; title: string }[]>('bd', ['show', bead], {
        cwd: path.join(town.root, 'toy'),
      })
    )[0]!;
  const merged = (bead: string): Promise<void> =>
    waitUntil(`${bead} is merged`, async () => (await show(bead)).status === 'closed', 120_000);
  const submit = async (...args: string[]): Promise<{ bead: string; mergeRequest: string; isDirty?: boolean }> =>
    JSON.parse(await town.gt('mq', 'submit', JOE, ...args, '--json')) as { bead: string; mergeRequest: string };
  const inClone = (...args: string[]): string => sh(clone, 'git', ...args);
  const refuses = async (message: RegExp, ...args: string[]): Promise<void> => {
    const { code, stderr } = await town.person.run('gt', ['mq', 'submit', ...args], { cwd: town.root });
    assert.deepEqual([code === 0, message.test(stderr)], [false, true], stderr);
  };

  it('lands through the queue, by its author, and its clone is left alone', async () => {
    await refuses(/there is nothing to merge: main of toy\/crew\/joe has no commit/, JOE);
    inClone('checkout', '--quiet', '-b', 'fix-login');
    commitFiles(clone, { 'login.txt': 'one\n' }, 'Begin the login');
    commitFiles(clone, { 'login.txt': 'two\n' }, 'The login works');
    fs.writeFileSync(path.join(clone, 'notes.txt'), 'later\n');
    const before = [inClone('rev-parse', 'HEAD'), inClone('status', '--porcelain', '--branch')];
    const { bead, isDirty } = await submit('-m', 'look at the errors');
    assert.equal(isDirty, true);
    assert.deepEqual([(await show(bead)).title, (await show(bead)).assignee], ['The login works', JOE]);
    await refuses(/is in the merge queue already/, JOE, '--issue', bead);
    await town.gt('up');
    await merged(bead);
    const [author, ...files] = sh(
      town.project,
      ...(['git', 'show', '--format=%an', '--name-only', 'gastown/main'] as const),
    ).split(/\n+/);
    assert.deepEqual([author, files], [inClone('log', '-1', '--format=%an'), ['login.txt']]);
    assert.deepEqual([inClone('rev-parse', 'HEAD'), inClone('status', '--porcelain', '--branch')], before);
    assert.match(await town.gt('polecat', 'list'), /^(?!.*joe)/s, 'no agent has worked on it');
  });

  it('comes back by mail when it is rejected or fails, and lands when it is submitted again', async () => {
    await town.gt('rig', 'set', 'toy', 'review=person');
    const bead = await town.bead('A login', 'true');
    inClone('checkout', '--quiet', '-b', `fix/${bead}-login`);
    commitFiles(clone, { 'a.txt': 'wrong\n' }, 'Login');
    await town.gt('up');
    assert.equal((await submit()).bead, bead, 'the branch names it');
    const mailed = async (text: RegExp): Promise<void> =>
      waitUntil('it comes back', async () => text.test(await town.gt('mail', 'inbox', JOE)), 120_000);
    await mailed(/was not merged: test: failed/);
    assert.deepEqual([(await show(bead)).status, (await show(bead)).assignee], ['in_progress', JOE]);
    commitFiles(clone, { 'a.txt': 'fine\n' }, 'Repaired');
    await town.gt('mq', 'submit', 'toy/joe', '--issue', bead);
    const waits = async (): Promise<boolean> =>
      (await town.person.json<MergeRequestInfo[]>('gt', ['mq', 'list', 'toy'], { cwd: town.root })).some(
        ({ bead: source, review }) => source === bead && review === 'waiting',
      );
    await waitUntil('it waits for its review', waits, 120_000);
    await town.gt('mq', 'reject', bead, '-m', 'say why');
    await mailed(/was not merged: .*say why/);
    commitFiles(clone, { 'b.txt': 'why\n' }, 'Says why');
    await submit('--branch', `fix/${bead}-login`, '-m', 'see b.txt');
    await waitUntil('it waits for its review', waits, 120_000);
    await town.gt('mq', 'approve', bead);
    await merged(bead);
    assert.equal(sh(town.project, 'git', 'show', 'gastown/main:a.txt'), 'fine');
  });

  it('is refused where there is no such branch, bead or member', async () => {
    commitFiles(clone, { 'a.txt': 'a\n' }, 'A');
    await refuses(/toy\/crew\/joe has no branch nothing/, JOE, '--branch', 'nothing');
    await refuses(/is not a name for a branch/, JOE, '--branch', '--upload-pack=x');
    await refuses(/toy has no crew member eve/, 'toy/crew/eve');
    const bead = await town.bead('Done', 'true');
    await town.bd('close', bead);
    await refuses(new RegExp(`${bead} is closed`), JOE, '--issue', bead);
    inClone('checkout', '--quiet', '--detach');
    await refuses(/has no branch checked out\nHint: name one: --branch/, JOE);
    assert.equal(sh(path.join(town.root, 'toy', '.repo.git'), 'git', 'branch', '--list', 'crew/*'), '');
  });
});
