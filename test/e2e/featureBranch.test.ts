import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Bead } from '../../server/src/protocol/bead';
import type { ConvoyInfo, ConvoyStatus, MailInfo, MergeRequestInfo } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { sh, waitUntil } from '../helpers/temp';

const TARGET = 'gastown/main';

/** Does what the line `DO: …` of its bead says; merges the target, or adds what the landing review asked for. */
const WORKER = [
  '#!/bin/sh',
  'gt prime > ../prime.md',
  'merge=$(sed -n \'s/.*Run "git merge \\([0-9a-f]*\\)".*/\\1/p\' ../prime.md | head -1)',
  'if [ -n "$merge" ]; then',
  '  git merge --quiet "$merge" || { cat a.txt | grep -v "^[<=>]" > merged; mv merged a.txt; git add --all; git commit --quiet -m "Merge the target"; }',
  'else',
  '  if grep -q "Add polish.txt" ../prime.md; then echo polish > polish.txt; fi',
  "  sed -n 's/^ *DO: //p' ../prime.md > ../do.sh",
  '  sh -e ../do.sh',
  '  git add --all && git commit --quiet -m "Work on it"',
  'fi',
  'gt done',
  'sleep 30',
  '',
].join('\n');

describe('a convoy with a feature branch', function () {
  this.timeout(240_000);
  let town: CliTown;
  afterEach(async () => town.dispose());

  async function makeTown(options: Parameters<typeof CliTown.make>[0] = {}): Promise<void> {
    town = await CliTown.make(options);
    const worker = path.join(town.person.home, 'worker.sh');
    fs.writeFileSync(worker, WORKER, { mode: 0o755 });
    await town.gt('config', 'agent', 'set', 'coder', worker, '--prompt', 'none');
    await town.gt('config', 'default-agent', 'coder');
  }

  /** Nothing starts before a person has accepted what would run. */
  async function start(): Promise<void> {
    await town.gt('up');
    await waitUntil('a person is asked', async () =>
      (await town.snapshot()).attention.some((item) => item.consent?.kind === 'runtime'),
    );
    await town.gt('config', 'agent', 'accept', 'coder', '--yes');
  }

  const json = <T>(...args: string[]): Promise<T> => town.person.json<T>('gt', args, { cwd: town.root });
  const bead = async (title: string, script: string): Promise<string> =>
    (await town.bd('create', '--prefix', 'toy', `--title=${title}`, '--silent', '-d', `DO: ${script}`)).trim();
  const beadOf = async (id: string): Promise<Bead> =>
    (await town.person.json<Bead[]>('bd', ['show', id], { cwd: town.root }))[0]!;
  const git = (...args: string[]): string => sh(town.project, 'git', ...args);
  const branches = (): string[] => git('for-each-ref', '--format=%(refname:short)', 'refs/heads/').split('\n');
  const create = (title: string, ...beads: string[]): Promise<ConvoyInfo> =>
    json('convoy', 'create', title, ...beads, '--feature-branch', '--launch', '--notify', '--human');

  it('lands as one merge commit, after its landing review has asked for a change', async () => {
    await makeTown();
    const command =
      'grep -q \'"convoy"\' "$GT_BEAD_FILE" || exit 0; test -f polish.txt && exit 0; echo "Add polish.txt"; exit 1';
    await town.gt('rig', 'set', 'toy', 'review=script', `review_command=${command}`);
    const one = await bead('One', 'echo one > one.txt');
    const two = await bead('Two', 'cp one.txt two.txt');
    await town.bd('dep', 'add', two, one);
    const after = await bead('Outside', 'cp two.txt outside.txt');
    await town.bd('dep', 'add', after, two);
    const base = git('rev-parse', 'main');
    const convoy = await create('Login', one, two);
    const branch = `convoy/${convoy.id}`;
    await town.gt('sling', after, 'toy');
    await start();
    await town.convoyLands(convoy.id);
    const commits = git('log', '--first-parent', '--format=%H', `${base}..${TARGET}`).split('\n');
    const landing = commits.at(-1)!;
    assert.equal(git('log', '-1', '--format=%s|%P', landing).split(' ')[0], `Login|${base}`);
    assert.match(git('log', '-1', '--format=%B', landing), new RegExp(`^Convoy: ${convoy.id}$`, 'm'));
    assert.deepEqual(git('ls-tree', '--name-only', landing).split('\n').sort(), [
      'README.md',
      'one.txt',
      'polish.txt',
      'two.txt',
    ]);
    const subjects = git('log', '--no-merges', '--format=%an', `${base}..${landing}`).split('\n');
    assert.equal(subjects.length, 3, 'the commits of its three beads are kept');
    const status = await json<ConvoyStatus>('convoy', 'status', convoy.id);
    assert.equal(status.total, 3, 'what the review asked for is a bead of the convoy');
    assert.deepEqual(status.feature, { branch, rigs: [{ rig: 'toy', state: 'landed', landed: landing }] });
    assert.match(await town.gt('convoy', 'status', convoy.id), new RegExp(`Branch: +${branch}\\n +toy: landed as`));
    const { metadata } = await beadOf(convoy.id);
    assert.match(JSON.stringify(metadata), /"verdict":"rejected".*Add polish.txt.*"verdict":"approved"/);
    const [mail] = await json<MailInfo[]>('mail', 'inbox', 'overseer');
    assert.equal(mail?.subject, `🚚 Convoy Landed: Login (${convoy.id})`);
    await waitUntil('the branch is deleted', () => !branches().includes(branch), 30_000);
    await waitUntil('what depends on it is merged', async () => (await beadOf(after)).status === 'closed', 60_000);
    const all = await json<MergeRequestInfo[]>('mq', 'list', '--all');
    assert.deepEqual(
      all.filter(({ state }) => state === 'merged').map((request) => [request.bead, request.target]),
      [
        [after, TARGET],
        [convoy.id, TARGET],
        [status.beads.find((id) => id !== one && id !== two), branch],
        [two, branch],
        [one, branch],
      ],
    );
  });

  it('merges the target by a bead of its own where the two conflict', async () => {
    await makeTown({ files: { 'a.txt': 'start\n' }, maxWorkers: 2 });
    const signal = (name: string): string => path.join(town.person.home, name);
    const waitFor = (name: string): string => `while test ! -f '${signal(name)}'; do sleep 0.1; done`;
    const merged = (id: string) =>
      waitUntil(`${id} is merged`, async () => (await beadOf(id)).status === 'closed', 60_000);
    const one = await bead('One', 'echo feature >> a.txt');
    const two = await bead('Two', `${waitFor('two')}; echo two > two.txt`);
    await town.bd('dep', 'add', two, one);
    const other = await bead('Other', `${waitFor('other')}; echo other >> a.txt`);
    const convoy = await create('Both', one, two);
    await town.gt('sling', other, 'toy');
    await start();
    await merged(one);
    fs.writeFileSync(signal('other'), '');
    await merged(other);
    fs.writeFileSync(signal('two'), '');
    await town.convoyLands(convoy.id);
    const status = await json<ConvoyStatus>('convoy', 'status', convoy.id);
    assert.deepEqual(
      status.tracked.map(({ title }) => title).filter((title) => title.startsWith('Merge')),
      [`Merge the target into convoy/${convoy.id}: it conflicts in a.txt`],
    );
    assert.deepEqual(git('show', `${TARGET}:a.txt`).split('\n').sort(), ['feature', 'other', 'start']);
    assert.equal(git('show', `${TARGET}:two.txt`), 'two');
  });

  it('leaves nothing on the target where it is closed before', async () => {
    await makeTown();
    const one = await bead('One', 'echo one > one.txt');
    const two = await bead('Two', 'while test ! -f ../go; do sleep 0.1; done; echo two > two.txt');
    await town.bd('dep', 'add', two, one);
    const convoy = await create('Never', one, two);
    const branch = `convoy/${convoy.id}`;
    await start();
    await waitUntil('the second is at work', async () => (await beadOf(two)).status === 'in_progress', 60_000);
    const shown = await town.gt('convoy', 'status', convoy.id);
    assert.match(shown, new RegExp(`Branch: +${branch}\\n +toy, 1 commit ahead: collects its beads`));
    assert.ok(branches().includes(branch));
    const tip = git('rev-parse', branch);
    const refused = await town.person.run('gt', ['convoy', 'remove', convoy.id, one], { cwd: town.root });
    assert.match(refused.stderr, new RegExp(`the work on ${one} is on ${branch} already`));
    const closed = await town.gt('convoy', 'close', convoy.id, '--reason', 'not wanted');
    assert.match(closed, new RegExp(`Nothing of it lands\\. ${branch} is deleted[\\s\\S]*Stopped: ${two}`));
    await waitUntil('the branch is deleted', () => !branches().includes(branch), 30_000);
    await waitUntil('its agent is stopped', () => town.sessions().length === 0, 30_000);
    assert.equal(branches().includes(TARGET), false, 'nothing has landed');
    const kept = sh(path.join(town.root, 'toy', '.repo.git'), 'git', 'rev-parse', `refs/gastown/${branch}`);
    assert.equal(kept, tip);
  });

  it('lands once, whenever the server is killed', async () => {
    await makeTown({ gates: ['test=sleep 0.3'] });
    const one = await bead('One', 'echo one > one.txt');
    const two = await bead('Two', 'cp one.txt two.txt');
    await town.bd('dep', 'add', two, one);
    const base = git('rev-parse', 'main');
    const convoy = await create('Both', one, two);
    await start();
    const landing = town.convoyLands(convoy.id, 200_000);
    landing.catch(() => undefined);
    const events = path.join(town.root, 'toy', '.beads', 'events.jsonl');
    const count = (type: string): number => fs.readFileSync(events, 'utf8').split(`"${type}"`).length - 1;
    // While its first bead is merged into the branch, right after that, and so on until it lands itself.
    for (const [type, times] of [
      ['merge_started', 1],
      ['merged', 1],
      ['merge_started', 2],
      ['merged', 2],
      ['merge_started', 3],
    ] as const) {
      await waitUntil(`${type} is on record ${times} times`, () => count(type) >= times, 120_000);
      town.kill('server');
    }
    await landing;
    assert.equal(git('log', '--first-parent', '--format=%s', `${base}..${TARGET}`), 'Both');
    const files = git('ls-tree', '--name-only', TARGET).split('\n').sort();
    assert.deepEqual(files, ['README.md', 'one.txt', 'two.txt']);
    assert.equal(git('log', '--no-merges', '--format=%s', `${base}..${TARGET}`).split('\n').length, 2);
    await waitUntil('the branch is deleted', () => !branches().includes(`convoy/${convoy.id}`), 60_000);
  });
});
