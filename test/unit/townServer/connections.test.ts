import assert from 'node:assert/strict';
import { notification } from '../../../server/src/protocol/request';
import { Connections, MAX_BACKLOG_BYTES } from '../../../server/src/protocol/transport/connections';

class FakeSocket {
  writableLength = 0;
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
  }
}

describe('connections', () => {
  const spec = notification<number>('test/number');
  let connections: Connections;
  let sent: string[];
  let logged: string[];
  const add = (id: string): FakeSocket => {
    const socket = new FakeSocket();
    connections.add(id, socket, async (_method, params) => void sent.push(`${id} ${String(params)}`));
    return socket;
  };
  beforeEach(() => {
    sent = [];
    logged = [];
    connections = new Connections({ error: (text) => logged.push(text) });
  });

  it('broadcast to those who are subscribed', () => {
    add('a');
    add('b');
    connections.broadcast(spec, 1, (id) => id === 'b');
    assert.deepEqual(sent, ['b 1']);
  });

  it('of a client that reads nothing are closed, and no other', () => {
    const stuck = add('stuck');
    const fine = add('fine');
    stuck.writableLength = MAX_BACKLOG_BYTES + 1;
    fine.writableLength = MAX_BACKLOG_BYTES;
    connections.broadcast(spec, 2, () => true);
    assert.deepEqual([stuck.destroyed, fine.destroyed, sent], [true, false, ['fine 2']]);
    assert.match(logged.join(), /stuck has not read 16000001 bytes/);
  });

  it('are closed without a notification too: answers that nobody reads pile up as well', () => {
    const stuck = add('stuck');
    connections.cutStuck();
    assert.equal(stuck.destroyed, false);
    stuck.writableLength = MAX_BACKLOG_BYTES + 1;
    connections.cutStuck();
    assert.equal(stuck.destroyed, true);
  });

  it('that break while something is sent are forgotten', async () => {
    connections.add('broken', new FakeSocket(), () => Promise.reject(new Error('closed')));
    connections.notify('broken', spec, 1);
    await new Promise((done) => setImmediate(done));
    assert.equal(connections.size, 0);
  });
});
