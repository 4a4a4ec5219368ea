import assert from 'node:assert/strict';
import type { Bead } from '../../server/src/protocol/bead';
import { LedgerProject } from '../helpers/ledgerProject';

const soak = process.env.GASTOWN_SOAK === '1';
const PROCESSES = 8;
/** How many commands each of them runs, one after the other. */
const EACH = soak ? 250 : 6;

describe('many processes at the server of a ledger', function () {
  this.timeout(soak ? 3_600_000 : 240_000);
  let project: LedgerProject;
  afterEach(async () => project?.dispose());

  it(`${PROCESSES} × ${EACH} creates make ${PROCESSES * EACH} beads, and each claim is won once`, async () => {
    project = await LedgerProject.make();
    const first = await project.create('the first starts the server');
    const made = await Promise.all(
      Array.from({ length: PROCESSES }, async (_, worker) => {
        const ids: string[] = [];
        for (let n = 0; n < EACH; n++) ids.push(await project.create(`worker ${worker} bead ${n}`));
        return ids;
      }),
    );
    const ids = made.flat();
    assert.equal(new Set([first, ...ids]).size, PROCESSES * EACH + 1);
    assert.equal((await project.titles()).length, PROCESSES * EACH + 1);
    await project.ok('sync', '--flush-only');
    for (const id of ids) assert.ok(project.file().includes(`{"id":"${id}",`), id);

    const contested = ids.slice(0, EACH);
    const claims = await Promise.all(
      Array.from({ length: PROCESSES }, async (_, worker) => {
        const won: string[] = [];
        for (const id of [...contested.slice(worker % EACH), ...contested.slice(0, worker % EACH)]) {
          const { code, stderr } = await project.run(['update', id, '--claim', '--actor', `worker-${worker}`]);
          if (code === 0) won.push(id);
          else assert.match(stderr, /already claimed by/);
        }
        return won;
      }),
    );
    assert.deepEqual(claims.flat().sort(), [...contested].sort());
    const beads = JSON.parse(await project.ok('list', '--all', '-n', '0', '--json')) as Bead[];
    for (const [worker, won] of claims.entries())
      for (const id of won) assert.equal(beads.find((bead) => bead.id === id)?.assignee, `worker-${worker}`);
  });
});
