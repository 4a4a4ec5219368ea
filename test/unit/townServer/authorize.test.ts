import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { newToken, SessionRecords, type SessionRecord } from '../../../server/src/sessions/records';
import { BeadCreate, BeadList } from '../../../server/src/protocol/bead';
import { TownUp } from '../../../server/src/protocol/town';
import type { Hello } from '../../../server/src/protocol/transport';
import { acceptHello, authorize, identifyCaller } from '../../../server/src/townServer/access/authorize';
import { TownLayout } from '../../../server/src/town/layout';
import { tempDir } from '../../helpers/temp';

describe('who calls', () => {
  const root = tempDir('town');
  const home = path.join(root, 'toy', 'polecats', 'rust', 'rig');
  fs.mkdirSync(home, { recursive: true });
  const { token, hash } = newToken();
  const records = new SessionRecords(new TownLayout(root));
  const session: SessionRecord = {
    id: 'toy-rust-1',
    agent: 'toy/polecats/rust',
    role: 'polecat',
    rig: 'toy',
    name: 'rust',
    bead: 'toy-1',
    runtime: 'script',
    attempt: 1,
    tokenHash: hash,
    startedAt: 1,
  };
  records.save(session);
  const hello = (given: Partial<Hello>): Hello => ({
    protocol: 1,
    build: 1,
    kind: 'cli',
    pid: 5,
    actor: 'ann',
    ...given,
  });
  const caller = (given: Partial<Hello>) => identifyCaller(hello(given), root, records);

  it('is the person at a window or a command line', () => {
    for (const kind of ['window', 'cli'] as const) {
      const person = caller({ kind, cwd: root });
      assert.equal(person.kind, 'person');
      authorize(TownUp.spec, person);
    }
    // The folder of a window is not a claim to be anybody.
    assert.equal(caller({ kind: 'window', cwd: home }).kind, 'person');
  });

  it('is an agent by its token only', () => {
    const agent = caller({ kind: 'agent', token, actor: undefined, cwd: home });
    assert.deepEqual([agent.kind, agent.actor], ['agent', 'toy/polecats/rust']);
    authorize(BeadCreate.spec, agent);
    assert.throws(() => authorize(TownUp.spec, agent), /only a person/);
    assert.equal(acceptHello(hello({ token, actor: 'ann' }), root, records).ok, false);
  });

  const nobodies: [string, Partial<Hello>, RegExp][] = [
    ['with a dead token', { kind: 'agent', token: 'forged' }, /has ended/],
    ['that says agent without a token', { kind: 'agent' }, /no valid session token/],
    ['that says server', { kind: 'server' }, /no valid session token/],
    ["in an agent's folder", { cwd: home }, /folder belongs to toy\/polecats\/rust/],
    [
      'in the worktree that gates run in',
      { cwd: path.join(root, 'toy', 'refinery', 'rig') },
      /folder belongs to toy\/refinery/,
    ],
    ["of any kind in an agent's folder", { kind: 'server', cwd: home }, /folder belongs to/],
    ...['toy/polecats/furiosa', 'mayor', 'deacon', 'toy/witness', 'toy/refinery', 'toy/crew/ann'].map(
      (actor): [string, Partial<Hello>, RegExp] => [`that calls itself ${actor}`, { actor }, /name of an agent/],
    ),
    ['at a window that calls itself deacon', { kind: 'window', actor: 'deacon' }, /name of an agent/],
  ];
  for (const [what, given, expected] of nobodies) {
    it(`is nobody ${what}: it may look only`, () => {
      const nobody = caller(given);
      assert.equal(nobody.kind, 'nobody');
      authorize(BeadList.spec, nobody);
      for (const spec of [BeadCreate.spec, TownUp.spec]) assert.throws(() => authorize(spec, nobody), expected);
    });
  }

  it('may only look from a window in restricted mode', () => {
    const restricted = caller({ kind: 'window', trusted: false });
    authorize(BeadList.spec, restricted);
    for (const spec of [BeadCreate.spec, TownUp.spec])
      assert.throws(() => authorize(spec, restricted), /restricted mode/);
    authorize(TownUp.spec, caller({ kind: 'window', trusted: true }));
  });

  it("reads no session record that could end or remove what is not the session's own", () => {
    const layout = new TownLayout(tempDir('foreign'));
    fs.mkdirSync(layout.sessionRecords, { recursive: true });
    const write = (file: string, changes: object): void =>
      fs.writeFileSync(path.join(layout.sessionRecords, `${file}.json`), JSON.stringify({ ...session, ...changes }));
    write('toy-rust-1', { pid: 1, start: 'x' });
    write('a', { id: 'a', pid: 4321, start: process.platform === 'win32' ? 5 : '' });
    write('b', { id: '../../b' });
    write('c', { id: 'other' });
    write('good', { id: 'good', pid: 4321, start: 'x' });
    assert.deepEqual(
      new SessionRecords(layout).all().map((record) => record.id),
      ['good'],
    );
  });
});
