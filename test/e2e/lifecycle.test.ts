import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { isAlive } from '../../server/src/base/process';
import { CliTown } from '../helpers/cliTown';
import { sh, tempDir, waitUntil } from '../helpers/temp';

const addFile = (file: string): string => `echo x > ${file}\ngit add --all\ngit commit --quiet -m ${file}`;

/** How many commits of a project have this subject. */
function landed(project: string, subject: string): number {
  return sh(project, 'git', 'log', '--format=%s', '--all')
    .split('\n')
    .filter((line) => line === subject).length;
}

describe('the life of the server', function () {
  this.timeout(240_000);
  let town: CliTown | undefined;
  afterEach(async () => {
    await town?.dispose();
    town = undefined;
  });

  /** A gate that takes ten minutes the first time, and none after that; `runs` has a line for each start. */
  function slowGate(): { gate: string; runs: () => number } {
    const folder = tempDir('gate');
    const file = path.join(folder, 'runs');
    const gate = `test=echo run >> '${file}'; test "$(wc -l < '${file}')" -gt 1 || { trap "" TERM; sleep 600; sleep 600; }`;
    return { gate, runs: () => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n').length : 0) };
  }

  it('hands over to a newer build in the middle of a gate of ten minutes, and the merge is repeated once', async () => {
    const older = path.join(tempDir('older'), 'dist');
    execFileSync(process.execPath, ['esbuild.mjs', `--out=${older}`, '--stamp=1000'], { stdio: 'ignore' });
    const { gate, runs } = slowGate();
    town = await CliTown.make({ gates: [gate] });
    const old = { cwd: town.root, dist: older };
    await town.gt('shutdown');
    await town.person.ok('gt', ['up'], old);
    const bead = await town.person.ok(
      'bd',
      ['create', '--title=One', '--silent', '-d', `One\n\n\`\`\`sh\n${addFile('one.txt')}\n\`\`\`\n`],
      { ...old, cwd: path.join(town.root, 'toy') },
    );
    await town.person.ok('gt', ['sling', bead.trim(), 'toy'], old);
    await waitUntil('the gate runs', () => runs() === 1, 60_000);
    const before = town.processOf('server')!;

    const snapshot = await town.snapshot(); // by the newer build; no command of a test works for 50 s
    assert.equal(snapshot.town[0]?.up, true);
    assert.equal(isAlive(before), false);
    assert.notEqual(town.processOf('server')?.pid, before.pid);
    const convoy = snapshot.convoys.find(({ beads }) => beads.includes(bead.trim()))!;
    await town.convoyLands(convoy.id);
    assert.equal(runs(), 2);
    assert.equal(landed(town.project, 'one.txt'), 1);
  });

  it('shuts down in the middle of a gate, which ends with it', async () => {
    const { gate, runs } = slowGate();
    town = await CliTown.make({ gates: [gate] });
    const bead = await town.bead('One', addFile('one.txt'));
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    const record = path.join(town.root, '.runtime', 'gates', 'toy.test.group.json');
    // The gate may run a moment before the server has recorded it.
    await waitUntil('the gate runs', () => runs() === 1 && fs.existsSync(record), 60_000);
    const group = JSON.parse(fs.readFileSync(record, 'utf8')) as { pid: number; start: string };
    await town.gt('shutdown');
    assert.equal(town.processOf('server'), undefined);
    await waitUntil('the gate is gone', () => !isAlive(group));
    const attempts = (await town.snapshot()).beads.find(({ id }) => id === bead);
    assert.equal(attempts?.attempt, 1, 'an interrupted merge is not a failure of the work');
  });

  it('begins again by itself when the server is killed while there is work', async () => {
    town = await CliTown.make();
    const folder = tempDir('wait');
    const bead = await town.bead('One', `until test -e '${folder}/go'; do sleep 0.2; done\n${addFile('one.txt')}`);
    await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await waitUntil('its agent lives', () => town!.sessions().some((session) => session.bead === bead), 60_000);
    const [agent] = town.sessions();
    const before = town.processOf('server')!;
    // Not before the host has been told to watch.
    await waitUntil('work is seen', async () =>
      (await town!.snapshot()).agents.some(({ state }) => state === 'working'),
    );
    process.kill(before.pid, 'SIGKILL');
    await waitUntil(
      'a server serves again',
      () => (town!.processOf('server')?.pid ?? before.pid) !== before.pid,
      60_000,
    );
    assert.equal(town.sessions()[0]?.pid, agent!.pid, 'the agent did not notice');
    fs.writeFileSync(path.join(folder, 'go'), '');
    // No command of ours: the server that the host started lands it.
    await waitUntil('it has landed', () => landed(town!.project, 'one.txt') === 1, 60_000);
  });

  it('goes on with all rigs but the one whose settings cannot be read', async () => {
    town = await CliTown.make();
    const other = path.join(town.person.home, 'other project');
    fs.cpSync(town.project, other, { recursive: true });
    await town.gt('rig', 'add', 'other', other, '--yes', '--gate', 'test=true');
    const bad = await town.bead('Bad', addFile('bad.txt'));
    await town.gt('sling', bad, 'toy');
    const settings = path.join(town.root, 'toy', 'settings', 'config.json');
    const good = fs.readFileSync(settings, 'utf8');
    fs.writeFileSync(settings, '{bad');
    const bead = (
      await town.person.ok(
        'bd',
        ['create', '--title=Fine', '--silent', '-d', `Fine\n\n\`\`\`sh\n${addFile('fine.txt')}\n\`\`\`\n`],
        { cwd: path.join(town.root, 'other') },
      )
    ).trim();
    await town.gt('sling', bead, 'other');
    await town.gt('up');
    await waitUntil('the other rig lands', () => landed(other, 'fine.txt') === 1, 60_000);
    const snapshot = await town.snapshot();
    assert.match(
      snapshot.attention.find(({ kind, rig }) => kind === 'problem' && rig === 'toy')?.detail ?? '',
      /config\.json is not JSON/,
    );
    fs.writeFileSync(settings, good);
    await waitUntil('the repaired rig lands too', () => landed(town!.project, 'bad.txt') === 1, 60_000);
  });
});
