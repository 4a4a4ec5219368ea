import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { identify, isAlive } from '../../server/src/base/process';
import { endProcessesWith } from '../../server/src/base/processEnvironment';
import { waitUntil } from '../helpers/temp';

describe('processes of an environment', () => {
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
      await endProcessesWith({ GT_ROOT: '/t', GT_SESSION: 'toy-a' }, 100);
      await waitUntil('both are gone', () => !isAlive(deaf) && !isAlive(plain));
      assert.equal(isAlive(other), true);
    } finally {
      await endProcessesWith({ GT_ROOT: '/t', GT_SESSION: 'toy-ab' }, 100);
    }
    await waitUntil('the other is gone', () => !isAlive(other));
  });
});
