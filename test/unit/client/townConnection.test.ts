import assert from 'node:assert/strict';
import { createMessageConnection, type CancellationToken, type MessageConnection } from 'vscode-jsonrpc/node';
import { TownConnection, type ConnectionClient } from '../../../client/src/connection/townConnection';
import { setUnexpectedErrorHandler, UserError } from '../../../server/src/base/errors';
import { SessionInput, TownChanged, TownGetSnapshot, TownUp } from '../../../server/src/protocol/town';
import type { Connected } from '../../../server/src/protocol/transport';
import { FakeTown } from './fakeTown';
import { QuietLog } from './quietLog';
import { until } from './until';

/** A language client reduced to its connection. */
class PlainClient implements ConnectionClient {
  readonly closed: Promise<void>;
  private readonly connection: MessageConnection;

  constructor(private readonly streams: Connected) {
    this.closed = new Promise((resolve) => streams.socket.once('close', () => resolve()));
    this.connection = createMessageConnection(streams.reader, streams.writer);
    // As vscode-languageclient: requests without an answer fail when the connection ends.
    this.connection.onClose(() => this.connection.dispose());
  }

  get isClosed(): boolean {
    return this.streams.socket.destroyed;
  }

  async start(): Promise<void> {
    this.connection.listen();
  }

  sendRequest<R>(method: string, params: unknown, token: CancellationToken): Promise<R> {
    return this.connection.sendRequest<R>(method, params, token);
  }

  onNotification(method: string, handler: (params: unknown) => void): unknown {
    return this.connection.onNotification(method, handler);
  }

  async end(): Promise<void> {
    this.streams.socket.destroy();
  }
}

describe('the connection of a window to its town', () => {
  let fake: FakeTown;
  let log: QuietLog;
  let connection: TownConnection;
  let states: string[];

  beforeEach(async () => {
    fake = new FakeTown();
    await fake.start();
    log = new QuietLog();
    connection = new TownConnection({
      log,
      actor: async () => 'ann',
      createClient: (streams) => new PlainClient(streams),
    });
    states = [];
    connection.onDidChangeState((state) => states.push(state.kind));
  });

  afterEach(async () => {
    connection.dispose();
    await fake.dispose();
  });

  const connect = async (trusted = true): Promise<void> => {
    connection.setTown({ root: fake.root, trusted });
    await until(
      () => connection.isReady,
      () => states,
    );
  };

  it('is established, and established again after the server has cut it', async () => {
    await connect();
    assert.deepEqual(states, ['connecting', 'ready']);
    fake.cut();
    await until(
      () => states.length === 5,
      () => states,
    );
    assert.deepEqual(states.slice(2), ['lost', 'connecting', 'ready']);
    assert.equal((await connection.call(TownGetSnapshot.spec, {})).revision, 1);
  });

  it('sends a request whose answer was lost again, with the same operation id', async () => {
    await connect();
    fake.holdAnswers = true;
    const answer = connection.call(TownUp.spec, {});
    await until(() => fake.calls.length === 1);
    fake.holdAnswers = false;
    fake.cut();
    assert.equal(await answer, null);
    assert.equal(fake.calls.length, 2);
    assert.ok(fake.operations[0]);
    assert.equal(fake.operations[0], fake.operations[1]);
  });

  it('fails a request that must not be repeated', async () => {
    await connect();
    fake.holdAnswers = true;
    const answer = connection.call(SessionInput.spec, { session: 's', data: 'x' }, { repeat: false });
    const failure = assert.rejects(answer);
    await until(() => fake.calls.length === 1);
    fake.cut();
    await failure;
  });

  it('passes on what the server refuses, without repeating it', async () => {
    await connect();
    await assert.rejects(connection.call(SessionInput.spec, { session: 'none', data: '' }), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.deepEqual([error.message, error.code], ['there is no session none', 'not-found']);
      return true;
    });
    assert.equal(fake.calls.length, 1);
  });

  it('fails a request without a town at once', async () => {
    await assert.rejects(connection.call(TownGetSnapshot.spec, {}), /this window has no town/);
  });

  it('delivers notifications on every connection, also where a handler throws', async () => {
    const reported: unknown[] = [];
    setUnexpectedErrorHandler((error) => reported.push(error));
    const heard: number[] = [];
    connection.onNotification(TownChanged.spec, () => {
      throw new Error('a defect');
    });
    const listener = connection.onNotification(TownChanged.spec, ({ to }) => heard.push(to));
    await connect();
    for (const revision of [2, 3]) {
      await connection.call(TownGetSnapshot.spec, {});
      fake.change({});
      await until(
        () => heard.at(-1) === revision,
        () => heard,
      );
      if (revision === 3) break;
      fake.cut();
      await until(() => !connection.isReady || states.length > 4);
      await until(() => connection.isReady);
    }
    listener.dispose();
    fake.change({});
    await connection.call(TownGetSnapshot.spec, {});
    assert.deepEqual(heard, [2, 3]);
    assert.match(String(reported[0]), /a defect/);
    setUnexpectedErrorHandler((error) => process.emitWarning(String(error)));
  });

  it('starts no server in Restricted Mode, and connects when one runs', async () => {
    await fake.stop();
    connection.setTown({ root: fake.root, trusted: false });
    await until(
      () => states.at(-1) === 'notRunning',
      () => states,
    );
    await assert.rejects(connection.call(TownGetSnapshot.spec, {}), /does not run/);
    await fake.start();
    await until(
      () => connection.isReady,
      () => states,
    );
    assert.equal(connection.servesFormulas, false);
    assert.deepEqual(
      states,
      ['connecting', 'notRunning', 'ready'],
      'each attempt would show "connecting" for a moment',
    );
  });

  it('ends when the window has no town any more', async () => {
    await connect();
    connection.setTown(undefined);
    assert.deepEqual(connection.state, { kind: 'none' });
    await until(() => fake.connectionCount === 0);
  });
});
