import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { isAlive } from '../../server/src/base/process';
import { ledgerStatesFolder } from '../../server/src/protocol/transport/serverPlace';
import { LedgerProject } from '../helpers/ledgerProject';

describe('bd daemon', function () {
  this.timeout(120_000);
  let project: LedgerProject;
  beforeEach(async () => {
    project = await LedgerProject.make();
  });
  afterEach(() => project.dispose());

  const answer = async (...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse(await project.ok(...args, '--json')) as Record<string, unknown>;

  it('says which server runs, starts and stops it; bd info says how the ledger is used', async () => {
    const { root, logFile } = project.place;
    const stopped = { workspace: root, status: 'not_running', log_path: logFile, mode: 'ledger' };
    assert.deepEqual(await answer('daemon', 'status'), stopped);
    assert.equal(project.server(), undefined, 'asking starts none');
    assert.deepEqual(await answer('daemon', 'stop'), { workspace: root, stopped: false });

    await project.ok('daemon', 'start');
    const server = project.requireServer();
    const { pid, socket } = server;
    assert.deepEqual(await answer('daemon', 'status'), { ...stopped, status: 'running', pid, socket_path: socket });
    const served = await answer('info');
    assert.deepEqual(
      [served.mode, served.daemon_connected, served.daemon_pid, served.socket_path],
      ['daemon', true, pid, socket],
    );
    assert.match(
      await project.ok('info'),
      new RegExp(`Mode: daemon\n\nDaemon Status:\n  Connected: yes\n  PID: ${pid}\n`),
    );
    assert.deepEqual(JSON.parse(await project.ok('daemons', 'list', '--json')), [{ workspace: root, pid, socket }]);
    assert.match(await project.ok('daemon', 'logs'), /serving /);

    const id = await project.create('kept');
    assert.deepEqual(await answer('daemon', 'stop', String(pid)), { workspace: root, stopped: true, pid });
    assert.equal(isAlive(server), false);
    assert.ok(project.file().includes(id), 'it has saved what it had');
    const direct = await answer('--no-daemon', 'info');
    assert.deepEqual([direct.mode, direct.daemon_connected, 'daemon_pid' in direct], ['direct', false, false]);
    assert.match(await project.ok('--no-daemon', 'info'), /Mode: direct\n\nDaemon Status:\n {2}Connected: no\n/);
  });

  it('is restarted, checked and stopped with all others', async () => {
    const { root } = project.place;
    assert.deepEqual(await answer('daemon', 'health'), { total: 0, healthy: 0, unresponsive: 0, daemons: [] });
    assert.equal(await project.ok('daemon', 'killall'), 'No servers are running\n');
    await project.ok('daemon', 'start');
    const before = project.requireServer();
    const { workspace, pid } = await answer('daemon', 'restart');
    const { socket } = project.requireServer();
    assert.deepEqual([workspace, pid, isAlive(before)], [root, project.requireServer().pid, false]);
    assert.notEqual(pid, before.pid);
    const row = { workspace: root, pid, socket, status: 'healthy' };
    assert.deepEqual(await answer('daemons', 'health'), { total: 1, healthy: 1, unresponsive: 0, daemons: [row] });
    fs.rmSync(socket);
    const { code, stdout } = await project.run(['daemon', 'health']);
    assert.deepEqual(
      [code, stdout.includes('Unresponsive: 1'), stdout.includes(`${String(pid)}\t${root}`)],
      [1, true, true],
    );
    assert.deepEqual(await answer('daemon', 'killall', '--force'), { stopped: 1, failed: 0, failures: [] });
    assert.equal(project.server(), undefined);
  });

  it('says what is wrong', async () => {
    const failing = async (args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> => {
      const { code, stderr } = await project.run(args, env);
      assert.equal(code, 1, args.join(' '));
      return stderr;
    };
    assert.match(await failing(['daemon', 'stop', '999999999']), /no server of a ledger has the process id 999999999/);
    assert.match(await failing(['daemon', 'stop', 'nowhere']), /no beads database found at .*nowhere/);
    assert.match(await failing(['daemon', 'start'], { BEADS_NO_DAEMON: '1' }), /no server was started/);
    fs.rmSync(project.directory, { recursive: true });
    assert.match(await failing(['daemon', 'status']), /no beads database found/);
  });

  it('what is kept about a ledger says which one it is', async () => {
    await project.create('x');
    const states = ledgerStatesFolder(project.person.env);
    const [name] = fs.readdirSync(states);
    assert.equal(fs.readFileSync(path.join(states, name!, 'ledger'), 'utf8'), project.directory);
  });
});
