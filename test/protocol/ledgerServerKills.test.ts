import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { LedgerProject } from '../helpers/ledgerProject';
import { waitUntil } from '../helpers/temp';

const isSoak = process.env.GASTOWN_SOAK === '1';
const WORKERS = 8;
/** Creates of each worker. */
const CREATES = isSoak ? 250 : 5;
const KILLS = isSoak ? 40 : 4;
const PATIENCE = 4;

describe('writes through the server of a ledger outside of a town', function () {
  this.timeout(isSoak ? 1_800_000 : 180_000);
  let project: LedgerProject;
  beforeEach(async () => {
    project = await LedgerProject.make();
  });
  afterEach(() => project.dispose());

  /** Runs one command after the other until `isOver`. @returns ids of what was acknowledged */
  async function worker(name: string, isOver: (made: number) => boolean, env = {}): Promise<string[]> {
    const made: string[] = [];
    while (!isOver(made.length)) {
      const { code, stdout, stderr } = await project.run(['create', `${name} ${made.length}`, '--silent'], env);
      assert.equal(code, 0, stderr);
      made.push(stdout.trim());
    }
    return made;
  }

  async function allBeads(env = {}): Promise<{ id: string; title: string }[]> {
    const { stdout, stderr } = await project.run(['list', '--all', '-n', '0', '--json'], env);
    assert.equal(stderr, '');
    return JSON.parse(stdout) as { id: string; title: string }[];
  }

  for (const [how, env] of [
    ['with a server', {}],
    ['without one', { BEADS_NO_DAEMON: '1' }],
    ['with and without one by turns', undefined],
  ] as const)
    it(`${WORKERS} processes × ${CREATES} creates make ${WORKERS * CREATES} beads, ${how}`, async () => {
      const made = await Promise.all(
        Array.from({ length: WORKERS }, (_, index) =>
          worker(`w${index}`, (count) => count === CREATES, env ?? (index % 2 ? { BEADS_NO_DAEMON: '1' } : {})),
        ),
      );
      assert.equal(new Set(made.flat()).size, WORKERS * CREATES);
      const beads = await allBeads(env);
      assert.deepEqual(beads.map(({ id }) => id).sort(), made.flat().sort());
      assert.equal(new Set(beads.map(({ title }) => title)).size, WORKERS * CREATES);
    });

  it('a claim is won exactly once', async () => {
    const id = await project.create('wanted');
    const claims = await Promise.all(
      Array.from({ length: WORKERS }, (_, index) => project.run(['update', id, '--claim', '--actor', `w${index}`])),
    );
    assert.equal(claims.filter(({ code }) => code === 0).length, 1);
  });

  it(`of what was acknowledged nothing is lost and nothing done twice, over ${KILLS} kill -9 of the server`, async () => {
    let over = false;
    const workers = Array.from({ length: 4 }, (_, index) => worker(`w${index}`, () => over));
    const killed = new Set<number>();
    const deadline = Date.now() + 120_000 * PATIENCE;
    while (killed.size < KILLS && Date.now() < deadline) {
      // At another point of its work each time: it has just started, writes, or saves.
      const before = journalSize();
      if (killed.size % 2) await waitUntil('it writes', () => journalSize() !== before || over);
      const server = project.server();
      if (server && !killed.has(server.pid)) {
        killed.add(server.pid);
        process.kill(server.pid, 'SIGKILL');
        await LedgerProject.waitForEnd(server);
      } else await new Promise((done) => setTimeout(done, 20));
    }
    over = true;
    const made = (await Promise.all(workers)).flat();
    assert.equal(killed.size, KILLS);
    assert.equal(new Set(made).size, made.length);
    for (const env of [{}, { BEADS_NO_DAEMON: '1' }])
      assert.deepEqual((await allBeads(env)).map(({ id }) => id).sort(), [...made].sort());
  });

  const journal = (): string => path.join(project.directory, 'journal.jsonl');
  const journalSize = (): number => fs.statSync(journal(), { throwIfNoEntry: false })?.size ?? 0;
});
