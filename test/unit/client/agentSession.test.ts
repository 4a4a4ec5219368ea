import assert from 'node:assert/strict';
import { AgentSession, type Size } from '../../../client/src/features/agents/terminals/agentSession';
import { SessionDetach } from '../../../server/src/protocol/town';
import { connectTown, type TownConnection } from '../../../server/src/protocol/transport';
import { FakeTown } from './fakeTown';
import { QuietLog } from './quietLog';
import { polecat } from './samples';
import { until } from './until';

const RESET = '\x1bc';

describe('the terminal of an agent', () => {
  let fake: FakeTown;
  let link: TownConnection;
  let session: AgentSession;
  let written: string;
  let fixed: (Size | undefined)[];

  beforeEach(async () => {
    fake = new FakeTown();
    await fake.start();
    link = await connectTown(fake.root, { kind: 'window', actor: 'test' });
    written = '';
    fixed = [];
    session = new AgentSession(
      'toy/polecats/nux',
      link,
      {
        write: (data) => {
          written += data;
        },
        fixSize: (size) => fixed.push(size),
      },
      new QuietLog(),
    );
  });

  afterEach(async () => {
    session.dispose();
    link.close();
    await fake.dispose();
  });

  const shows = (text: string) =>
    until(
      () => written.includes(text),
      () => written,
    );

  it('shows the present screen, then the output that follows, each once', async () => {
    fake.addSession('s1', 'screen so far|');
    session.update(polecat('nux', { session: 's1' }), true);
    await shows('screen so far|');
    fake.output('s1', 'more|');
    fake.output('s1', 'and more|');
    await shows('and more|');
    assert.equal(written, `${RESET}screen so far|more|and more|`);
  });

  it('takes a whole screen for one because it is said to be, not by what a program prints', async () => {
    fake.addSession('s1', 'screen|');
    session.update(polecat('nux', { session: 's1' }), true);
    await shows('screen|');
    fake.output('s1', `${RESET}cleared|`);
    fake.repeat('s1', { sequence: 1, data: `${RESET}cleared|` });
    fake.repeat('s1', { sequence: 1, data: 'all of it|', isScreen: true });
    fake.output('s1', 'next|');
    await shows('next|');
    assert.equal(written, `${RESET}screen|${RESET}cleared|${RESET}all of it|next|`);
  });

  it('loses no output while it attaches', async () => {
    fake.addSession('s1', '');
    session.update(polecat('nux', { session: 's1' }), true);
    for (let line = 0; line < 200; line++) {
      fake.output('s1', `${line},`);
      if (line % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await shows('199,');
    assert.equal(written, RESET + Array.from({ length: 200 }, (_, line) => `${line},`).join(''));
  });

  it('notes a missing session, and shows the one that starts', async () => {
    session.update(polecat('nux', { state: 'off' }), true);
    session.update(polecat('nux', { state: 'off' }), true);
    assert.equal(written.match(/no session now/g)?.length, 1);
    fake.addSession('s2', 'here I am');
    session.update(polecat('nux', { session: 's2' }), true);
    await shows('here I am');
  });

  it('stays after the end of a session and shows the next one', async () => {
    fake.addSession('s1', 'first');
    session.update(polecat('nux', { session: 's1' }), true);
    await shows('first');
    fake.output('s1', ' last words');
    fake.exit('s1', 3);
    session.update(polecat('nux', { state: 'crashed' }), true);
    await shows('exit code 3');
    assert.ok(written.indexOf('last words') < written.indexOf('exit code 3'));
    session.update(polecat('nux', { session: 's1' }), true); // an old snapshot must not bring the ended session back
    fake.addSession('s2', 'second');
    session.update(polecat('nux', { session: 's2' }), true);
    await shows(`${RESET}second`);
  });

  it('attaches again after a reconnect', async () => {
    fake.addSession('s1', 'before|');
    session.update(polecat('nux', { session: 's1' }), true);
    await shows('before|');
    session.update(polecat('nux', { session: 's1' }), false);
    await fake.restart();
    await link.reconnect();
    session.update(polecat('nux', { session: 's1' }), true);
    await shows(`before|${RESET}before|`);
    fake.output('s1', 'after');
    await shows('after');
  });

  it('attaches again by itself after the server could not show the session', async () => {
    fake.addSession('s1', 'screen');
    fake.failAttaches = 2;
    session.update(polecat('nux', { session: 's1' }), true);
    await shows(`${RESET}screen`);
    assert.equal(written.match(/Cannot show the terminal/g)?.length, 1, 'the same note once');
    session.type('x');
    await until(() => fake.session('s1').inputs.join('') === 'x');
  });

  it('gives up attaching when it is closed or the connection is lost', async () => {
    fake.failAttaches = 1;
    fake.addSession('s1', '');
    session.update(polecat('nux', { session: 's1' }), true);
    await shows('Cannot show the terminal');
    session.dispose();
    const before = fake.calls.length;
    await link.call(SessionDetach.spec, { session: 's2' });
    assert.equal(fake.calls.length, before + 1);
  });

  it('sends input in order', async () => {
    fake.addSession('s1', '> ');
    session.update(polecat('nux', { session: 's1' }), true);
    await shows('> ');
    for (const key of 'the quick brown fox') session.type(key);
    await until(
      () => fake.session('s1').inputs.join('') === 'the quick brown fox',
      () => fake.session('s1').inputs,
    );
  });

  it('keeps input during a reconnect', async () => {
    fake.addSession('s1', '> ');
    session.update(polecat('nux', { session: 's1' }), true);
    await shows('> ');
    session.update(polecat('nux', { session: 's1' }), false);
    await fake.restart();
    session.type('ab');
    session.type('c');
    await link.reconnect();
    session.update(polecat('nux', { session: 's1' }), true);
    await until(
      () => fake.session('s1').inputs.join('') === 'abc',
      () => fake.session('s1').inputs,
    );
  });

  it('takes the size of the window only after input there', async () => {
    fake.addSession('s1', '$ ');
    session.resize({ cols: 100, rows: 30 }, true);
    session.update(polecat('nux', { session: 's1' }), true);
    await shows('$ ');
    assert.deepEqual(fake.session('s1').size, { cols: 80, rows: 24 });
    assert.deepEqual(fixed.at(-1), { cols: 80, rows: 24 });
    session.type('x');
    await until(() => fake.session('s1').size.cols === 100);
    assert.equal(fixed.at(-1), undefined);
    session.resize({ cols: 120, rows: 40 }, false); // another window has the focus
    session.resize({ cols: 90, rows: 20 }, true);
    await until(() => fake.session('s1').size.cols === 90);
  });

  it('detaches when it is closed, without affecting the session', async () => {
    fake.addSession('s1', '');
    session.update(polecat('nux', { session: 's1' }), true);
    await until(() => fake.session('s1').viewers.size === 1);
    session.dispose();
    await until(() => fake.session('s1').viewers.size === 0);
    assert.ok(fake.sessions.has('s1'));
  });
});
