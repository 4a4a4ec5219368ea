import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { loadSql } from '../../server/src/beads/index/wasm';
import { formulaRequests } from '../../server/src/protocol/formula';
import { beadRequests, BeadClose, BeadCreate, type Bead } from '../../server/src/protocol/bead';
import {
  ConsentGive,
  ConvoyCreate,
  ConvoyGet,
  ConvoyLaunch,
  RigAdd,
  RigRemove,
  SessionAttach,
  SessionInput,
  SessionOutput,
  Sling,
  TownEvent,
  TownGetSnapshot,
  townRequests,
  TownUp,
  type TownSnapshot,
} from '../../server/src/protocol/town';
import { ConvoyStage, type StagedPlan } from '../../server/src/protocol/convoyPlan';
import type { RequestSpec } from '../../server/src/protocol/request';
import { connectTo, connectTown, serverEndpointFile, type TownConnection } from '../../server/src/protocol/transport';
import { CliTown } from '../helpers/cliTown';
import { makeRepository, waitUntil } from '../helpers/temp';
import { as, Window } from './window';

const serverJs = path.resolve('dist/server.js');

describe('the server', function () {
  this.timeout(60_000);
  let town: CliTown;
  before(async () => {
    town = await CliTown.make();
  });
  after(async () => town.dispose());

  it('has a handler for every request of the protocol, and checks parameters', async () => {
    const window = await Window.open(town);
    for (const spec of [...beadRequests, ...formulaRequests, ...townRequests]) {
      await assert.rejects(
        window.connection.sendRequest(spec.method, { input: 7 }),
        (error: Error & { code?: number }) => {
          assert.notEqual(error.code, -32601, `${spec.method} has no handler`);
          assert.match(error.message, /bad parameters/, spec.method);
          return true;
        },
      );
    }
    await assert.rejects(
      window.connection.sendRequest('gastown/nonsense', {}),
      (error: Error & { code?: number }) => error.code === -32601,
    );
    await assert.rejects(window.connection.sendRequest(TownUp.spec.method, 'no envelope'), /bad parameters/);
    window.connection.dispose();
  });

  it('gives two windows the same picture by snapshot and deltas, and one that exits does not end the other', async () => {
    const [one, two] = [await Window.open(town), await Window.open(town)];
    const first = await one.call(TownGetSnapshot.spec, {});
    const second: TownSnapshot = await two.call(TownGetSnapshot.spec, {});
    assert.deepEqual(second, first);
    const created = await one.call(
      BeadCreate.spec,
      { ledger: 'toy', title: 'Shown', description: '```sh\ntrue\n```' },
      'op-shown',
    );
    await one.call(ConvoyCreate.spec, { title: 'Shown', beads: [created.id], stage: true }, 'op-convoy');
    await waitUntil('both heard of it', () =>
      [one, two].every((window) => window.deltas.some((delta) => delta.changes.convoys)),
    );
    for (const window of [one, two]) {
      let revision = first.revision;
      for (const delta of window.deltas) {
        assert.equal(delta.from, revision);
        revision = delta.to;
      }
    }
    await one.connection.sendRequest('shutdown');
    await one.connection.sendNotification('exit');
    await new Promise((done) => setTimeout(done, 200));
    assert.ok((await two.call(TownGetSnapshot.spec, {})).beads.some((bead) => bead.id === created.id));
    two.connection.dispose();
  });

  it('serves two windows and ten bd commands at once', async () => {
    const windows = [await Window.open(town), await Window.open(town)];
    const results = await Promise.all([
      ...windows.flatMap((window, who) =>
        Array.from(
          { length: 20 },
          async (_unused, index) =>
            (await window.call(BeadCreate.spec, { ledger: 'toy', title: `W${who} ${index}` }, `op-w${who}-${index}`))
              .id,
        ),
      ),
      ...Array.from({ length: 10 }, async (_unused, index) =>
        (await town.bd('create', `--title=B${index}`, '--silent')).trim(),
      ),
    ]);
    assert.equal(new Set(results).size, 50);
    const listed = JSON.parse(await town.bd('list', '-n', '0', '--json')) as Bead[];
    assert.deepEqual(
      results.filter((id) => !listed.some((bead) => bead.id === id)),
      [],
    );
    for (const window of windows) window.connection.dispose();
  });

  it('writes its beads as an SQLite file when a person asks, into the ledger of the folder', async () => {
    const id = (await town.bd('create', '--title=For sqlite3', '--silent')).trim();
    const { file } = JSON.parse(await town.bd('export', '--sqlite', '--json')) as { file: string };
    assert.equal(file, path.join(town.root, 'toy', '.beads', 'beads.db'));
    assert.equal(fs.existsSync(path.join(town.root, '.beads', 'beads.db')), false);
    const { Database } = await loadSql();
    const database = new Database(fs.readFileSync(file));
    const rows = database.exec('SELECT ledger, title FROM beads WHERE id = ?', [id])[0]?.values;
    assert.deepEqual(rows, [['toy', 'For sqlite3']]);
    database.close();
  });

  it('answers a repeated operation with the first result, also after kill -9', async () => {
    const window = await Window.open(town);
    const input = { ledger: 'toy', title: 'Only once' };
    const created: Bead = await window.call(BeadCreate.spec, input, 'op-once');
    assert.equal((await window.call(BeadCreate.spec, input, 'op-once')).id, created.id);
    window.connection.dispose();
    town.kill('server');
    const again = await Window.open(town);
    assert.equal((await again.call(BeadCreate.spec, input, 'op-once')).id, created.id);
    again.connection.dispose();
  });

  it('gives the first result of a launch, a consent and a rig again, though each could not be done twice', async () => {
    const window = await Window.open(town);
    const bead: Bead = await window.call(
      BeadCreate.spec,
      { ledger: 'toy', title: 'Launched once' },
      'op-launched-bead',
    );
    const staged = await window.call(
      ConvoyCreate.spec,
      { title: 'Launched once', beads: [bead.id], stage: true },
      'op-staged',
    );
    const planned: Bead = await window.call(BeadCreate.spec, { ledger: 'toy', title: 'Planned' }, 'op-planned-bead');
    const project = makeRepository({ 'README.md': '# second' });
    const calls: [RequestSpec, unknown][] = [
      [ConvoyLaunch.spec, { id: staged.id }],
      [ConvoyStage.spec, { ids: [planned.id], launch: true }],
      [Sling.spec, { beads: [planned.id], rig: 'toy' }],
      [RigAdd.spec, { name: 'second', source: project, gates: { test: 'true' } }],
      [ConsentGive.spec, undefined],
      [RigRemove.spec, { name: 'second' }],
    ];
    const first: unknown[] = [];
    for (const [index, [spec, input]] of calls.entries()) {
      if (spec === ConsentGive.spec) {
        const { attention } = await window.call(TownGetSnapshot.spec, {});
        const { kind, hash } = attention.find((item) => item.rig === 'second')!.consent!;
        calls[index] = [spec, { kind, hash }];
      }
      // The second comes while the first is still being worked on.
      const [once, twice] = await Promise.all(
        [1, 2].map(() => window.call(spec, calls[index]![1] ?? input, `op-first-${index}`)),
      );
      assert.deepEqual(twice, once);
      first.push(once);
    }
    const { convoy_id: launched } = first[1] as StagedPlan;
    assert.equal((await window.call(ConvoyGet.spec, { id: launched })).status, 'open', 'staged and launched at once');
    window.connection.dispose();
    town.kill('server');
    const again = await Window.open(town);
    for (const [index, [spec, input]] of calls.entries())
      assert.deepEqual(await again.call(spec, input, `op-first-${index}`), first[index], spec.method);
    await assert.rejects(again.call(ConvoyLaunch.spec, { id: staged.id }, 'op-another'), /was launched already/);
    await again.call(BeadClose.spec, { ids: [planned.id], reason: 'only planned', ledger: 'toy' });
    again.connection.dispose();
  });

  it('goes on with the last picture while a settings file is half edited, and says which rig it is about', async () => {
    const window = await Window.open(town);
    await window.call(TownGetSnapshot.spec, {});
    const pid = town.processOf('server')?.pid;
    const rigFile = path.join(town.root, 'toy', 'settings', 'config.json');
    const townSettings = path.join(town.root, 'settings', 'config.json');
    const texts = [rigFile, townSettings].map((file) => fs.readFileSync(file, 'utf8'));
    fs.writeFileSync(rigFile, texts[0]!.slice(0, 30));
    await window.call(BeadCreate.spec, { ledger: 'toy', title: 'While it is edited' }, 'op-half-1');
    await waitUntil('the problem is shown', () =>
      window.deltas.some((delta) =>
        delta.changes.attention?.upsert.some(
          (item) => item.kind === 'problem' && item.rig === 'toy' && item.detail.includes('is not JSON'),
        ),
      ),
    );
    fs.writeFileSync(townSettings, '{"up": tr');
    await window.call(BeadCreate.spec, { ledger: 'toy', title: 'Still' }, 'op-half-2');
    await new Promise((done) => setTimeout(done, 300));
    fs.writeFileSync(rigFile, texts[0]!);
    fs.writeFileSync(townSettings, texts[1]!);
    await window.call(BeadCreate.spec, { ledger: 'toy', title: 'And again' }, 'op-half-3');
    await waitUntil('the problem is gone', () =>
      window.deltas.some((delta) => delta.changes.attention?.remove.includes('problem-rig-toy')),
    );
    assert.equal(town.processOf('server')?.pid, pid);
    window.connection.dispose();
  });

  it('lets a window in restricted mode look, and no more', async () => {
    const window = await Window.open(town, false);
    assert.ok((await window.call(TownGetSnapshot.spec, {})).rigs.length > 0);
    for (const [spec, input] of [
      [TownUp.spec, {}],
      [BeadCreate.spec, { ledger: 'toy', title: 'No' }],
    ] as const) {
      await assert.rejects(window.call(spec, input, 'op-restricted'), /restricted mode/);
    }
    window.connection.dispose();
  });

  it('is reached again by a client whose server was killed, without doing anything twice', async () => {
    const client: TownConnection = await as(town, () =>
      connectTown(town.root, { kind: 'cli', actor: 'ann' }, { serverJs }),
    );
    const before = await client.call(BeadCreate.spec, { ledger: 'toy', title: 'Before' });
    town.kill('server');
    const after = await as(town, () => client.call(BeadCreate.spec, { ledger: 'toy', title: 'After' }));
    assert.notEqual(after.id, before.id);
    client.close();
  });

  it('hands over to a newer build, and refuses strangers', async () => {
    const old = town.processOf('server');
    const client = await as(town, () =>
      connectTown(town.root, { kind: 'cli', actor: 'ann', build: Date.now() + 1e6 }, { serverJs }).catch(
        () => undefined,
      ),
    );
    assert.notEqual(town.processOf('server')?.pid, old?.pid);
    client?.close();
    const endpoint = serverEndpointFile(town.root);
    await town.gt('status');
    const text = fs.readFileSync(endpoint, 'utf8');
    assert.equal(fs.statSync(endpoint).mode & 0o777, 0o600);
    const forged = path.join(town.person.home, 'forged.json');
    fs.writeFileSync(
      forged,
      text.replace(/"key": ?"[0-9a-f]+"/, '"key":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"'),
    );
    await assert.rejects(connectTo(forged, { kind: 'cli', actor: 'mallory' }));
  });

  it('relays a terminal: screen, output and typing', async () => {
    const window = await Window.open(town);
    let output = '';
    window.connection.onNotification(SessionOutput.spec.method, (event: { data: string }) => {
      output += event.data;
    });
    await town.gt('up');
    const bead = await town.bead(
      'Asks',
      'echo "the question"; read answer; echo "got $answer" > answer.txt; echo "thanks $answer"; sleep 1',
    );
    await window.call(Sling.spec, { beads: [bead], rig: 'toy' }, 'op-sling');
    let session = '';
    await waitUntil('there is a terminal', async () => {
      session =
        (await window.call(TownGetSnapshot.spec, {})).agents.find((agent) => agent.bead === bead)?.session ?? '';
      return session !== '';
    });
    let screen = '';
    await waitUntil('it asks', async () => {
      const shown = await window.call(SessionAttach.spec, { session });
      screen = shown.screen;
      return screen.includes('the question') || output.includes('the question');
    });
    await window.call(SessionInput.spec, { session, data: 'forty-two\r' }, 'op-input');
    await waitUntil('it thanks', () => output.includes('thanks forty-two'));
    window.connection.dispose();
  });

  it('tells subscribers of the audit trail as it happens', async () => {
    const client = await as(town, () => connectTown(town.root, { kind: 'cli', actor: 'ann' }, { serverJs }));
    const types: string[] = [];
    client.onNotification(TownEvent.spec, (event) => types.push(`${event.type} ${event.actor}`));
    await client.call(TownGetSnapshot.spec, {});
    await client.call(BeadCreate.spec, { ledger: 'toy', title: 'Heard' });
    await waitUntil('it was heard', () => types.includes('created ann'));
    client.close();
  });
});
