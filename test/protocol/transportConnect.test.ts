import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../../server/src/base/errors';
import { identify, isAlive } from '../../server/src/base/process';
import {
  connectTo,
  connectTown,
  joinTown,
  openTown,
  readEndpoint,
  serverEndpointFile,
  type TownOptions,
} from '../../server/src/protocol/transport/index';
import { Die, Echo, Fail, Forbidden, Nothing, Peek, Tick, type FakeConfig } from './transportFakeServer';

const serverJs = path.join(__dirname, 'transportFakeServer.js');

async function rejection(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => assert.fail('should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof UserError, String(error));
  return error;
}

describe('connection to a town', () => {
  let root: string;
  const options: TownOptions = { serverJs, startTimeoutMs: 10_000 };

  beforeEach(() => (root = fs.mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'))));
  afterEach(async () => {
    for (const line of starts()) {
      const pid = Number.parseInt(line, 10);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        /* it ended by itself */
      }
      while (isAlive(identify(pid))) await new Promise((done) => setTimeout(done, 10));
    }
    fs.rmSync(root, { recursive: true });
  });

  function configure(config: FakeConfig): void {
    fs.writeFileSync(path.join(root, 'fake.json'), JSON.stringify(config));
  }
  function starts(): string[] {
    const file = path.join(root, 'starts.log');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  it('starts the server, calls it, hears it, and gets its errors as they were thrown', async () => {
    process.env.GT_SESSION_TOKEN = 'of the session that happens to start it';
    const town = await connectTown(root, { kind: 'cli', actor: 'ann' }, options);
    delete process.env.GT_SESSION_TOKEN;
    const ticks: number[] = [];
    town.onNotification(Tick, ({ n }) => ticks.push(n));
    const echo = await town.call(Echo, { text: 'hi' });
    assert.equal(echo.text, 'hi');
    assert.equal(echo.actor, 'ann');
    assert.match(starts()[0] ?? '', /\[\]$/, 'no variable of a session reaches the server');
    assert.equal(await town.call(Nothing, {}), null);
    assert.equal((await town.call(Peek, {})).operation, null, 'reads carry no operation id');

    const conflict = await rejection(town.call(Fail, { how: 'user' }));
    assert.deepEqual(
      [conflict.message, conflict.hint, conflict.code],
      ['this cannot be done', 'do that instead', 'conflict'],
    );
    assert.equal((await rejection(town.call(Forbidden, {}))).code, 'refused');
    const bad = await rejection(town.call(Echo, { text: 5 as unknown as string }));
    assert.match(bad.message, /bad parameters for fake\/echo: text:/);
    await assert.rejects(
      town.call(Fail, { how: 'defect' }),
      (error: Error) => !(error instanceof UserError) && error.message === 'a defect',
    );
    await assert.rejects(town.call({ ...Nothing, method: 'fake/unknown' }, {}), /unknown request/);
    town.close();
    assert.equal((await rejection(town.call(Nothing, {}))).code, 'unavailable');
  });

  it('ten clients at once start one server', async () => {
    configure({ startDelayMs: 100 });
    const towns = await Promise.all(Array.from({ length: 10 }, () => connectTown(root, { kind: 'cli' }, options)));
    const pids = await Promise.all(towns.map(async (town) => (await town.call(Echo, { text: '' })).pid));
    assert.equal(new Set(pids).size, 1);
    assert.equal(starts().length, 1);
    for (const town of towns) town.close();
  });

  it('repeats a call whose answer was lost with the same operation id, over a server that it starts again', async () => {
    const town = await connectTown(root, { kind: 'cli' }, options);
    const events: string[] = [];
    town.onClose(() => events.push('close'));
    town.onReconnect(() => events.push('reconnect'));
    const ticks: number[] = [];
    town.onNotification(Tick, ({ n }) => ticks.push(n));
    const operation = await town.call(Die, {});
    const seen = fs.readFileSync(path.join(root, 'calls.log'), 'utf8').trim().split('\n');
    assert.deepEqual(seen, [operation, operation]);
    assert.deepEqual(events, ['close', 'reconnect']);
    assert.equal(starts().length, 2);
    assert.ok(ticks.length >= 1, 'handlers hear the new connection too');
    town.close();
  });

  it('many calls in flight survive the end of the server', async () => {
    const town = await connectTown(root, { kind: 'cli' }, options);
    const pid = (await town.call(Echo, { text: '' })).pid;
    const calls = Array.from({ length: 20 }, (_, index) => town.call(Echo, { text: String(index) }));
    process.kill(pid, 'SIGKILL');
    const answers = await Promise.all(calls);
    assert.deepEqual(
      answers.map((answer) => answer.text),
      calls.map((_, index) => String(index)),
    );
    town.close();
  });

  it('a server.json of a killed server is not an obstacle', async () => {
    const first = await connectTown(root, { kind: 'cli' }, options);
    const { pid } = await first.call(Echo, { text: '' });
    const socket = readEndpoint(serverEndpointFile(root))?.socket ?? '';
    process.kill(pid, 'SIGKILL');
    first.close();
    while (isAlive(identify(pid))) await new Promise((done) => setTimeout(done, 5));
    assert.ok(fs.existsSync(socket));
    assert.equal((await rejection(connectTo(serverEndpointFile(root), { kind: 'cli' }))).code, 'unavailable');
    const second = await connectTown(root, { kind: 'cli' }, options);
    assert.notEqual((await second.call(Echo, { text: '' })).pid, pid);
    assert.equal(fs.existsSync(socket), false, 'the stale socket is gone');
    second.close();
  });

  it('says why a server cannot be started', async () => {
    configure({ exitCode: 3 });
    const broken = await rejection(connectTown(root, { kind: 'cli' }, options));
    assert.equal(broken.code, 'unavailable');
    assert.match(broken.message, /ended with code 3/);
    assert.match(broken.message, /fake server: cannot go on/);
    configure({ exitCode: 1, reason: { message: 'not your town', hint: 'do this' } });
    const told = await rejection(connectTown(root, { kind: 'cli' }, options));
    assert.deepEqual([told.message, told.hint, told.code], ['not your town', 'do this', 'unavailable']);
    configure({ exitCode: 3 });
    assert.match(
      (await rejection(connectTown(root, { kind: 'cli' }, options))).message,
      /ended with code 3/,
      'an earlier start had another reason',
    );
    configure({ hang: true });
    assert.match(
      (await rejection(connectTown(root, { kind: 'cli' }, { ...options, startTimeoutMs: 500 }))).message,
      /did not answer within 0.5 s/,
    );
    assert.match(
      (await rejection(connectTown(root, { kind: 'cli' }, { ...options, serverJs: '/none/server.js' }))).message,
      /is missing/,
    );
    const nowhere = await rejection(connectTown(path.join(root, 'none'), { kind: 'cli' }, options));
    assert.equal(nowhere.code, 'not-found');
  });

  it('does not start another server for a client that the server refuses', async () => {
    (await openTown(root, { kind: 'cli' }, options)).socket.destroy();
    assert.equal(
      (await rejection(connectTown(root, { kind: 'cli', actor: 'nobody' }, options))).message,
      'nobody may not',
    );
    assert.equal(starts().length, 1);
  });

  it('starts and replaces nothing for a window that may only look on', async () => {
    const look = (build: number) => joinTown(root, { kind: 'window', trusted: false, build });
    assert.equal((await rejection(look(100))).code, 'unavailable');
    assert.equal(starts().length, 0);
    configure({ build: 100 });
    const person = await connectTown(root, { kind: 'cli', build: 100 }, options);
    const { pid } = await person.call(Echo, { text: '' });
    const looking = await look(200);
    assert.equal(looking.process.pid, pid);
    assert.equal(looking.welcome.build, 100);
    looking.socket.destroy();
    person.close();
  });

  it('retires an older server, never a newer one', async () => {
    configure({ build: 100 });
    const old = await connectTown(root, { kind: 'cli', build: 100 }, options);
    const oldPid = (await old.call(Echo, { text: '' })).pid;
    old.close();
    configure({ build: 200 });
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const fresh = await connectTown(root, { kind: 'cli', build: 200 }, options);
    assert.ok(timers() <= before, 'a command that is done would wait for a timer');
    const freshPid = (await fresh.call(Echo, { text: '' })).pid;
    assert.notEqual(freshPid, oldPid);
    assert.equal(fresh.welcome?.build, 200);
    const older = await connectTown(root, { kind: 'cli', build: 150 }, options);
    assert.equal((await older.call(Echo, { text: '' })).pid, freshPid);
    fresh.close();
    older.close();
  });

  it('refuses to talk to a server of another protocol', async () => {
    configure({ protocol: 99, build: 500 });
    const error = await rejection(connectTown(root, { kind: 'cli', build: 1 }, options));
    assert.match(error.message, /protocol 99/);
  });
});
