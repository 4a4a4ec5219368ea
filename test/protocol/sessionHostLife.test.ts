import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { identify, isAlive } from '../../server/src/base/process';
import { connectTo, hostEndpointFile } from '../../server/src/protocol/transport/index';
import { createMessageConnection } from 'vscode-jsonrpc/node';
import { HostFixture, environment, startShell, until, watch } from './sessionHostHelpers';

function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

describe('life of the session host', () => {
  let fixture: HostFixture;
  beforeEach(() => (fixture = new HostFixture()));
  afterEach(() => fixture.close());

  it('outlives its clients and keeps exit records until they are forgotten', async () => {
    const first = await fixture.connect();
    const seen = watch(first, 'done');
    await startShell(first, fixture.root, 'long', 'echo started; read x');
    await startShell(first, fixture.root, 'done', 'exit 3');
    await until(() => seen.exit !== undefined, 'exit');
    first.dispose();
    const second = await fixture.connect();
    assert.deepEqual(
      (await second.list()).map(({ id, exited }) => [id, exited?.code]),
      [
        ['long', undefined],
        ['done', 3],
      ],
    );
    assert.match((await second.attach('long')).screen, /started/);
  });

  it('several clients at once start one host', async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => fixture.connect()));
    assert.equal(new Set(clients.map((client) => client.hostProcess?.pid)).size, 1);
  });

  it('when it is killed, its programs end and its client hears of it and can go on with another', async () => {
    const client = await fixture.connect();
    const lost: string[][] = [];
    client.onDidLoseHost(({ sessions }) => lost.push(sessions));
    const identities = [
      await startShell(client, fixture.root, 'a', 'sleep 300'),
      await startShell(client, fixture.root, 'b', 'sleep 300 & wait'),
      await client.start({ id: 'c', command: 'cat', args: [], cwd: fixture.root, env: environment }),
    ];
    const hostPid = fixture.hostPid;
    process.kill(hostPid, 'SIGKILL');
    await until(() => lost.length === 1, 'loss');
    assert.deepEqual(lost[0]?.sort(), ['a', 'b', 'c']);
    await until(() => identities.every((identity) => !isAlive(identity)), 'all programs end');
    await startShell(client, fixture.root, 'a', 'echo again; sleep 5');
    assert.notEqual(fixture.hostPid, hostPid);
    await until(async () => (await client.screen('a')).includes('again'), 'the new session');
    assert.equal(lost.length, 1);
  });

  it('goes when nobody needs it, and stays while a session lives', async () => {
    const client = await fixture.connect({ hostArguments: ['--idle-ms', '300'] });
    const end = path.join(fixture.root, 'end');
    await startShell(client, fixture.root, 'busy', `until test -e "${end}"; do sleep 0.05; done`);
    const host = identify(fixture.hostPid);
    client.dispose();
    await new Promise((done) => setTimeout(done, 700));
    assert.ok(isAlive(host), 'a session lives');
    fs.writeFileSync(end, '');
    await until(() => !isAlive(host), 'it goes');
    assert.equal(fs.existsSync(hostEndpointFile(fixture.root)), false);
  });

  it('shuts down with all its sessions', async () => {
    const client = await fixture.connect();
    const session = await startShell(client, fixture.root, 's', 'trap "" HUP TERM; while :; do sleep 1; done');
    const host = client.hostProcess;
    await client.shutdown();
    assert.ok(host && !isAlive(host));
    assert.equal(isAlive(session), false, 'even one that ignores the polite signals');
  });

  it('runs on pipes where there is no terminal library, and says so', async () => {
    const client = await fixture.connect({ hostArguments: ['--pipes'] });
    const seen = watch(client, 'p');
    await startShell(client, fixture.root, 'p', 'test -t 1 || echo no terminal; read x; echo "got $x" >&2; exit 4');
    await client.attach('p');
    await client.input('p', 'hi\r');
    await until(() => seen.exit !== undefined, 'exit');
    assert.equal(seen.exit?.code, 4);
    const text = await client.screen('p');
    assert.match(text.split('\n')[0] ?? '', /degraded mode/);
    assert.match(text, /\nno terminal\ngot hi/);
    assert.equal((await client.list())[0]?.degraded, true);
  });

  it('carries twenty sessions in little memory', async function () {
    this.timeout(60_000);
    const client = await fixture.connect();
    const ids = Array.from({ length: 20 }, (_, index) => `s${index}`);
    await Promise.all(
      ids.map((id) =>
        startShell(
          client,
          fixture.root,
          id,
          'i=0; while [ $i -lt 2500 ]; do echo "$i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; i=$((i+1)); done; read x; echo "bye $x"',
          { cols: 120, rows: 32 },
        ),
      ),
    );
    for (const id of ids)
      await until(async () => (await client.screen(id)).includes('2499 '), `output of ${id}`, 40_000);
    const resident = residentKb(fixture.hostPid) / 1024;
    console.log(`      20 sessions with full scrollback: ${resident.toFixed(0)} MB`);
    assert.ok(resident < 220, `${resident} MB`);
    const exits = new Set<string>();
    client.onExit((exit) => exits.add(exit.id));
    await Promise.all(ids.map((id) => client.input(id, `${id}\r`)));
    await until(() => exits.size === 20, 'all end');
    for (const id of ids) assert.match(await client.screen(id), new RegExp(`bye ${id}`));
  });

  it('a flood of output and a slow reader stay within bounds, and the reader gets it all', async function () {
    this.timeout(120_000);
    const client = await fixture.connect();
    const megabytes = 50;
    const { reader, writer, socket } = await connectTo(hostEndpointFile(fixture.root), { kind: 'server' });
    const slow = createMessageConnection(reader, writer);
    let received = 0;
    slow.onNotification('host/output', ({ data }: { data: string }) => {
      received += data.length;
    });
    slow.listen();
    await startShell(
      client,
      fixture.root,
      'flood',
      `read x; head -c ${megabytes * 1024 * 1024} /dev/zero | tr '\\0' x; echo END`,
    );
    await slow.sendRequest('host/attach', { input: { id: 'flood' } });
    const seen = watch(client, 'flood');
    await client.input('flood', '\r');
    const hostPid = fixture.hostPid;
    let peak = 0;
    const start = Date.now();
    // Takes a little now and then.
    const throttle = setInterval(() => {
      socket.pause();
      setTimeout(() => socket.resume(), 30);
      peak = Math.max(peak, residentKb(hostPid));
    }, 40);
    socket.pause();
    await new Promise((done) => setTimeout(done, 1000));
    const whilePaused = await client.list();
    assert.equal(whilePaused[0]?.exited, undefined, 'the program waits for its reader');
    socket.resume();
    await until(() => seen.exit !== undefined, 'exit', 100_000);
    clearInterval(throttle);
    socket.resume();
    await until(() => received >= megabytes * 1024 * 1024, `all of it (${received})`);
    console.log(
      `      ${megabytes} MB in ${((Date.now() - start) / 1000).toFixed(1)} s, peak ${(peak / 1024).toFixed(0)} MB`,
    );
    assert.ok(peak < 250 * 1024, `${peak} kB`);
    const logs = ['flood.log', 'flood.log.1'].map(
      (name) => fs.statSync(path.join(fixture.root, '.runtime/scrollback', name)).size,
    );
    for (const size of logs) assert.ok(size <= 5 * 1024 * 1024 + 70_000, `${size}`);
    slow.dispose();
    socket.destroy();
  });

  it('cuts off a reader that takes nothing at all, so that the program can go on', async function () {
    this.timeout(60_000);
    const client = await fixture.connect({ hostArguments: ['--stuck-ms', '500'] });
    const { reader, writer, socket } = await connectTo(hostEndpointFile(fixture.root), { kind: 'server' });
    const stuck = createMessageConnection(reader, writer);
    stuck.listen();
    await startShell(client, fixture.root, 'f', 'read x; head -c 8000000 /dev/zero | tr "\\0" x; echo THE END; read y');
    await stuck.sendRequest('host/attach', { input: { id: 'f' } });
    socket.pause();
    await client.input('f', '\r');
    await until(async () => (await client.screen('f')).includes('THE END'), 'the program goes on', 30_000);
    stuck.dispose();
    socket.destroy();
  });
});

describe('terminal queries', () => {
  let fixture: HostFixture;
  beforeEach(() => (fixture = new HostFixture()));
  afterEach(() => fixture.close());
  // Asks for the device attributes and the cursor position and prints what comes back within half a second.
  const ask =
    'stty raw -echo min 0 time 5; printf "\\033[c\\033[6n"; sleep 0.4; reply=$(dd bs=1 count=60 2>/dev/null | od -An -c | tr -d " \\n"); stty sane; echo "reply=$reply."; read x';

  it('are answered by the host while nobody watches', async () => {
    const client = await fixture.connect();
    await startShell(client, fixture.root, 'q', ask);
    await until(async () => (await client.screen('q')).includes('reply='), 'reply');
    assert.match(await client.screen('q'), /reply=033\[\?1;2c033\[1;1R\./);
  });

  it('are left to the view while there is one', async () => {
    const client = await fixture.connect();
    await startShell(client, fixture.root, 'q', `read go; ${ask}`);
    await client.attach('q');
    await client.input('q', '\r');
    await until(async () => (await client.screen('q')).includes('reply='), 'reply');
    assert.match(await client.screen('q'), /reply=\./);
  });
});
