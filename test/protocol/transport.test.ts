import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createMessageConnection } from 'vscode-jsonrpc/node';
import { UserError } from '../../server/src/base/errors';
import { prepareSocketDirectory, socketAddress, type AddressSystem } from '../../server/src/protocol/transport/address';
import { greetClient } from '../../server/src/protocol/transport/greetClient';
import { greetServer, type Acceptance, type Hello } from '../../server/src/protocol/transport/handshake';
import { connectTo, readEndpoint, serverEndpointFile } from '../../server/src/protocol/transport';
import { listen, type RpcServer } from '../../server/src/protocol/transport/rpcServer';
import { waitUntil } from '../helpers/temp';

const key = 'ab'.repeat(32);

async function rejection(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => assert.fail('should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof UserError, String(error));
  return error;
}

describe('socket address', () => {
  const linux: AddressSystem = { platform: 'linux', uid: 1000, userName: 'ann', bases: ['/run/user/1000', '/tmp'] };

  it('is short, private to the user and different per root, purpose and start', () => {
    const all = [
      socketAddress('/town', 'server', 'a', linux),
      socketAddress('/town', 'host', 'a', linux),
      socketAddress('/town', 'server', 'b', linux),
      socketAddress('/other', 'server', 'a', linux),
    ].map((address) => address.path);
    assert.equal(new Set(all).size, 4);
    for (const one of all) assert.match(one, /^\/run\/user\/1000\/gastown-1000\/[0-9a-f]{20}\.sock$/);
  });

  it('leaves out a folder whose path is too long for a socket', () => {
    const long = `/${'x'.repeat(90)}`;
    assert.match(socketAddress('/town', 'server', 'a', { ...linux, bases: [long, '/tmp'] }).path, /^\/tmp\//);
    assert.throws(() => socketAddress('/town', 'server', 'a', { ...linux, bases: [long] }), UserError);
  });

  it('is a named pipe on Windows', () => {
    const address = socketAddress('C:\\town', 'server', 'a', {
      platform: 'win32',
      uid: undefined,
      userName: 'Ann',
      bases: ['C:\\Temp'],
    });
    assert.match(address.path, /^\\\\\.\\pipe\\gastown-[0-9a-f]{8}-[0-9a-f]{20}$/);
    assert.equal(address.directory, undefined);
  });

  it("refuses a folder that is a link, a file or somebody else's, and closes one that is open to others", () => {
    const base = fs.mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'));
    const mine = path.join(base, 'mine');
    fs.mkdirSync(mine, { mode: 0o777 });
    fs.chmodSync(mine, 0o777);
    prepareSocketDirectory(mine);
    assert.equal(fs.statSync(mine).mode & 0o777, 0o700);
    fs.symlinkSync(mine, path.join(base, 'link'));
    assert.throws(() => prepareSocketDirectory(path.join(base, 'link')), UserError);
    assert.throws(() => prepareSocketDirectory(mine, 12345), /another user/);
    fs.rmSync(base, { recursive: true });
  });
});

describe('handshake', () => {
  let server: net.Server;
  let address: string;
  let outcome: Promise<Hello>;
  let accept: (hello: Hello) => Acceptance;
  let serverSocket: net.Socket | undefined;
  let base: string;

  beforeEach(async () => {
    base = fs.mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'));
    address = path.join(base, 's.sock');
    accept = () => ({ ok: true });
    let settle: (value: Promise<Hello>) => void = () => undefined;
    outcome = new Promise((resolve) => (settle = resolve));
    outcome.catch(() => undefined);
    server = net.createServer((socket) => {
      serverSocket = socket;
      settle(greetClient(socket, key, (hello) => accept(hello), { timeoutMs: 400, build: 7, protocol: 3 }));
    });
    await new Promise<void>((done) => server.listen(address, done));
  });
  afterEach(() => {
    serverSocket?.destroy();
    server.close();
    fs.rmSync(base, { recursive: true });
  });

  function open(): Promise<net.Socket> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(address, () => resolve(socket));
      socket.once('error', reject);
    });
  }

  function closed(socket: net.Socket): Promise<string> {
    return new Promise((resolve) => {
      let text = '';
      socket.on('data', (data) => (text += String(data)));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });
  }

  it('tells both sides who the other is', async () => {
    const socket = await open();
    const welcome = await greetServer(socket, key, { kind: 'cli', actor: 'ann', cwd: '/x' });
    assert.deepEqual(welcome, { protocol: 3, build: 7 });
    const hello = await outcome;
    assert.equal(hello.actor, 'ann');
    assert.equal(hello.pid, process.pid);
    socket.destroy();
  });

  it('loses no byte that follows it, in either direction', async () => {
    accept = () => {
      setImmediate(() => serverSocket?.write('from server'));
      return { ok: true };
    };
    const socket = await open();
    await greetServer(socket, key, { kind: 'cli' });
    socket.write('from client');
    await outcome;
    await new Promise((done) => setTimeout(done, 50)); // both lie in the sockets before anybody reads
    const read = (from: net.Socket): Promise<string> =>
      new Promise((done) => from.once('data', (data) => done(String(data))));
    assert.equal(await read(socket), 'from server');
    assert.ok(serverSocket);
    assert.equal(await read(serverSocket), 'from client');
    socket.destroy();
  });

  it('keeps what was sent in one packet with the last line', async () => {
    const [server2, client2] = await pair();
    const served = greetClient(server2, key, () => ({ ok: true }));
    const original = client2.write.bind(client2);
    // Glue some bytes to the client's last line.
    client2.write = (data: string | Uint8Array) =>
      original(String(data).includes('"hello"') ? `${String(data)}GLUED` : data);
    await greetServer(client2, key, { kind: 'cli' });
    await served;
    const text = await new Promise<string>((done) => server2.once('data', (data) => done(String(data))));
    assert.equal(text, 'GLUED');
    server2.destroy();
    client2.destroy();
  });

  it('a client notices a server that does not know the key, and says nothing to it', async () => {
    const socket = await open();
    const error = await rejection(greetServer(socket, 'cd'.repeat(32), { kind: 'cli', token: 'secret' }));
    assert.equal(error.code, 'refused');
    await assert.rejects(outcome);
    assert.ok(socket.destroyed);
  });

  it('the server closes on a client that does not know the key, and never asks who it is', async () => {
    let asked = false;
    accept = () => {
      asked = true;
      return { ok: true };
    };
    const socket = await open();
    socket.write(`${JSON.stringify({ gastown: 1, nonce: '00'.repeat(32) })}\n`);
    await new Promise((done) => socket.once('data', done));
    socket.write(`${JSON.stringify({ proof: '00'.repeat(32), hello: '{}' })}\n`);
    assert.equal(await closed(socket), '');
    assert.equal(asked, false);
    await assert.rejects(outcome, /does not know the key/);
  });

  for (const [name, bytes] of Object.entries({
    'text that is not JSON': 'GET / HTTP/1.1\r\n\r\n',
    'JSON of another kind': '{"a":1}\n',
    'an oversize line': 'x'.repeat(200_000),
    binary: Buffer.from([0, 255, 10, 10, 10]),
    null: 'null\n',
  })) {
    it(`the server closes on ${name}`, async () => {
      const socket = await open();
      socket.write(bytes);
      assert.equal(await closed(socket), '');
      await assert.rejects(outcome);
    });
  }

  it('the server closes on a client that says nothing', async () => {
    const socket = await open();
    const start = Date.now();
    assert.equal(await closed(socket), '');
    assert.ok(Date.now() - start < 1500);
    await assert.rejects(outcome);
  });

  it('a client gives up on a server that says nothing', async () => {
    const [silent, client] = await pair();
    const error = await rejection(greetServer(client, key, { kind: 'cli' }, { timeoutMs: 100 }));
    assert.equal(error.code, 'unavailable');
    silent.destroy();
  });

  it('carries the reason of a refusal', async () => {
    accept = (hello) => ({ ok: false, reason: `no ${hello.kind}`, code: 'consent' });
    const error = await rejection(greetServer(await open(), key, { kind: 'agent' }));
    assert.equal(error.message, 'no agent');
    assert.equal(error.code, 'consent');
  });

  it('refuses a hello that is not one', async () => {
    const error = await rejection(greetServer(await open(), key, { kind: 'robot' as 'cli' }));
    assert.equal(error.code, 'invalid');
  });

  async function pair(): Promise<[net.Socket, net.Socket]> {
    const file = path.join(base, 'pair.sock');
    const listening = net.createServer();
    await new Promise<void>((done) => listening.listen(file, done));
    const accepted = new Promise<net.Socket>((done) => listening.once('connection', done));
    const client = net.connect(file);
    const result: [net.Socket, net.Socket] = [await accepted, client];
    listening.close();
    return result;
  }
});

describe('rpc server', () => {
  let root: string;
  let server: RpcServer | undefined;
  beforeEach(() => (root = fs.mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'))));
  afterEach(async () => {
    await server?.close();
    fs.rmSync(root, { recursive: true });
  });

  async function start(log: string[] = []): Promise<void> {
    server = await listen({
      root,
      purpose: 'server',
      endpointFile: serverEndpointFile(root),
      accept: () => ({ ok: true }),
      log: (line) => log.push(line),
      onConnection(connection) {
        connection.onRequest('ping', () => 'pong');
        connection.listen();
      },
    });
  }

  it('names itself in a private file, and not any more once closed', async () => {
    await start();
    const file = serverEndpointFile(root);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.equal(readEndpoint(file)?.pid, process.pid);
    const socket = server?.socketPath ?? '';
    assert.ok(fs.existsSync(socket));
    await server?.close();
    assert.equal(fs.existsSync(file), false);
    assert.equal(fs.existsSync(socket), false);
    assert.equal((await rejection(connectTo(file, { kind: 'cli' }))).code, 'unavailable');
  });

  it('drops a peer that breaks the protocol after the handshake and serves the others on', async () => {
    await start();
    const file = serverEndpointFile(root);
    const good = await connectTo(file, { kind: 'cli' });
    const connection = createMessageConnection(good.reader, good.writer);
    connection.listen();
    for (const garbage of [
      'Content-Length: x\r\n\r\n',
      'Hello: 1\r\n\r\n',
      'Content-Length: 4\r\n\r\nnull',
      'Content-Length: 3\r\n\r\n{{{',
      Buffer.alloc(10_000, 13),
    ]) {
      const bad = await connectTo(file, { kind: 'cli' });
      const ended = new Promise((done) => bad.socket.once('close', done));
      bad.socket.resume();
      bad.socket.end(garbage);
      await ended;
    }
    assert.equal(await connection.sendRequest('ping'), 'pong');
    connection.dispose();
    good.socket.destroy();
  });

  for (const [what, sent] of [
    ['announces more than is allowed', `Content-Length: ${256 * 1024 * 1024 + 1}\r\n\r\n`],
    ['announces more than a number holds', `Content-Length: ${'9'.repeat(15)}\r\n\r\n`],
    ['announces more in its second message', `Content-Length: 4\r\n\r\n{"a"Content-Length: 999999999\r\n\r\n`],
    ['sends a header without an end', 'X: '.padEnd(5_000, 'x')],
  ] as const)
    it(`closes the connection of a peer that ${what}, at once`, async () => {
      await start();
      const bad = await connectTo(serverEndpointFile(root), { kind: 'cli' });
      bad.socket.resume();
      const ended = new Promise((done) => bad.socket.once('close', done));
      bad.socket.write(sent); // and it stays
      await ended;
    });

  it('keeps no timer and no connection of a peer that goes in the middle of a message', async () => {
    await start();
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    for (let round = 0; round < 20; round += 1) {
      const { socket } = await connectTo(serverEndpointFile(root), { kind: 'cli' });
      socket.resume();
      const ended = new Promise((done) => socket.once('close', done));
      socket.end('Content-Length: 1000\r\n\r\n{"half":');
      await ended;
    }
    await waitUntil('all are gone', () => timers() <= before);
  });

  it('reads nothing from a file that is not an endpoint', async () => {
    const file = serverEndpointFile(root);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    for (const text of ['', '{', '{"socket":1}', '[]']) {
      fs.writeFileSync(file, text);
      assert.equal(readEndpoint(file), undefined);
      assert.equal((await rejection(connectTo(file, { kind: 'cli' }))).code, 'unavailable');
    }
  });
});
