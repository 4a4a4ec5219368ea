import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { isAlive, identify } from '../../server/src/base/process';
import type { BeadInfo } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { commitFiles, sh, waitUntil } from '../helpers/temp';

/** Polecats, reviewers and gates that do what they should not. */
describe('bad work', function () {
  this.timeout(120_000);
  let town: CliTown;
  afterEach(() => town.dispose());

  async function sling(bead: string): Promise<string> {
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
    await town.gt('up');
    return slung!.convoy;
  }

  async function failed(bead: string): Promise<BeadInfo> {
    let found: BeadInfo | undefined;
    await waitUntil(
      `${bead} has failed`,
      async () =>
        (found = (await town.snapshot()).beads.find((item) => item.id === bead && item.phase === 'failed')) !==
        undefined,
    );
    return found!;
  }

  it('of a polecat that closes its own bead or commits nothing is not taken for done, and a person is told', async () => {
    town = await CliTown.make({ settings: { max_attempts: 2 } });
    const bead = await town.bead('Lazy', 'bd close "$GT_BEAD" > ../said.txt 2>&1 || true');
    await sling(bead);
    const { problem, attempt } = await failed(bead);
    assert.match(problem ?? '', /Agent exited \(code 1\) before submitting/);
    assert.equal(attempt, 2);
    assert.match(
      fs.readFileSync(path.join(town.root, 'toy', 'polecats', 'furiosa', 'said.txt'), 'utf8'),
      /is on your hook[\s\S]*gt done/,
    );
    assert.ok((await town.snapshot()).attention.some((item) => item.bead === bead));
  });

  it('of a polecat that leaves a process behind: the process ends with its session', async () => {
    town = await CliTown.make();
    const pidFile = path.join(town.person.home, 'left');
    const convoy = await sling(
      await town.bead(
        'Messy',
        `(sleep 600 & echo $! > "${pidFile}")\nsetsid sleep 601 > /dev/null 2>&1 & echo $! > "${pidFile}2"\necho x > x.txt`,
      ),
    );
    await town.convoyLands(convoy);
    for (const file of [pidFile, `${pidFile}2`]) {
      const pid = Number(fs.readFileSync(file, 'utf8'));
      await waitUntil('what it left has ended', () => {
        const found = identify(pid);
        return !found || !isAlive(found) || !sh('/', 'ps', '-o', 'args=', '-p', String(pid)).includes('sleep 60');
      });
    }
  });

  it('of a gate that floods its output is cut, and a gate that changes the tree fails', async () => {
    town = await CliTown.make({ settings: { max_attempts: 1 } });
    await town.gt('rig', 'set', 'toy', 'test=yes "a very long line of output" | head -c 30000000; exit 1');
    const flood = await town.bead('Flood', 'echo x > x.txt');
    await sling(flood);
    await failed(flood);
    const detail = (await town.snapshot()).attention.find((item) => item.bead === flood)?.detail ?? '';
    assert.ok(detail.length < 20_000, `${detail.length} characters`);
    const logs = path.join(town.root, '.runtime', 'gates', 'toy');
    assert.ok(fs.readdirSync(logs).every((file) => fs.statSync(path.join(logs, file)).size <= 6_000_000));
    await town.gt('rig', 'set', 'toy', 'test=echo y >> README.md');
    const change = await town.bead('Change', 'echo z > z.txt');
    await sling(change);
    assert.match((await failed(change)).problem ?? '', /changed the tree.*README\.md/);
  });

  it('of somebody who pushes in between: the merge is done again on top, and both changes are in', async () => {
    const marker = path.join('..', '..', '..', 'pushed');
    town = await CliTown.make();
    // While the gate runs for the first time, somebody else lands a commit.
    const other = path.join(town.person.home, 'other');
    sh(town.person.home, 'git', 'clone', '--quiet', town.project, other);
    commitFiles(other, { 'other.txt': 'other\n' }, 'Somebody else');
    await town.gt(
      'rig',
      'set',
      'toy',
      `test=test -e "${town.root}/${path.basename(marker)}" || { touch "${town.root}/${path.basename(marker)}"; git -C "${other}" push --quiet origin HEAD:refs/heads/gastown/main; }`,
    );
    const convoy = await sling(await town.bead('Mine', 'echo mine > mine.txt'));
    await town.convoyLands(convoy);
    const files = sh(town.project, 'git', 'ls-tree', '--name-only', 'gastown/main').split('\n');
    assert.ok(files.includes('mine.txt') && files.includes('other.txt'), files.join(' '));
  });

  it('of a reviewer that never answers: it is ended after its time, asked again, and then a person has to look', async () => {
    town = await CliTown.make();
    const reviewer = path.join(town.person.home, 'mute.sh');
    fs.writeFileSync(reviewer, '#!/bin/sh\nsleep 600\n', { mode: 0o755 });
    await town.gt('config', 'agent', 'set', 'mute', reviewer, '--prompt', 'none');
    await town.gt('rig', 'set', 'toy', 'review=agent', 'reviewer=mute', 'review_timeout=1');
    await town.gt('config', 'agent', 'accept', 'mute', '--yes');
    const bead = await town.bead('One', 'echo x > x.txt');
    const convoy = await sling(bead);
    await waitUntil(
      'a person has to look',
      async () => (await town.snapshot()).attention.some((item) => item.kind === 'review' && item.bead === bead),
      60_000,
    );
    assert.match(
      (await town.snapshot()).attention.find((item) => item.kind === 'escalation')?.detail ?? '',
      /gave no answer within 1 s[\s\S]*Asked 3 times/,
    );
    await waitUntil('no reviewer lives', () => town.sessions().length === 0);
    await town.gt('mq', 'approve', bead, '-m', 'I have looked');
    await town.convoyLands(convoy);
  });
});
