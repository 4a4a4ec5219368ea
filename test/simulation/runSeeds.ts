import { parentPort, workerData } from 'node:worker_threads';
import { describeFailure, runHistory, shrink } from './shrink';
import { Simulation } from './simulation';

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

/** Looking for the shortest history that fails takes no longer. */
const SHRINK_MS = 120_000;

async function runSeeds({ first, step, count }: SeedsToRun): Promise<void> {
  for (let seed = first; seed < first + count; seed += step) {
    const simulation = new Simulation(seed);
    const outcome = await runHistory(simulation);
    const failure = outcome && describeFailure(await shrink(seed, outcome, SHRINK_MS));
    const { crashes, rounds } = simulation;
    parentPort?.postMessage({ seed, crashes, rounds, ...(failure ? { failure } : {}) } satisfies SeedReport);
    if (failure) return;
  }
}

void runSeeds(workerData as SeedsToRun);
