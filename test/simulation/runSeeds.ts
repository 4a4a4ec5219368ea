import { parentPort, workerData } from 'node:worker_threads';
import { Simulation } from './histories';

export interface SeedsToRun {
  first: number;
  /** Distance from one seed to the next. */
  step: number;
  /** Seeds from `first` to here. */
  count: number;
}

export interface SeedReport {
  seed: number;
  crashes: number;
  rounds: number;
  /** Names the seed: GASTOWN_SEED replays it. */
  failure?: string;
}

async function runSeeds({ first, step, count }: SeedsToRun): Promise<void> {
  for (let seed = first; seed < first + count; seed += step) {
    const simulation = new Simulation(seed);
    const report = (failure?: string): void =>
      parentPort?.postMessage({
        seed,
        crashes: simulation.crashes,
        rounds: simulation.rounds,
        ...(failure === undefined ? {} : { failure }),
      } satisfies SeedReport);
    try {
      await simulation.run();
      report();
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      report(`replay with GASTOWN_SEED=${seed} GASTOWN_SEEDS=1\n${detail}`);
      return;
    }
  }
}

void runSeeds(workerData as SeedsToRun);
