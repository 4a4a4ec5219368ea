import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { UserError } from '../../server/src/base/errors';
import { identify, isAlive } from '../../server/src/base/process';
import { connectTo, hostEndpointFile, readEndpoint } from '../../server/src/protocol/transport/index';
import type { SessionHostClient } from '../../server/src/sessions/hostClient';
import { HostFixture, environment, startShell, until, watch, withEachProvider } from './sessionHostHelpers';

async function rejection(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => assert.fail('should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof UserError, String(error));
  return error;
}

withEachProvider('session host', (kind) => {
  let fixture: HostFixture;
  let client: SessionHostClient;
  beforeEach(async () => {
    fixture = new HostFixture(kind);
    client = await fixture.connect();
  });
  afterEach(() => fixture.close());

  it('runs a program on a real terminal, shows its output and tells how it ended', async () => {
    const seen = watch(client, 'one');
    const { pid, start } = await startShell(
      client,
      fixture.root,
      'one',
      'test -t 0 && echo on a terminal; read line; echo "got $line"; exit 7',
    );
    assert.ok(isAlive({ pid, start }));
    await client.attach('one');
    await client.input('one', 'hello\r');
    await until(() => seen.exit !== undefined, 'exit');
    assert.deepEqual(seen.exit, { id: 'one', code: 7, signal: null });
    assert.match(await client.screen('one'), /on a terminal[\s\S]*got hello/);
    const [info] = await client.list();
    assert.equal(info?.exited?.code, 7);
    assert.equal(info.degraded, false);
    assert.equal(info.pid, pid);
    assert.ok(info.lastOutputAt);
    assert.match(fs.readFileSync(path.join(fixture.root, '.runtime/scrollback/one.log'), 'utf8'), /got hello/);
    assert.equal((await rejection(client.input('one', 'x'))).code, 'conflict');
    await client.forget('one');
    assert.deepEqual(await client.list(), []);
    assert.match(await client.lastOutput('one'), /^on a terminal\n[\s\S]*got hello$/);
    assert.equal((await rejection(client.lastOutput('two'))).code, 'not-found');
  });

  it('gives a program exactly the environment it was given', async () => {
    process.env.GT_LEAK = 'from the test';
    const seen = watch(client, 'env');
    await startShell(client, fixture.root, 'env', 'read line; env | sort');
    delete process.env.GT_LEAK;
    await client.attach('env');
    await client.input('env', '\r');
    await until(() => seen.exit !== undefined, 'exit');
    const names = seen.text
      .split(/\r?\n/)
      .filter((line) => line.includes('='))
      .map((line) => line.split('=')[0]);
    const fromShell = ['_', 'SHLVL', 'OLDPWD'];
    assert.deepEqual(
      names.filter((name) => !fromShell.includes(name ?? '')).sort(),
      [...Object.keys(environment), 'PWD', 'TERM'].sort(),
    );
  });

  it('tells the signal that ended a program', async () => {
    const seen = watch(client, 'k');
    await startShell(client, fixture.root, 'k', 'sleep 100 & wait');
    await client.kill('k', 'SIGKILL');
    await until(() => seen.exit !== undefined, 'exit');
    assert.deepEqual(seen.exit, { id: 'k', code: null, signal: 'SIGKILL' });
    await client.kill('k'); // to one that ended: nothing happens
  });

  it('kills the whole process group', async () => {
    await startShell(client, fixture.root, 'g', 'sleep 300 & echo $! > child; wait');
    const file = path.join(fixture.root, 'child');
    await until(() => fs.existsSync(file) && fs.readFileSync(file, 'utf8').endsWith('\n'), 'child');
    const child = identify(Number(fs.readFileSync(file, 'utf8')));
    assert.ok(isAlive(child));
    await client.kill('g', 'SIGTERM');
    await until(() => !isAlive(child), 'child ends');
  });

  it('resizes the terminal', async () => {
    const seen = watch(client, 'size');
    await startShell(client, fixture.root, 'size', 'stty size; read x; stty size');
    await client.attach('size');
    await until(async () => (await client.screen('size')).includes('24 80'), 'first size');
    await client.resize('size', 101, 33);
    await client.input('size', '\r');
    await until(() => seen.exit !== undefined, 'exit');
    assert.match(seen.text, /33 101/);
    const [info] = await client.list();
    assert.deepEqual([info?.cols, info?.rows], [101, 33]);
  });

  it('brings the screen back to whoever attaches later, and goes on without a gap', async () => {
    const script =
      'for i in $(seq 1 300); do echo "line $i"; done; read x; printf "\\033[31mred\\033[0m after\\n"; read y; echo end';
    await startShell(client, fixture.root, 'replay', script);
    await until(async () => (await client.screen('replay')).includes('line 300'), 'output');
    const first = await client.attach('replay');
    assert.match(first.screen, /line 1\r?\n/);
    assert.match(first.screen, /line 300/);
    await client.detach('replay');
    const seen = watch(client, 'replay');
    await client.input('replay', '\r');
    await until(async () => (await client.screen('replay')).includes('red after'), 'more');
    assert.equal(seen.text, '', 'nothing reaches a connection that is not attached');

    const other = await fixture.connect();
    const seenByOther = watch(other, 'replay');
    const second = await other.attach('replay');
    assert.match(second.screen, /\u001b\[31mred/);
    assert.ok(second.sequence > first.sequence);
    await client.input('replay', '\r');
    await until(() => seenByOther.exit !== undefined, 'exit');
    assert.match(seenByOther.text, /end/);
    assert.equal(seenByOther.sequences[0], second.sequence + 1);
    const third = await other.attach('replay');
    assert.equal(third.exited?.code, 0);
    assert.match(third.screen, /end/);
  });

  it('starts the server again that it watches, once its connection is lost', async () => {
    const started = path.join(fixture.root, 'started');
    const script = path.join(fixture.root, 'server.js');
    fs.writeFileSync(
      script,
      `require('fs').writeFileSync(${JSON.stringify(started)}, process.argv.slice(2).join(' '))`,
    );
    await client.watch(true, script);
    client.dispose();
    const said = (): string => (fs.existsSync(started) ? fs.readFileSync(started, 'utf8') : '');
    await until(() => said() !== '', 'the server is started', 30_000);
    assert.equal(said(), `--town ${fixture.root}`);
    await (await fixture.connect()).watch(false, script);
  });

  it('takes a key only for the screen that its sender has seen', async () => {
    await startShell(
      client,
      fixture.root,
      'asks',
      'read x; echo "Overwrite everything?"; read y; echo "answered <$y>"',
    );
    const seen = await client.view('asks');
    await client.input('asks', 'go\r');
    await until(async () => (await client.screen('asks')).includes('Overwrite'), 'the question');
    await assert.rejects(
      client.input('asks', '\r', { onlyAt: seen.sequence }),
      (error) => error instanceof UserError && error.code === 'conflict',
    );
    const now = await client.view('asks');
    assert.doesNotMatch(now.text, /answered/);
    await client.input('asks', '\r', { onlyAt: now.sequence });
    await until(async () => (await client.screen('asks')).includes('answered <>'), 'the answer');
  });

  it('loses and doubles nothing for a view that attaches in the middle of output', async () => {
    await startShell(
      client,
      fixture.root,
      'mid',
      'i=0; while [ $i -lt 3000 ]; do echo "<$i>"; i=$((i+1)); done; sleep 0.2',
    );
    const seen = watch(client, 'mid');
    const screens: { screen: string; sequence: number; at: number }[] = [];
    for (let round = 0; round < 5; round++) {
      const screen = await client.attach('mid');
      screens.push({ ...screen, at: seen.text.length });
      await new Promise((done) => setTimeout(done, 10));
    }
    await until(() => seen.exit !== undefined, 'exit', 20_000);
    const first = screens[0];
    assert.ok(first);
    for (const [index, sequence] of seen.sequences.entries()) assert.equal(sequence, first.sequence + 1 + index);
    const numbers = [...(first.screen + seen.text).matchAll(/<(\d+)>/g)].map((match) => Number(match[1]));
    const start = numbers[0] ?? -1; // older lines may have left the scrollback
    assert.deepEqual(
      numbers,
      Array.from({ length: 3000 - start }, (_, index) => start + index),
    );
  });

  it('says clearly why a program cannot be started', async () => {
    const start = { id: 'bad', command: 'sh', args: [], cwd: fixture.root, env: environment };
    assert.match(
      (await rejection(client.start({ ...start, command: 'no-such-command' }))).message,
      /no-such-command was not found on PATH/,
    );
    assert.match(
      (await rejection(client.start({ ...start, command: '/no/such/file' }))).message,
      /there is no \/no\/such\/file/,
    );
    fs.writeFileSync(path.join(fixture.root, 'plain'), 'text');
    assert.match(
      (await rejection(client.start({ ...start, command: path.join(fixture.root, 'plain') }))).message,
      /not an executable/,
    );
    assert.match((await rejection(client.start({ ...start, env: {} }))).message, /not found on PATH/);
    assert.match((await rejection(client.start({ ...start, cwd: '/no/such/folder' }))).message, /working directory/);
    assert.match((await rejection(client.start({ ...start, cwd: 'relative' }))).message, /working directory/);
    assert.match((await rejection(client.start({ ...start, id: '../escape' }))).message, /bad parameters/);
    assert.deepEqual(await client.list(), []);
    await startShell(client, fixture.root, 'bad', 'sleep 5');
    assert.equal((await rejection(client.start(start))).code, 'conflict');
    assert.equal((await rejection(client.forget('bad'))).code, 'conflict');
    for (const call of [
      client.attach('none'),
      client.input('none', ''),
      client.resize('none', 80, 24),
      client.screen('none'),
      client.kill('none'),
    ]) {
      assert.equal((await rejection(call)).code, 'not-found');
    }
    await client.forget('none');
  });

  it('is not hurt by garbage, strangers and clients that vanish', async () => {
    await startShell(client, fixture.root, 'safe', 'echo alive; read x');
    const endpoint = readEndpoint(hostEndpointFile(fixture.root));
    assert.ok(endpoint);
    for (const garbage of ['GET / HTTP/1.0\r\n\r\n', '\0'.repeat(100_000), '{"gastown":1}\n']) {
      const socket = net.connect(endpoint.socket);
      socket.on('error', () => undefined);
      socket.write(garbage);
      await new Promise((done) => socket.once('close', done));
    }
    for (const garbage of [
      'Content-Length: zzz\r\n\r\n',
      'Content-Length: 2\r\n\r\n[]',
      'Content-Length: 49\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"host/attach"}  ',
    ]) {
      const { socket } = await connectTo(hostEndpointFile(fixture.root), { kind: 'server' });
      socket.resume();
      socket.end(garbage);
      await new Promise((done) => socket.once('close', done));
    }
    const vanishing = await fixture.connect();
    await vanishing.attach('safe');
    vanishing.dispose();
    assert.match(await client.screen('safe'), /alive/);
    assert.equal((await client.list()).length, 1);
  });

  it('repeats of a start and of input have their effect once', async () => {
    const seen = watch(client, 'once');
    await startShell(client, fixture.root, 'once', 'read a; echo "[$a]"; read b');
    await client.attach('once');
    // Cut the client's connections while it types: lost answers make it repeat itself.
    const typed = Array.from({ length: 30 }, (_, index) =>
      client.input('once', String.fromCharCode(97 + (index % 26))),
    );
    (client as unknown as { rpc: { link: { connected: { socket: net.Socket } } } }).rpc.link.connected.socket.destroy();
    await Promise.all(typed);
    await client.input('once', '\r');
    await until(async () => /\[[a-z]+\]/.test(await client.screen('once')), 'echo');
    const letters = /\[([a-z]+)\]/.exec(await client.screen('once'))?.[1] ?? '';
    assert.equal(letters.length, 30);
    assert.equal([...letters].sort().join(''), [...'abcdefghijklmnopqrstuvwxyzabcd'].sort().join(''));
    assert.ok(seen.text.length >= 0);
  });

  it('after a broken connection attaches again and tells missed exits', async () => {
    const seen = watch(client, 'again');
    const screens: string[] = [];
    client.onDidReattach(({ screen }) => screens.push(screen.screen));
    let lost = 0;
    client.onDidLoseHost(() => lost++);
    await startShell(client, fixture.root, 'again', 'echo first; read x; echo second; read y');
    await startShell(client, fixture.root, 'short', 'sleep 0.1');
    const short = watch(client, 'short');
    await client.attach('again');
    (client as unknown as { rpc: { link: { connected: { socket: net.Socket } } } }).rpc.link.connected.socket.destroy();
    await until(() => screens.length === 1, 'reattached');
    assert.match(screens[0] ?? '', /first/);
    await client.input('again', '\r');
    await until(() => seen.text.includes('second'), 'output goes on');
    await until(() => short.exit !== undefined, 'exit of the short one');
    assert.equal(lost, 0);
  });
});
