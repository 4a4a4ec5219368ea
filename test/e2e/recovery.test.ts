import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown, Person } from '../helpers/cliTown';
import { Screen, commandsIn } from '../helpers/screen';
import { sh, waitUntil } from '../helpers/temp';
import type { Bead } from '../../server/src/protocol/bead';

/** A machine may be busy with other things. */
const LIMIT_MS = 120_000;

/** Takes until it is told to go on: what happens meanwhile happens in the middle of its work. */
const addFile = (file: string, goOn?: string): string =>
  [
    `echo ${file} > ${file}; git add --all; git diff --cached --quiet || git commit --quiet -m ${file}`,
    ...(goOn === undefined ? [] : [`while [ ! -e "${goOn}" ]; do sleep 0.1; done`]),
  ].join('\n');

/** What a person without any knowledge of the product does: the words on the screen, and nothing else. */
describe('recovery without an expert', function () {
  this.timeout(300_000);
  let town: CliTown;
  let screen: Screen;
  const rig = (): string => path.join(town.root, 'toy');

  async function make(options: Parameters<typeof CliTown.make>[0] = {}): Promise<void> {
    town = await CliTown.make(options);
    screen = new Screen(town.person);
  }
  afterEach(async () => town.dispose());

  async function titles(folder: string): Promise<string[]> {
    const beads = await town.person.json<Bead[]>('bd', ['list', '-n', '0'], { cwd: folder });
    return beads.map(({ title }) => title).sort();
  }

  async function endServer(): Promise<void> {
    town.kill('server');
    await waitUntil('the server has ended', () => town.processOf('server') === undefined, LIMIT_MS);
  }

  for (const [ledger, what, harm] of [
    ['rig', 'a line that is garbage', () => 'garbage'],
    ['town', 'a line that was cut', (line: string) => line.slice(0, 40)],
    ['rig', 'a block of zeros', (line: string) => '\0'.repeat(line.length)],
  ] as const)
    it(`from a journal of the ${ledger} with ${what}`, async () => {
      await make();
      const folder = ledger === 'town' ? town.root : rig();
      for (const title of ['one', 'two', 'three'])
        await town.person.ok('bd', ['create', `--title=${title}`], { cwd: folder });
      await endServer();
      const file = path.join(folder, '.beads', 'journal.jsonl');
      const lines = fs.readFileSync(file, 'utf8').split('\n');
      lines[1] = harm(lines[1]!);
      fs.writeFileSync(file, lines.join('\n'));

      const refused = await screen.run('bd create --title=four', folder);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /journal\.jsonl is damaged at line \d/);
      const up = await screen.run('gt up', town.root);
      if (ledger === 'town') {
        assert.equal(up.code, 1);
        assert.match(up.stderr, /journal\.jsonl is damaged at line \d/);
        assert.equal((await town.snapshot()).town[0]?.up, false);
      }
      await screen.follow(refused.stderr, /^bd --db .* doctor --fix$/, folder);
      await screen.ok('bd create --title=four', folder);
      const kept = await titles(folder);
      assert.ok(
        ['one', 'three', 'four'].every((title) => kept.includes(title)),
        kept.join(),
      );
      assert.deepEqual(await screen.followAttention(town.root), []);
    });

  for (const when of ['while the server runs', 'before it starts'] as const)
    it(`from a ledger with conflict markers that came ${when}`, async () => {
      await make();
      await town.bd('create', '--title=ours');
      await town.gt('shutdown'); // which writes the file
      const file = path.join(rig(), '.beads', 'issues.jsonl');
      if (when === 'while the server runs') await town.gt('status');
      const ours = fs.readFileSync(file, 'utf8');
      const theirs = ours.replace('"ours"', '"theirs"').replace(/"toy-\w+"/, '"toy-zzzzz"');
      fs.writeFileSync(file, `<<<<<<< HEAD\n${ours}=======\n${theirs}>>>>>>> theirs\n`);
      await waitUntil(
        'it is shown',
        async () => /conflict markers/.test(await screen.ok('gt status', town.root)),
        LIMIT_MS,
      );
      const [command, ...more] = await screen.followAttention(town.root);
      assert.match(command!, /^bd --db .* doctor --fix$/);
      assert.deepEqual(more, []);
      assert.deepEqual(await titles(rig()), ['ours', 'theirs']);
      await screen.ok('bd create --title=new', rig());
    });

  it('from a server that hangs', async () => {
    await make();
    await town.bd('create', '--title=kept');
    const { pid } = town.processOf('server')!;
    process.kill(pid, 'SIGSTOP');
    const { code, stderr } = await screen.run('bd create --title=new', rig());
    assert.equal(code, 1);
    await screen.follow(stderr, new RegExp(`^kill -9 ${pid}$`), town.root);
    await screen.ok('bd create --title=new', rig());
    assert.deepEqual(await titles(rig()), ['kept', 'new']);
  });

  for (const when of ['while nothing runs', 'while an agent works', 'while the server is down'] as const)
    it(`from a .repo.git that was removed ${when}`, async () => {
      await make();
      const goOn = path.join(town.person.home, 'go on');
      const bead = await town.bead('One', addFile('one.txt', when === 'while an agent works' ? goOn : undefined));
      const slung = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
      const worktree = path.join(rig(), 'polecats', 'furiosa', 'rig');
      if (when === 'while an agent works') {
        await town.gt('up');
        await waitUntil('it works', () => fs.existsSync(path.join(worktree, 'one.txt')), LIMIT_MS);
      }
      if (when === 'while the server is down') await town.gt('shutdown');
      // In one step: the server works in it.
      fs.renameSync(path.join(rig(), '.repo.git'), path.join(town.person.home, 'removed'));
      fs.writeFileSync(goOn, '');
      if (when !== 'while an agent works') await town.gt('up');
      await town.convoyLands(slung[0]!.convoy, 120_000);
      assert.equal(sh(town.project, 'git', 'show', 'gastown/main:one.txt'), 'one.txt');
      await screen.followAttention(town.root);
    });

  for (const part of ['polecats/furiosa/rig', 'polecats/furiosa'] as const)
    for (const live of [true, false])
      it(`from ${part} that was removed by hand while its agent ${live ? 'works' : 'is stopped'}`, async () => {
        await make();
        const goOn = path.join(town.person.home, 'go on');
        const bead = await town.bead('One', addFile('one.txt', goOn));
        const slung = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
        await town.gt('up');
        await waitUntil(
          'it works',
          () => fs.existsSync(path.join(rig(), 'polecats', 'furiosa', 'rig', 'one.txt')),
          LIMIT_MS,
        );
        if (!live) await town.gt('stop', '--all');
        fs.rmSync(path.join(rig(), ...part.split('/')), { recursive: true });
        fs.writeFileSync(goOn, '');
        if (!live) await town.gt('up');
        await town.convoyLands(slung[0]!.convoy, 120_000);
        assert.equal(sh(town.project, 'git', 'show', 'gastown/main:one.txt'), 'one.txt');
        await screen.followAttention(town.root);
      });

  it('from a session host that was killed while ten agents live', async () => {
    await make({ maxWorkers: 10 });
    const goOn = path.join(town.person.home, 'go on');
    const files = Array.from({ length: 10 }, (_unused, index) => `file${index}.txt`);
    const beads: string[] = [];
    for (const file of files) beads.push(await town.bead(file, addFile(file, goOn)));
    const slung = await town.person.json<{ convoy: string }[]>('gt', ['sling', ...beads, 'toy'], { cwd: town.root });
    await town.gt('up');
    await waitUntil('all live', () => new Set(town.sessions().map(({ bead }) => bead)).size === 10, 120_000);
    const before = new Set(town.sessions().map(({ pid }) => pid));
    assert.ok(town.kill('host'));
    await waitUntil(
      'all live again, in new processes',
      () => town.sessions().filter(({ pid }) => !before.has(pid)).length === 10,
      180_000,
    );
    assert.equal(town.sessions().length, 10, 'none of the former ones is left');
    fs.writeFileSync(goOn, '');
    for (const { convoy } of slung) await town.convoyLands(convoy, 240_000);
    const subjects = sh(town.project, 'git', 'log', '--format=%s', 'gastown/main').split('\n');
    for (const file of files) assert.equal(subjects.filter((subject) => subject === file).length, 1, file);
    await screen.followAttention(town.root);
  });

  for (const where of ['another place', 'another machine'] as const)
    it(`from a town that was copied to ${where}`, async () => {
      await make();
      await town.bd('create', '--title=here');
      await town.gt('up');
      await town.gt('shutdown');
      const person = where === 'another place' ? town.person : new Person();
      const there = new Screen(person);
      const copy = path.join(person.home, "my town's copy, for $5");
      fs.cpSync(town.root, copy, { recursive: true, verbatimSymlinks: true });
      for (const command of ['gt status', 'bd list', 'gt up']) {
        const refused = await there.run(command, path.join(copy, 'toy'));
        assert.equal(refused.code, 1, command);
        assert.match(refused.stderr, /is not in your registry/, command);
        assert.doesNotMatch(refused.stderr, /ended with code|daemon\.log/, command);
        assert.ok(
          commandsIn(refused.stderr).some((found) => found.startsWith('gt install ')),
          refused.stderr,
        );
      }
      const { stderr } = await there.run('gt status', copy);
      await there.follow(stderr, /^gt install /, copy);
      try {
        assert.match(await there.ok('gt status', copy), /engine paused/);
        await there.followAttention(copy);
        assert.match(await there.ok('bd list', path.join(copy, 'toy')), /here/);
        await there.ok('gt up', copy);
      } finally {
        await there.ok('gt shutdown', copy);
      }
    });
});
