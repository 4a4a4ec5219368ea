import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SeedReport, SeedsToRun } from './runSeeds';

const SEEDS = 1_000;
const SEEDS_OF_SOAK = 100_000;

/** Runs every `step`-th seed in a thread of its own. Rejects with the first failure, which names its seed. */
function runInThread(
  seeds: SeedsToRun,
  onStart: (worker: Worker) => void,
): Promise<{ crashes: number; rounds: number }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(path.join(__dirname, 'runSeeds.js'), { workerData: seeds });
    onStart(worker);
    const sum = { crashes: 0, rounds: 0, done: 0 };
    let current = seeds.first;
    worker.on('message', (report: SeedReport) => {
      if (report.failure !== undefined) return reject(new Error(report.failure));
      current = report.seed + seeds.step;
      sum.done += 1;
      sum.crashes += report.crashes;
      sum.rounds += report.rounds;
    });
    worker.on('error', (error) => reject(new Error(`seed ${current}: ${String(error)}`, { cause: error })));
    worker.on('exit', () => {
      if (sum.done === Math.ceil(seeds.count / seeds.step)) resolve(sum);
      else reject(new Error(`seed ${current}: the thread ended`));
    });
  });
}

const FIRST_SEED = 922_750_798;

describe('simulation of the town', function () {
  const soak = process.env.GASTOWN_SOAK === '1';
  this.timeout(soak ? 0 : 1_800_000);
  const count = Number(process.env.GASTOWN_SEEDS || (soak ? SEEDS_OF_SOAK : SEEDS));
  // The same histories for every commit; the long run looks for new ones.
  const first = Number(process.env.GASTOWN_SEED ?? (soak ? Math.floor(Math.random() * 1e9) : FIRST_SEED));

  it(`keeps its invariants through crashes, ${count} seeds from ${first}`, async () => {
    const workers: Worker[] = [];
    const step = Math.min(os.availableParallelism(), count);
    try {
      const sums = await Promise.all(
        Array.from({ length: step }, (_, index) =>
          runInThread({ first: first + index, step, count: count - index }, (worker) => workers.push(worker)),
        ),
      );
      const crashes = sums.reduce((sum, each) => sum + each.crashes, 0);
      const rounds = sums.reduce((sum, each) => sum + each.rounds, 0);
      console.log(`      ${count} convoys landed in ${rounds} rounds, through ${crashes} crashes of the server`);
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  });
});
