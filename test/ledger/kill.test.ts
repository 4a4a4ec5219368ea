import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { initLedger } from '../../server/src/beads/storage/init';
import { parseLedgerText } from '../../server/src/beads/storage/ledgerText';
import { BeadStore } from '../../server/src/beads/store';
import { tempDir } from '../helpers/temp';
import { seeded } from './scenario';

const rounds = process.env.GASTOWN_SOAK === '1' ? 100 : 8;
const seed = Number(process.env.GASTOWN_SEED ?? Date.now() % 1_000_000);

/** Lets a writer run for a while, kills it without warning and gives the pairs of ids that it acknowledged. */
async function writeAndKill(directory: string, acknowledgements: number): Promise<[string, string][]> {
  const child = spawn(process.execPath, [path.join(__dirname, 'writerProcess.js'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      // Right behind an acknowledgement, in the middle of what follows it.
      if (output.split('\nack ').length > acknowledgements) child.kill('SIGKILL');
    });
    child.on('close', () => resolve());
  });
  const lines = output.split('\n').slice(0, -1); // the last one may be cut
  return lines.filter((line) => line.startsWith('ack ')).map((line) => line.split(' ').slice(1) as [string, string]);
}

describe('kill -9', function () {
  this.timeout(rounds * 5_000);

  it('loses nothing that was acknowledged and leaves no half batch', async () => {
    console.log(`      seed ${seed}`);
    const random = seeded(seed);
    const directory = path.join(tempDir('kill'), '.beads');
    initLedger(directory, 'bd');
    const acknowledged: [string, string][] = [];
    for (let round = 0; round < rounds; round++) {
      acknowledged.push(...(await writeAndKill(directory, 1 + Math.floor(random() * 40))));
      const store = await BeadStore.open();
      await store.addLedger({ name: 'hq', directory });
      for (const [first, second] of acknowledged) {
        assert.ok(store.get(first), `round ${round}, seed ${seed}: ${first} was acknowledged and is gone`);
        assert.deepEqual(
          store.get(second)?.dependencies?.map((edge) => edge.depends_on_id),
          [first],
        );
      }
      for (const bead of store.list({ limit: 0, titleContains: 'twin of' }))
        assert.ok(store.get(bead.title.slice('twin of '.length)), 'half a batch');
      assert.equal(store.list({ limit: 0 }).length % 2, 0);
      assert.deepEqual(store.problems('hq'), []);
      assert.ok(store.events(undefined, 0).length >= acknowledged.length * 3);
      await store.close();
      assert.deepEqual(parseLedgerText(fs.readFileSync(path.join(directory, 'issues.jsonl'))).problems, []);
    }
    assert.ok(acknowledged.length > rounds, `only ${acknowledged.length} acknowledged`);
    console.log(`      ${acknowledged.length} acknowledged batches survived ${rounds} kills`);
  });
});
