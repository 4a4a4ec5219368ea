import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { MergeRequestInfo } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { sh, waitUntil } from '../helpers/temp';

describe('work on the same files', function () {
  this.timeout(120_000);
  let town: CliTown | undefined;
  afterEach(async () => {
    await town?.dispose();
    town = undefined;
  });

  it('is not begun while other work touches the files that a bead declares, and begins once that has landed', async () => {
    town = await CliTown.make({ files: { 'shared.txt': 'a\n' }, maxWorkers: 2 });
    const refused = await town.person.run('gt', ['rig', 'set', 'toy', 'avoid_overlap=often'], { cwd: town.root });
    assert.notEqual(refused.code, 0);
    await town.gt('rig', 'set', 'toy', 'avoid_overlap=true');
    const [committed, go] = ['committed', 'go'].map((name) => path.join(town!.person.home, name));
    const first = await town.bead(
      'First',
      `echo one >> shared.txt\ngit commit -qam one\ntouch "${committed}"\nwhile [ ! -f "${go}" ]; do sleep 0.1; done`,
    );
    const second = await town.bead('Second', 'echo two >> shared.txt');
    const third = await town.bead('Third', 'echo three > other.txt');
    await town.bd('update', second, '--set-metadata', 'files=shared.txt,src/**');
    await town.bd('update', third, '--set-metadata', 'files=other.txt');
    await town.gt('sling', first, 'toy');
    await town.gt('up');
    await waitUntil('the first has a commit', () => fs.existsSync(committed!));
    for (const bead of [second, third]) await town.gt('sling', bead, 'toy');
    const reasons = async (): Promise<string> => {
      const { beads } = await town!.snapshot();
      return JSON.stringify(beads.find(({ id }) => id === second)?.why ?? []);
    };
    await waitUntil('the second waits for it', async () => (await reasons()).includes('"overlap"'));
    assert.match(await reasons(), new RegExp(`"id":"${first}"[\\s\\S]*"shared.txt"`));
    const isClosed = async (bead: string): Promise<boolean> =>
      (await town!.bd('show', bead, '--json')).includes('"status": "closed"');
    await waitUntil('the third has landed meanwhile', () => isClosed(third));
    assert.equal(await isClosed(second), false);
    fs.writeFileSync(go!, '');
    await waitUntil('the second has landed', () => isClosed(second));
    assert.equal(sh(town.project, 'git', 'show', 'gastown/main:shared.txt'), 'a\none\ntwo');
  });

  it('is shown in the merge queue with the number of files', async () => {
    town = await CliTown.make({ maxWorkers: 2 });
    await town.gt('rig', 'set', 'toy', 'review=person');
    const one = await town.bead('One', 'echo 1 > a.txt; echo 1 > b.txt; echo 1 > c.txt');
    const two = await town.bead('Two', 'echo 2 > a.txt; echo 2 > b.txt');
    const other = await town.bead('Other', 'echo 3 > d.txt');
    for (const bead of [one, two, other]) await town.gt('sling', bead, 'toy');
    await town.gt('up');
    const list = (): Promise<MergeRequestInfo[]> =>
      town!.person.json<MergeRequestInfo[]>('gt', ['mq', 'list'], { cwd: town!.root });
    await waitUntil('all are submitted', async () => (await list()).length === 3);
    const overlaps = new Map((await list()).map((info) => [info.bead, info.overlaps]));
    assert.deepEqual(overlaps.get(one), [{ bead: two, files: 2 }]);
    assert.deepEqual(overlaps.get(two), [{ bead: one, files: 2 }]);
    assert.deepEqual(overlaps.get(other), []);
    assert.match(await town.gt('mq', 'list'), new RegExp(`overlaps with ${two} in 2 files`));
    assert.match(await town.gt('mq', 'status', one), new RegExp(`overlaps with ${two} in 2 files`));
  });
});
