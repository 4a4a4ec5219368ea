// Windows as the tests of the protocol open them: on the bundled server, with the environment of the test's person.
import assert from 'node:assert/strict';
import path from 'node:path';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import { TownChanged, type TownDelta } from '../../server/src/protocol/town';
import type { RequestSpec, Result } from '../../server/src/protocol/request';
import { openTown } from '../../server/src/protocol/transport';
import type { CliTown } from '../helpers/cliTown';

const serverJs = path.resolve('dist/server.js');

/** Runs something with the environment of the test's person, as its own windows would. */
export async function as<T>(town: CliTown, work: () => Promise<T>): Promise<T> {
  const before = new Map<string, string | undefined>();
  for (const [name, value] of Object.entries(town.person.env)) {
    if (value === undefined) continue;
    before.set(name, process.env[name]);
    process.env[name] = value;
  }
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** A window: LSP first, then our requests, on one connection. */
export class Window {
  readonly deltas: TownDelta[] = [];
  /** Called with each delta. */
  onDelta: (delta: TownDelta) => void = () => undefined;
  private constructor(readonly connection: MessageConnection) {}

  static async open(town: CliTown, trusted?: boolean): Promise<Window> {
    const streams = await as(town, () => openTown(town.root, { kind: 'window', actor: 'ann', trusted }, { serverJs }));
    const connection = createMessageConnection(streams.reader, streams.writer);
    const window = new Window(connection);
    connection.onNotification(TownChanged.spec.method, (delta: TownDelta) => {
      window.deltas.push(delta);
      window.onDelta(delta);
    });
    connection.listen();
    const result = await connection.sendRequest<{ serverInfo: { name: string } }>('initialize', {
      processId: null,
      rootUri: null,
      capabilities: {},
    });
    assert.equal(result.serverInfo.name, 'Gas Town');
    await connection.sendNotification('initialized', {});
    return window;
  }

  call<S extends RequestSpec>(spec: S, input: unknown, operation?: string): Promise<Result<S>> {
    return this.connection.sendRequest(spec.method, { input, operation });
  }
}
