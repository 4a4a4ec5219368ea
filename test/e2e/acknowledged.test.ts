import assert from 'node:assert/strict';
import path from 'node:path';
import { BeadCreate, BeadList } from '../../server/src/protocol/bead';
import { RpcClient, openTown } from '../../server/src/protocol/transport';
import { CliTown } from '../helpers/cliTown';
import { waitUntil } from '../helpers/temp';

/** A machine may be busy with other things. */
const LIMIT_MS = 120_000;

const soak = process.env.GASTOWN_SOAK === '1';
const WRITES = soak ? 10_000 : 300;
const KILLS = soak ? 100 : 5;
/** Clients that write at once: kills hit batches of several of them. */
const WRITERS = 8;
const seed = Number(process.env.GASTOWN_SEED ?? Math.floor(Math.random() * 1e9));

/** Connects as a person of this town does; each call that lost its answer is repeated with the same operation id. */
function connect(town: CliTown): Promise<RpcClient> {
  return RpcClient.open(
    () =>
      openTown(
        town.root,
        { kind: 'cli', actor: 'Ann', cwd: path.join(town.root, 'toy') },
        { serverJs: path.resolve('dist/server.js'), startTimeoutMs: 60_000 },
      ),
    { reconnectTimeoutMs: 120_000 },
  );
}

describe(`${WRITES} acknowledged writes, ${KILLS} kills of the server (seed ${seed})`, function () {
  this.timeout(soak ? 3_600_000 : 600_000);
  let town: CliTown;
  const environment = { ...process.env };
  before(async () => {
    town = await CliTown.make();
    // Clients of this process find sockets where those of the test's person do.
    Object.assign(process.env, town.person.env);
  });
  after(async () => {
    for (const name of Object.keys(town.person.env)) delete process.env[name];
    Object.assign(process.env, environment);
    await town.dispose();
  });

  it('loses none of them and makes none twice', async () => {
    let state = seed;
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    /** Id of the bead by the title that it was created with. */
    const acknowledged = new Map<string, string>();
    let next = 0;
    let kills = 0;
    /** Killed right behind the acknowledgement of this write, in the middle of others. */
    let killAt = 1;
    const acknowledge = (title: string, id: string): void => {
      acknowledged.set(title, id);
      if (kills >= KILLS || acknowledged.size < killAt || !town.kill('server')) return;
      kills += 1;
      // Spread over what is left, somewhere within its share.
      const share = (WRITES - acknowledged.size) / (KILLS - kills + 1);
      killAt = acknowledged.size + Math.max(1, Math.floor(share * (0.5 + random())));
    };
    const writer = async (): Promise<void> => {
      const client = await connect(town);
      try {
        while (next < WRITES) {
          const title = `Write ${next++}`;
          acknowledge(title, (await client.call(BeadCreate.spec, { ledger: 'toy', title })).id);
        }
      } finally {
        client.close();
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, writer));
    assert.ok(kills >= KILLS, `only ${kills} kills`);

    // What a server has that read everything from disk.
    const server = town.processOf('server');
    town.kill('server');
    await waitUntil('it has ended', () => town.processOf('server')?.pid !== server?.pid, LIMIT_MS);
    const client = await connect(town);
    const listed = await client.call(BeadList.spec, { ledger: 'toy', limit: 0 });
    client.close();
    const found = new Map(listed.map((bead) => [bead.id, bead.title]));
    const lost = [...acknowledged].filter(([title, id]) => found.get(id) !== title);
    assert.deepEqual(lost, [], `${lost.length} of ${acknowledged.size} were acknowledged and are lost`);
    assert.equal(
      new Set(listed.map((bead) => bead.title)).size,
      listed.length,
      'a write that was repeated took effect twice',
    );
    assert.equal(acknowledged.size, WRITES);
    console.log(`      ${acknowledged.size} acknowledged writes over ${kills} kills: ${lost.length} lost`);
  });
});
