import assert from 'node:assert/strict';
import { Emitter } from '../../../server/src/base/lifecycle';
import { Dispatcher } from '../../../server/src/protocol/dispatcher';
import { townSchemas } from '../../../server/src/protocol/schemas';
import { SessionAttach, SessionExit, SessionOutput } from '../../../server/src/protocol/town';
import type { SessionManager } from '../../../server/src/sessions/manager';
import { TerminalRelay } from '../../../server/src/sessions/relay';
import { waitUntil } from '../../helpers/temp';

class FakeHost {
  readonly output = new Emitter<{ id: string; sequence: number; data: string }>();
  readonly exit = new Emitter<{ id: string; code: number | null; signal: string | null }>();
  readonly reattach = new Emitter<{ id: string; screen: unknown }>();
  readonly lost = new Emitter<{ sessions: string[] }>();
  readonly onOutput = this.output.event;
  readonly onExit = this.exit.event;
  readonly onDidReattach = this.reattach.event;
  readonly onDidLoseHost = this.lost.event;
  attaches = 0;
  failures = 0;
  exited: { code: number | null; signal: string | null } | undefined;

  async attach() {
    this.attaches += 1;
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the host does not answer');
    }
    return { screen: 'whole screen', sequence: 7, cols: 80, rows: 24, exited: this.exited };
  }

  async detach(): Promise<void> {}
}

describe('the relay of terminals', function () {
  this.timeout(60_000);
  let host: FakeHost;
  let relay: TerminalRelay;
  let sent: { method: string; data?: string; isScreen?: boolean }[];
  let backlog: number;
  let dispatcher: Dispatcher;
  const attach = (session: string): Promise<unknown> =>
    dispatcher.get(SessionAttach.spec.method)!.run({ session }, { actor: 'ann', kind: 'person', connection: 'window' });
  const outputs = (): (string | undefined)[] =>
    sent.filter(({ method }) => method === SessionOutput.spec.method).map(({ data }) => data);

  beforeEach(() => {
    host = new FakeHost();
    sent = [];
    backlog = 0;
    dispatcher = new Dispatcher(townSchemas);
    const sessions: Pick<SessionManager, 'client'> = { client: async () => host as never };
    relay = new TerminalRelay(
      sessions,
      {
        notify: (_connection, spec, params) => void sent.push({ method: spec.method, ...(params as object) }),
        backlog: () => backlog,
      },
      { error: () => undefined },
    );
    relay.register(dispatcher);
  });
  afterEach(() => relay.dispose());

  it('sends a window that lags behind the whole screen once it has caught up, also when that fails at first', async () => {
    await attach('one');
    backlog = 5_000_000;
    host.output.fire({ id: 'one', sequence: 1, data: 'lost' });
    host.output.fire({ id: 'one', sequence: 2, data: 'lost too' });
    assert.deepEqual(outputs(), []);
    host.failures = 2;
    backlog = 0;
    await waitUntil('the screen has come', () => outputs().length > 0);
    assert.deepEqual(
      sent.filter(({ method }) => method === SessionOutput.spec.method).map(({ data, isScreen }) => [data, isScreen]),
      [['whole screen', true]],
    );
    host.output.fire({ id: 'one', sequence: 8, data: 'live again' });
    assert.equal(outputs().at(-1), 'live again');
  });

  it('tells viewers of the end of a session, and forgets them', async () => {
    await attach('one');
    host.exit.fire({ id: 'one', code: 0, signal: null });
    assert.equal(sent.filter(({ method }) => method === SessionExit.spec.method).length, 1);
    host.output.fire({ id: 'one', sequence: 9, data: 'too late' });
    host.exit.fire({ id: 'one', code: 0, signal: null });
    assert.equal(sent.length, 1);
  });

  it('tells viewers when the host is lost', async () => {
    await attach('one');
    host.lost.fire({ sessions: ['one', 'two'] });
    assert.deepEqual(
      sent.map(({ method }) => method),
      [SessionExit.spec.method],
    );
  });

  it('shows the last screen of a session that has ended, and does not wait for more of it', async () => {
    host.exited = { code: 1, signal: null };
    await attach('old');
    host.output.fire({ id: 'old', sequence: 1, data: 'nothing' });
    assert.deepEqual(sent, []);
  });
});
