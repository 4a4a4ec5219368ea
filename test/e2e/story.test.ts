import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown, Person } from '../helpers/cliTown';
import { commitFiles, makeRepository, sh, tempDir, waitUntil } from '../helpers/temp';
import type { Bead } from '../../server/src/protocol/bead';
import type { ConvoyInfo, SlingResult } from '../../server/src/protocol/town';

const write = (file: string, text: string, seconds = 0.2): string =>
  `sleep ${seconds}\nprintf '%s\\n' '${text}' > '${file}'\ngit add --all\ngit commit --quiet -m 'Add ${file}'`;

describe('from sling to merged', function () {
  this.timeout(180_000);
  let town: CliTown;
  afterEach(async () => town.dispose());

  it('lands a convoy in dependency order on gastown/main, and the folder is fast-forwarded', async () => {
    town = await CliTown.make({ gates: ['test=test -f README.md'] });
    const a = await town.bead('First', write('a.txt', 'a'));
    const b = await town.bead('Second', write('b.txt', 'b'), a);
    const c = await town.bead('Third', `${write('c.txt', 'c')}`, a);
    const d = await town.bead('Fourth', 'test -f b.txt\ntest -f c.txt\n' + write('d.txt', 'd'), b, c);
    const convoy = (
      await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', 'Diamond', a, b, c, d], {
        cwd: town.root,
      })
    ).id;
    await town.gt('up');
    await town.convoyLands(convoy);
    assert.equal(fs.existsSync(path.join(town.project, 'a.txt')), false, 'the checkout was touched');
    await town.gt('rig', 'fast-forward', 'toy');
    for (const file of ['a', 'b', 'c', 'd'])
      assert.equal(fs.readFileSync(path.join(town.project, `${file}.txt`), 'utf8'), `${file}\n`);
    const authors = new Set(sh(town.project, 'git', 'log', '--format=%an', '-4').split('\n'));
    assert.ok(
      [...authors].every((author) => /^toy\/polecats\/\w+$/.test(author)),
      [...authors].join(),
    );
    const closed = await town.person.json<Bead[]>('bd', ['show', a, b, c, d], { cwd: path.join(town.root, 'toy') });
    for (const bead of closed) assert.match(bead.close_reason ?? '', /^Merged in [0-9a-f]{12}$/);
    await waitUntil(
      'the worktrees are gone',
      () =>
        !fs.existsSync(path.join(town.root, 'toy', 'polecats')) ||
        fs.readdirSync(path.join(town.root, 'toy', 'polecats')).length === 0,
    );
    assert.equal(
      sh(
        path.join(town.root, 'toy', '.repo.git'),
        'git',
        'for-each-ref',
        '--format=%(refname)',
        'refs/gastown/snapshots',
      ).split('\n').length,
      4,
    );
  });

  it('lands the work below an epic, as a convoy or slung; then the epic can be closed', async () => {
    town = await CliTown.make();
    const epic = (await town.bd('create', 'Pages', '--type', 'epic', '--silent')).trim();
    const below = async (title: string, file: string): Promise<string> => {
      const bead = await town.bead(title, write(file, title));
      await town.bd('update', bead, '--parent', epic);
      return bead;
    };
    await below('First', 'one.txt');
    const staged = await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', 'Pages', epic, '--stage'], {
      cwd: town.root,
    });
    assert.equal(staged.total, 1);
    await below('Second', 'two.txt');
    await town.gt('convoy', 'launch', staged.id);
    const slung = await town.person.json<SlingResult[]>('gt', ['sling', epic, 'toy'], { cwd: town.root });
    assert.equal(slung.length, 2);
    await town.gt('up');
    for (const convoy of new Set(slung.map((result) => result.convoy))) await town.convoyLands(convoy);
    assert.match(await town.bd('epic', 'close-eligible'), new RegExp(epic));
  });

  it('slings one bead with a convoy of its own; a gate that fails sends it back, and the next attempt is merged', async () => {
    town = await CliTown.make({ gates: ['test=test "$(cat value.txt)" = right'] });
    const script =
      'if [ "$GT_ATTEMPT" = 1 ]; then echo wrong > value.txt; else echo right > value.txt; fi\ngit add --all\ngit commit --quiet -m "Value, attempt $GT_ATTEMPT"';
    const bead = await town.bead('Value', script);
    await town.gt('up');
    const [slung] = await town.person.json<{ convoy: string; changed: boolean }[]>('gt', ['sling', bead, 'toy/rust'], {
      cwd: town.root,
    });
    assert.equal(slung!.changed, true);
    await town.convoyLands(slung!.convoy);
    const repository = path.join(town.root, 'toy', '.repo.git');
    assert.equal(sh(repository, 'git', 'show', 'refs/remotes/origin/gastown/main:value.txt'), 'right');
    const events = await town.bd('events', bead, '--json');
    assert.match(events, /gate_failed/);
    assert.match(events, /toy\/polecats\/rust/);
  });

  it('fails a bead that never passes, tells a person, and keeps its worktree', async () => {
    town = await CliTown.make({ gates: ['test=echo no good; exit 7'], settings: { max_attempts: 2 } });
    const bead = await town.bead('Hopeless', 'echo "$GT_ATTEMPT" > x.txt\ngit add --all\ngit commit --quiet -m x');
    await town.gt('up');
    await town.gt('sling', bead, 'toy');
    await waitUntil(
      'it has failed',
      async () => (await town.snapshot()).beads.some((item) => item.id === bead && item.phase === 'failed'),
      60_000,
    );
    const snapshot = await town.snapshot();
    const escalation = snapshot.attention.find((item) => item.bead === bead);
    assert.match(escalation?.title ?? '', /failed: test: failed with exit code 7/);
    assert.match(escalation?.detail ?? '', /no good/);
    assert.equal(fs.readdirSync(path.join(town.root, 'toy', 'polecats')).length, 1);
    assert.equal(fs.existsSync(path.join(town.root, 'toy', 'polecats', 'furiosa', 'rig', 'x.txt')), true);
  });

  it('works where the default branch is not main, paths have spaces and nobody has a user.name', async () => {
    const person = new Person({ GIT_CONFIG_NOSYSTEM: '1' });
    fs.rmSync(path.join(person.home, '.gitconfig'));
    town = await CliTown.make({ person, branch: 'trunk' });
    const bead = await town.bead('One', write('one.txt', '1'));
    await town.gt('up');
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
    await town.convoyLands(slung!.convoy);
    assert.equal(sh(town.project, 'git', 'show', 'gastown/trunk:one.txt'), '1');
    const [created] = await town.person.json<Bead[]>('bd', ['show', bead], { cwd: path.join(town.root, 'toy') });
    assert.equal(created!.created_by, 'ann');
  });

  it('lands in an empty repository', async () => {
    const project = path.join(tempDir('empty'), 'nothing yet');
    fs.mkdirSync(project);
    sh(project, 'git', 'init', '--quiet', '--initial-branch=dev');
    town = await CliTown.make({ project });
    const bead = await town.bead('One', write('one.txt', '1'));
    await town.gt('up');
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
    await town.convoyLands(slung!.convoy);
    assert.equal(sh(project, 'git', 'show', 'gastown/dev:one.txt'), '1');
  });

  it('lands on the default branch itself in a rig made from a URL, also when somebody else pushes meanwhile', async () => {
    const origin = path.join(tempDir('origin'), 'toy.git');
    const source = makeRepository({ 'README.md': '# toy\n' }, 'trunk');
    sh(path.dirname(origin), 'git', 'clone', '--quiet', '--bare', source, origin);
    town = await CliTown.make({ project: `file://${origin.replaceAll(' ', '%20')}`, gates: ['test=sleep 1'] });
    const bead = await town.bead('One', write('one.txt', '1'));
    await town.gt('up');
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
    await waitUntil(
      'its gate runs',
      async () =>
        (await town.snapshot()).agents.some((agent) => agent.role === 'refinery' && agent.state === 'working'),
      30_000,
    );
    commitFiles(source, { 'theirs.txt': 't' }, 'Somebody else');
    sh(source, 'git', 'push', '--quiet', origin, 'trunk');
    await town.convoyLands(slung!.convoy);
    assert.equal(sh(origin, 'git', 'show', 'trunk:one.txt'), '1');
    assert.equal(sh(origin, 'git', 'show', 'trunk:theirs.txt'), 't');
  });

  it('takes hostile titles as what they are: text', async () => {
    town = await CliTown.make();
    const titles = ['"; rm -rf ~; echo "', '../../x', '--force', '$(touch pwned) `touch pwned`', '🧪 日本語 \u202e'];
    const ids: string[] = [];
    for (const title of titles) ids.push(await town.bead(title, write(`f${ids.length}.txt`, 'x', 0)));
    const convoy = await town.person
      .json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', '--', '"; $(touch pwned)', ...ids], { cwd: town.root })
      .catch(
        async () =>
          await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', '"; $(touch pwned)', ...ids], {
            cwd: town.root,
          }),
      );
    await town.gt('up');
    await town.convoyLands(convoy.id);
    const shown = await town.person.json<Bead[]>('bd', ['show', ...ids], { cwd: path.join(town.root, 'toy') });
    assert.deepEqual(
      shown.map((bead) => bead.title),
      titles,
    );
    assert.equal(fs.existsSync(path.join(town.person.home, 'pwned')), false);
    assert.equal(fs.existsSync(town.person.home), true);
    const long = await town.person.run('bd', ['create', `--title=${'x'.repeat(10_000)}`], {
      cwd: path.join(town.root, 'toy'),
    });
    assert.equal(long.code, 1);
    assert.match(long.stderr, /500/);
  });
});
