import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { identify, isAlive } from '../../server/src/base/process';
import { DescendantWatch, endProcessesWith } from '../../server/src/base/processTraces';
import { waitUntil } from '../helpers/temp';

describe('processes that something started', () => {
  before(function () {
    if (process.platform === 'linux') return;
    console.log('      (only Linux shows the environment of a process: nothing was checked)');
    this.skip();
  });

  it('end wherever they have put themselves, and no others', async () => {
    const start = (session: string, script: string) =>
      identify(
        spawn('sh', ['-c', script], {
          detached: true,
          stdio: 'ignore',
          env: { PATH: process.env.PATH, GT_ROOT: '/t', GT_SESSION: session },
        }).pid!,
      );
    const deaf = start('toy-a', "trap '' TERM; while :; do sleep 0.1; done");
    const plain = start('toy-a', 'sleep 60');
    const other = start('toy-ab', 'sleep 60');
    try {
      await endProcessesWith({ variables: { GT_ROOT: '/t', GT_SESSION: 'toy-a' } }, 100);
      await waitUntil('both are gone', () => !isAlive(deaf) && !isAlive(plain));
      assert.equal(isAlive(other), true);
    } finally {
      await endProcessesWith({ variables: { GT_ROOT: '/t', GT_SESSION: 'toy-ab' } }, 100);
    }
    await waitUntil('the other is gone', () => !isAlive(other));
  });

  it('are known as descendants after they have left everything that they inherited', async () => {
    const parent = spawn('sh', ['-c', 'env -i setsid sh -c "cd /; sleep 60 & echo \\$!; wait" & cat'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const watch = new DescendantWatch(identify(parent.pid!));
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const sleep = Number(line.toString());
    watch.look();
    const ended = once(parent, 'exit');
    parent.stdin.end();
    await ended;
    const seen = watch.stop();
    assert.ok(
      seen.some(({ pid }) => pid === sleep),
      JSON.stringify(seen),
    );
    await endProcessesWith({ variables: {}, seen }, 100);
    await waitUntil('all are gone', () => !seen.some(isAlive));
  });
});
