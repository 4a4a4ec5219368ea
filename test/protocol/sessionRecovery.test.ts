import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { endProcessGroup, identify, isAlive, type ProcessIdentity } from '../../server/src/base/process';
import { SessionManager } from '../../server/src/sessions/manager';
import { newToken, SessionRecords, type SessionRecord } from '../../server/src/sessions/records';
import { hostEndpointFile } from '../../server/src/protocol/transport';
import { listen, type RpcServer } from '../../server/src/protocol/transport/rpcServer';
import { TownLayout } from '../../server/src/town/layout';
import { HostFixture, startShell, until, withEachProvider } from './sessionHostHelpers';

withEachProvider('sessions after the death of the server', function (kind) {
  this.timeout(30_000);
  let fixture: HostFixture;
  let managers: SessionManager[];
  beforeEach(() => {
    fixture = new HostFixture(kind);
    managers = [];
  });
  afterEach(async () => {
    for (const manager of managers) manager.dispose();
    await fixture.close();
  });

  const recordsOf = (): SessionRecords => new SessionRecords(new TownLayout(fixture.root));

  function record(id: string, more: Partial<SessionRecord> = {}): SessionRecord {
    return {
      id,
      agent: `toy/polecats/${id}`,
      role: 'polecat',
      rig: 'toy',
      name: id,
      bead: `toy-${id}`,
      runtime: 'script',
      attempt: 1,
      tokenHash: newToken().hash,
      startedAt: 1,
      ...more,
    };
  }

  /** As the next server would do it. */
  async function recover(records: SessionRecords): Promise<{ manager: SessionManager; errors: string[] }> {
    const errors: string[] = [];
    const manager = new SessionManager({
      layout: new TownLayout(fixture.root),
      records,
      onEnded: () => undefined,
      onChange: () => undefined,
      acceptsText: () => false,
      asks: () => undefined,
      log: { error: (text) => errors.push(text) },
      provider: fixture.provider(),
      launch: () => Promise.reject(new Error('not here')),
    });
    managers.push(manager);
    await manager.recover();
    return { manager, errors };
  }

  it('ends the one whose end had begun, and that which nobody knows of; the others live on', async () => {
    const client = await fixture.connect();
    const started: Record<string, ProcessIdentity> = {};
    for (const id of ['stays', 'stopping', 'unknown']) {
      started[id] = await startShell(client, fixture.root, id, 'trap "" TERM; sleep 300 & wait');
      fixture.pids.push(started[id].pid);
    }
    await startShell(client, fixture.root, 'unknown-and-over', 'exit 0');
    const records = recordsOf();
    records.save(record('stays', { ...started.stays }));
    records.save(record('stopping', { ...started.stopping, stopping: 'stopped' }));
    await recover(recordsOf());
    assert.equal(isAlive(started.stays!), true);
    for (const id of ['stopping', 'unknown']) assert.equal(isAlive(started[id]!), false, id);
    const after = recordsOf();
    assert.deepEqual(after.get('stopping')?.exit, { kind: 'stopped', code: null });
    assert.equal(after.get('stays')?.exit, undefined);
    await until(
      async () => !(await client.list()).some((session) => session.id.startsWith('unknown')),
      'the unknown are forgotten',
    );
  });

  describe('with a session host of another version', () => {
    let server: RpcServer;
    let processes: ProcessIdentity[];
    beforeEach(async () => {
      server = await listen({
        root: fixture.root,
        purpose: 'host',
        endpointFile: hostEndpointFile(fixture.root),
        protocol: 99,
        accept: () => ({ ok: true }),
        onConnection: (connection) => connection.listen(),
      });
      processes = ['sleep 300', 'sleep 300'].map((script) =>
        identify(spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' }).pid!),
      );
    });
    afterEach(async () => {
      await server.close();
      for (const one of processes) await endProcessGroup(one, 0);
    });

    it('go by their processes: they live, can be stopped, and their end is noticed', async () => {
      const records = recordsOf();
      const [one, two] = processes as [ProcessIdentity, ProcessIdentity];
      records.save(record('one', one));
      records.save(record('two', two));
      records.save(record('dead', { pid: 999_999_999, start: 'long ago' }));
      const { manager, errors } = await recover(records);
      assert.match(errors.join('\n'), /another version/);
      const exits = (): Record<string, string | undefined> =>
        Object.fromEntries(manager.all().map((session) => [session.id, session.exit?.kind]));
      assert.deepEqual(exits(), { one: undefined, two: undefined, dead: 'killed' });
      await manager.end('one', 'stopped');
      assert.equal(isAlive(one), false);
      assert.equal(exits().one, 'stopped');
      process.kill(-two.pid, 'SIGKILL');
      await until(() => exits().two === 'killed', 'its death is noticed');
      // Nothing new starts beside what cannot be talked to.
      await assert.rejects(manager.client(), /another version/);
    });
  });
});
