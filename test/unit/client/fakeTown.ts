// A server without a town: it serves the snapshot that a test sets over the real transport, and records its requests.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { UserError } from '../../../server/src/base/errors';
import { Dispatcher } from '../../../server/src/protocol/dispatcher';
import { townSchemas } from '../../../server/src/protocol/schemas';
import type { NotificationSpec } from '../../../server/src/protocol/request';
import type { BoardList, BoardQuery } from '../../../server/src/protocol/board';
import {
  BoardWatch,
  PersonNotified,
  SessionAttach,
  SessionDetach,
  SessionExit,
  SessionInput,
  SessionOutput,
  SessionResize,
  TownChanged,
  TownGetSnapshot,
  TownUp,
  type CollectionName,
  type TownCollections,
  type TownSnapshot,
} from '../../../server/src/protocol/town';
import { serverEndpointFile } from '../../../server/src/protocol/transport';
import { listen, type RpcServer } from '../../../server/src/protocol/transport/rpcServer';
import { serve } from '../../../server/src/protocol/transport/serve';

type Items = { [N in CollectionName]?: TownCollections[N][] };

interface FakeSession {
  screen: string;
  sequence: number;
  size: { cols: number; rows: number };
  inputs: string[];
  viewers: Set<MessageConnection>;
}

export class FakeTown {
  readonly root = mkdtempSync(path.join(os.tmpdir(), 'gt-fake-'));
  snapshot: TownSnapshot = {
    revision: 1,
    town: [],
    rigs: [],
    agents: [],
    convoys: [],
    beads: [],
    attention: [],
    lists: [],
  };
  /** What was asked to be watched, with a snapshot or alone, in the order of the requests. */
  readonly watched: (BoardQuery | undefined)[] = [];
  /** The lists that are answered to the next such request. */
  watchAnswer: BoardList[] = [];
  /** This many requests to watch fail. */
  failWatches = 0;
  readonly sessions = new Map<string, FakeSession>();
  /** The methods of the requests, in their order. */
  readonly calls: string[] = [];
  /** Operation ids of the requests, in their order. */
  readonly operations: (string | undefined)[] = [];
  /** Requests are not answered while this is set. */
  holdAnswers = false;
  /** This many requests for a snapshot fail. */
  failSnapshots = 0;
  /** This many requests to attach fail. */
  failAttaches = 0;
  private readonly sockets = new Set<{ destroy(): void }>();
  private readonly connections = new Set<MessageConnection>();
  private readonly subscribers = new Set<MessageConnection>();
  private server: RpcServer | undefined;

  constructor() {
    mkdirSync(path.join(this.root, 'mayor'), { recursive: true });
    writeFileSync(
      path.join(this.root, 'mayor', 'town.json'),
      JSON.stringify({ type: 'town', version: 2, name: 'fake' }),
    );
  }

  async start(): Promise<void> {
    this.server = await listen({
      root: this.root,
      purpose: 'server',
      endpointFile: serverEndpointFile(this.root),
      accept: () => ({ ok: true }),
      onConnection: (connection, _hello, { socket }) => {
        this.sockets.add(socket);
        socket.once('close', () => this.sockets.delete(socket));
        this.accept(connection);
      },
    });
  }

  get connectionCount(): number {
    return this.sockets.size;
  }

  async stop(): Promise<void> {
    await this.server?.close();
    this.server = undefined;
  }

  /** Closes every connection, as a crash does, and listens again. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Closes every connection, as for a client that is too slow, but keeps listening. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Changes the snapshot and tells the subscribers; `silently` loses the message, as a defect would. */
  change(upsert: Items, remove: Partial<Record<CollectionName, string[]>> = {}, silently = false): void {
    const changes: Record<string, unknown> = {};
    for (const name of new Set([...Object.keys(upsert), ...Object.keys(remove)]) as Set<CollectionName>) {
      const gone = remove[name] ?? [];
      const items: { id: string }[] = upsert[name] ?? [];
      const ids = new Set([...gone, ...items.map((item) => item.id)]);
      const kept: { id: string }[] = this.snapshot[name].filter((item) => !ids.has(item.id));
      Object.assign(this.snapshot, { [name]: [...kept, ...items] });
      changes[name] = { upsert: items, remove: gone };
    }
    const from = this.snapshot.revision;
    this.snapshot.revision = from + 1;
    if (!silently) this.tell(TownChanged.spec, { from, to: from + 1, changes }, this.subscribers);
  }

  notifyPerson(text: string): void {
    this.tell(PersonNotified.spec, { severity: 'info', text }, this.subscribers);
  }

  addSession(id: string, screen: string): void {
    this.sessions.set(id, { screen, sequence: 0, size: { cols: 80, rows: 24 }, inputs: [], viewers: new Set() });
  }

  output(id: string, data: string): void {
    const session = this.session(id);
    session.screen += data;
    session.sequence += 1;
    this.tell(SessionOutput.spec, { session: id, sequence: session.sequence, data }, session.viewers);
  }

  /** Sends once more what was sent before, as a relay may around an attach; or the whole screen. */
  repeat(id: string, output: { sequence: number; data: string; isScreen?: boolean }): void {
    this.tell(SessionOutput.spec, { session: id, ...output }, this.session(id).viewers);
  }

  exit(id: string, code: number): void {
    const session = this.session(id);
    this.sessions.delete(id);
    this.tell(SessionExit.spec, { session: id, code, signal: null }, session.viewers);
  }

  session(id: string): FakeSession {
    const session = this.sessions.get(id);
    if (!session) throw new UserError(`there is no session ${id}`, undefined, 'not-found');
    return session;
  }

  private accept(connection: MessageConnection): void {
    this.connections.add(connection);
    connection.onClose(() => {
      this.connections.delete(connection);
      this.subscribers.delete(connection);
      for (const session of this.sessions.values()) session.viewers.delete(connection);
    });
    // The minimum for a language client.
    connection.onRequest('initialize', () => ({ capabilities: {} }));
    connection.onRequest('shutdown', () => null);
    const dispatcher = this.handlersFor(connection);
    serve(
      connection,
      dispatcher,
      (operation) => ({ actor: 'test', kind: 'person', operation }),
      (spec, { operation }) => {
        this.calls.push(spec.method);
        this.operations.push(operation);
      },
      undefined,
      (_spec, _context, run) => (this.holdAnswers ? new Promise(() => undefined) : run()),
    );
    connection.listen();
  }

  private handlersFor(connection: MessageConnection): Dispatcher {
    const dispatcher = new Dispatcher(townSchemas);
    dispatcher.on(TownGetSnapshot.spec, async ({ board }) => {
      if (this.failSnapshots-- > 0) throw new UserError('not now', undefined, 'unavailable');
      this.watched.push(board);
      this.subscribers.add(connection);
      return structuredClone(this.snapshot);
    });
    dispatcher.on(BoardWatch.spec, async ({ board }) => {
      this.watched.push(board);
      if (this.failWatches-- > 0) throw new UserError('not now', undefined, 'unavailable');
      const from = this.snapshot.revision;
      this.snapshot.revision = from + 1;
      this.snapshot.lists = this.watchAnswer;
      return { from, to: from + 1, changes: { lists: { upsert: this.watchAnswer, remove: [] } } };
    });
    dispatcher.on(TownUp.spec, async () => null);
    dispatcher.on(SessionAttach.spec, async ({ session: id }) => {
      if (this.failAttaches-- > 0) throw new UserError('not now', undefined, 'unavailable');
      const session = this.session(id);
      session.viewers.add(connection);
      return { screen: session.screen, sequence: session.sequence, ...session.size };
    });
    dispatcher.on(SessionDetach.spec, async ({ session: id }) => {
      this.sessions.get(id)?.viewers.delete(connection);
      return null;
    });
    dispatcher.on(SessionInput.spec, async ({ session, data }) => {
      this.session(session).inputs.push(data);
      return null;
    });
    dispatcher.on(SessionResize.spec, async ({ session, cols, rows }) => {
      this.session(session).size = { cols, rows };
      return null;
    });
    return dispatcher;
  }

  private tell<P>(spec: NotificationSpec<P>, params: P, to: Iterable<MessageConnection>): void {
    for (const connection of to) connection.sendNotification(spec.method, params).catch(() => undefined);
  }
}
