import assert from 'node:assert/strict';
import { isAlive } from '../../server/src/base/process';
import { SessionHostClient } from '../../server/src/sessions/hostClient';
import { SessionManager } from '../../server/src/sessions/manager';
import { SessionRecords } from '../../server/src/sessions/records';
import { TownLayout } from '../../server/src/town/layout';
import { StdioProvider } from '../helpers/stdioProvider';
import { environment, HostFixture, sessionHostJs, startShell, until, watch } from './sessionHostHelpers';

describe('a session host behind the standard input and output of another process', function () {
  this.timeout(60_000);
  let fixture: HostFixture;
  let provider: StdioProvider;

  beforeEach(() => {
    fixture = new HostFixture();
    provider = new StdioProvider(fixture.root, sessionHostJs);
  });
  afterEach(() => fixture.close());

  it('loses nothing when the link is cut: the session lives, and what it says meanwhile is there', async () => {
    const client = await SessionHostClient.connect(provider);
    fixture.clients.push(client);
    const seen = watch(client, 'one');
    const lost: unknown[] = [];
    const again: string[] = [];
    client.onDidLoseHost((event) => lost.push(event));
    client.onDidReattach(({ screen }) => again.push(screen.screen));
    const shell = await startShell(
      client,
      fixture.root,
      'one',
      'read a; echo "got $a"; read b; echo "then $b"; read c',
    );
    await client.attach('one');

    provider.bridges.at(-1)!.kill('SIGKILL');
    await until(() => again.length === 1, 'the session is attached again');
    await client.input('one', 'first\r');
    await until(async () => (await client.screen('one')).includes('got first'), 'the first answer');
    provider.bridges.at(-1)!.kill('SIGKILL');
    await client.input('one', 'second\r');
    await until(async () => (await client.screen('one')).includes('then second'), 'the second answer');

    assert.equal(isAlive(shell), true);
    assert.equal(seen.exit, undefined);
    assert.deepEqual(lost, []);
    assert.ok(provider.bridges.length >= 3);
    await client.kill('one', 'SIGKILL');
    await until(() => seen.exit !== undefined, 'its end');
  });

  it('is asked for processes and folders by whoever manages sessions', async () => {
    const layout = new TownLayout(fixture.root);
    const records = new SessionRecords(layout);
    const manager = new SessionManager({
      layout,
      records,
      provider,
      launch: async () => ({ command: '/bin/sh', args: ['-c', 'read x'], cwd: fixture.root, env: environment }),
      acceptsText: () => true,
      asks: () => undefined,
      onEnded: () => undefined,
      onChange: () => undefined,
      log: { error: () => undefined },
    });
    try {
      await manager.recover();
      await manager.start({ agent: 'mayor', runtime: 'shell', attempt: 0, resume: false });
      const [{ id, pid, start } = { id: '' }] = records.all();
      assert.ok(pid !== undefined && start !== undefined);
      await until(() => provider.asked.includes('aliveAmong'), 'a look at the processes');
      await manager.endAgent('mayor', 'stopped');
      assert.equal(isAlive({ pid, start }), false);
      assert.ok(provider.asked.includes('hasHost'));
      assert.ok(provider.asked.includes(`endSession ${id}`));
    } finally {
      manager.dispose();
    }
  });
});
