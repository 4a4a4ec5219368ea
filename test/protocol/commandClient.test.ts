import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../../server/src/base/errors';
import { identify, isAlive } from '../../server/src/base/process';
import { townPlace } from '../../server/src/protocol/transport/serverPlace';
import { CommandClient, startLink } from '../../server/src/protocol/transport/commandClient';
import { serverEndpointFile, writeEndpoint } from '../../server/src/protocol/transport/endpointFile';
import { frame } from '../../server/src/protocol/transport/frames';
import { sign } from '../../server/src/protocol/transport/handshake';
import { BUILD, PROTOCOL } from '../../server/src/protocol/transport/version';
import { Die, Echo, Fail, Forbidden, Nothing, Peek, type FakeConfig } from './transportFakeServer';

const serverJs = path.join(__dirname, 'transportFakeServer.js');

async function rejection(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => assert.fail('should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof UserError, String(error));
  return error;
}

describe('the client of a command', () => {
  let root: string;
  const clients: CommandClient[] = [];

  beforeEach(() => (root = fs.mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'))));
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    for (const line of starts()) {
      const pid = Number.parseInt(line, 10);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
      while (isAlive(identify(pid))) await new Promise((done) => setTimeout(done, 10));
    }
    fs.rmSync(root, { recursive: true });
  });

  function open(actor = 'ann'): CommandClient {
    const client = new CommandClient(townPlace(root), async () => ({ kind: 'cli', actor }), {
      serverJs,
      startTimeoutMs: 10_000,
    });
    clients.push(client);
    return client;
  }
  function configure(config: FakeConfig): void {
    fs.writeFileSync(path.join(root, 'fake.json'), JSON.stringify(config));
  }
  function starts(): string[] {
    const file = path.join(root, 'starts.log');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  it('starts a server where none runs, and then speaks to it without starting another', async () => {
    const first = await open().call(Echo, { text: 'hi' });
    assert.deepEqual([first.text, first.actor], ['hi', 'ann']);
    const client = open('bob');
    assert.deepEqual(await client.call(Echo, { text: 'ü' }), { text: 'ü', pid: first.pid, actor: 'bob' });
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => client.call(Echo, { text })));
    assert.deepEqual(
      answers.map((answer) => answer.text),
      ['a', 'b', 'c'],
    );
    assert.equal(await client.call(Nothing, {}), null);
    assert.equal((await client.call(Peek, {})).operation, null, 'reads carry no operation id');
    assert.equal(starts().length, 1);
  });

  it('starts no server where it only wants a running one', async () => {
    const client = new CommandClient(townPlace(root), async () => ({ kind: 'cli' }), { serverJs, onlyRunning: true });
    clients.push(client);
    const error = await rejection(client.call(Nothing, {}));
    assert.deepEqual([error.message, error.code], ['no server is running', 'unavailable']);
    assert.deepEqual(starts(), []);
    const { pid } = await open().call(Echo, { text: 'start' });
    assert.equal((await client.call(Echo, { text: 'later' })).pid, pid, 'a failure is not kept');
  });

  it('puts together an answer that comes in many pieces', async () => {
    await open().call(Echo, { text: 'start' });
    const text = Array.from({ length: 60_000 }, (_, index) => `${index} ü`).join('\n');
    assert.equal((await open().call(Echo, { text })).text, text);
  });

  it('uses a connection that was started ahead', async () => {
    await open().call(Nothing, {});
    const started = await startLink(townPlace(root));
    assert.ok(started);
    await started.link.started;
    const client = new CommandClient(townPlace(root), async () => ({ kind: 'cli', actor: 'eve' }), { started });
    clients.push(client);
    assert.equal((await client.call(Echo, { text: 'x' })).actor, 'eve');
  });

  it('gets errors as they were thrown, and the reason of a refusal', async () => {
    await open().call(Nothing, {});
    const client = open();
    const conflict = await rejection(client.call(Fail, { how: 'user' }));
    assert.deepEqual(
      [conflict.message, conflict.hint, conflict.code],
      ['this cannot be done', 'do that instead', 'conflict'],
    );
    assert.equal((await rejection(client.call(Forbidden, {}))).code, 'refused');
    assert.match((await rejection(client.call(Echo, { text: 5 as unknown as string }))).message, /bad parameters/);
    await assert.rejects(client.call(Fail, { how: 'defect' }), (error: unknown) => !(error instanceof UserError));
    const refused = await rejection(open('nobody').call(Nothing, {}));
    assert.deepEqual([refused.message, refused.code], ['nobody may not', 'refused']);
  });

  it('repeats what the server died over, with the same operation id', async () => {
    await open().call(Nothing, {});
    const operation = await open().call(Die, {});
    const [first, second] = fs.readFileSync(path.join(root, 'calls.log'), 'utf8').trim().split('\n');
    assert.ok(first);
    assert.deepEqual([first, operation], [second, second]);
    assert.equal(starts().length, 2);
  });

  it('says what is not known where the server died and cannot be started again', async () => {
    await open().call(Nothing, {});
    configure({ exitCode: 3 });
    const lost = await rejection(open().call(Die, {}));
    assert.equal(lost.code, 'unavailable');
    assert.match(lost.message, /lost before it answered fake\/die: cannot start transportFakeServer.js/);
    assert.match(lost.hint ?? '', /unknown whether the change was made/);
  });

  describe('and a server that is not what it seems', () => {
    const key = 'ab'.repeat(32);
    let server: net.Server;
    let received = '';

    /** Listens in the place of the town's server; `answer` gets the socket and everything received so far. */
    async function listen(answer: (socket: net.Socket, text: string) => void): Promise<void> {
      received = '';
      const socket = path.join(root, 's.sock');
      server = net.createServer((client) => {
        client.on('error', () => undefined);
        client.setEncoding('utf8').on('data', (chunk: string) => {
          received += chunk;
          answer(client, received);
        });
      });
      await new Promise<void>((resolve) => server.listen(socket, resolve));
      writeEndpoint(serverEndpointFile(root), {
        socket,
        key,
        ...identify(process.pid),
        protocol: PROTOCOL,
        build: Math.max(BUILD, 1),
      });
    }
    afterEach(() => server.close());

    const nonceOf = (text: string): string => (JSON.parse(text.split('\n')[0]!) as { nonce: string }).nonce;
    const nonce = 'cd'.repeat(32);
    const greeting = (text: string): string =>
      `${JSON.stringify({ nonce, proof: sign(key, 'server', nonceOf(text), nonce) })}\n`;
    const welcome = `${JSON.stringify({ ok: true, protocol: PROTOCOL, build: BUILD })}\n`;

    it('gets nothing but a nonce while it has not proved that it knows the key', async () => {
      await listen((socket) => void socket.write(`${JSON.stringify({ nonce, proof: 'ef'.repeat(32) })}\n`));
      const refused = await rejection(open().call(Echo, { text: 'secret' }));
      assert.equal(refused.code, 'refused');
      assert.deepEqual(Object.keys(JSON.parse(received) as object), ['gastown', 'nonce']);
    });

    it('gets the first request together with the proof, and its answer may come with the welcome', async () => {
      await listen((socket, text) => {
        if (!text.includes('fake/echo')) return void (text.includes('proof') || socket.write(greeting(text)));
        const reply = `${welcome}${frame({ jsonrpc: '2.0', method: 'noise' })}${frame({ jsonrpc: '2.0', id: 1, result: 'yes' })}`;
        for (const byte of Buffer.from(reply)) socket.write(Buffer.of(byte));
      });
      assert.equal(await open().call(Echo, { text: 'hi' }), 'yes');
      const [, proof, ...request] = received.split('\n');
      assert.equal((JSON.parse(proof!) as { hello: string }).hello.includes('"actor":"ann"'), true);
      assert.match(request.join('\n'), /^Content-Length: \d+\r\n\r\n\{"jsonrpc":"2\.0","id":1,"method":"fake\/echo"/);
    });

    for (const [what, reply] of [
      ['what is not JSON-RPC', `${welcome}nonsense\r\n\r\n`],
      ['an error that cannot be read', `${welcome}${frame({ jsonrpc: '2.0', id: 1, error: 'no' })}`],
      ['a line without an end', 'x'.repeat(100_000)],
    ] as const) {
      it(`that sends ${what} ends the call with an error`, async () => {
        await listen((socket, text) => void socket.write(text.includes('fake/echo') ? reply : greeting(text)));
        await assert.rejects(open().call(Echo, { text: 'hi' }), /unexpected message|unreadable error/);
      });
    }
  });
});
