import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown, Person } from '../helpers/cliTown';
import type { Bead } from '../../server/src/protocol/bead';

/** Fills what is left of a file system. */
function fill(folder: string): void {
  for (const [name, size] of [
    ['filler', '64K'],
    ['rest', '1'],
  ])
    spawnSync('dd', ['if=/dev/zero', `of=${path.join(folder, name!)}`, `bs=${size}`], { stdio: 'ignore' });
}

describe('a disk that is full', function () {
  this.timeout(180_000);
  const person = new Person();
  const disk = path.join(person.home, 'my town');
  let town: CliTown;

  before(async function () {
    fs.mkdirSync(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk]).status !== 0) {
      console.log('      (skipped: no file system can be mounted here)');
      this.skip();
    }
    fill(disk);
  });
  after(async () => {
    await town?.dispose();
    spawnSync('umount', ['-l', disk], { stdio: 'ignore' });
  });

  const refused = async (program: 'gt' | 'bd', args: string[], cwd: string): Promise<void> => {
    const { code, stdout, stderr } = await person.run(program, args, { cwd });
    const what = `${program} ${args.join(' ')}: ${stdout}${stderr}`;
    assert.equal(code, 1, what);
    assert.match(stderr, /[Nn]o space left on/, what);
    assert.doesNotMatch(stderr, /ENOSPC|\n +at /, what);
  };

  it('is told in a sentence by whatever needs room, and nothing that was acknowledged is lost', async () => {
    await refused('gt', ['install', path.join(disk, 'other')], person.home);
    for (const name of ['filler', 'rest']) fs.rmSync(path.join(disk, name), { force: true });
    fs.rmSync(path.join(disk, 'other'), { recursive: true, force: true });
    town = await CliTown.make({ person });
    const rig = path.join(town.root, 'toy');
    await town.bd('create', '--title=before');
    fill(disk);
    for (const args of [
      ['rig', 'set', 'toy', 'max_workers=7'],
      ['config', 'default-agent', 'claude'],
      ['up'],
      ['rig', 'add', 'other', town.project.replace('toy project', 'other'), '--yes'],
    ]) {
      if (args[1] === 'add') spawnSync('git', ['clone', '--quiet', town.project, args[3]!]);
      await refused('gt', args, town.root);
    }
    await refused('bd', ['create', '--title=refused', '-d', 'x'.repeat(100_000)], rig);
    assert.match(await town.gt('status'), /engine paused/);
    for (const name of ['filler', 'rest']) fs.rmSync(path.join(disk, name), { force: true });
    await town.bd('create', '--title=after');
    await town.gt('rig', 'set', 'toy', 'max_workers=7');
    const beads = await person.json<Bead[]>('bd', ['list', '-n', '0'], { cwd: rig });
    assert.deepEqual(beads.map(({ title }) => title).sort(), ['after', 'before']);
  });
});
