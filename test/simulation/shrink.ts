import { Broken } from './checks';
import { Simulation } from './simulation';

/** A seed that breaks a rule, and the shortest history that was found for it. */
export interface Failure {
  seed: number;
  rule: string;
  detail: string;
  /** What has to happen for it, out of all that happens with this seed. */
  history: readonly string[];
  /** How much happened with this seed before it was shortened. */
  length: number;
}

interface Outcome {
  rule: string;
  detail: string;
  history: readonly string[];
}

/** @returns undefined where all invariants hold */
export async function runHistory(simulation: Simulation): Promise<Outcome | undefined> {
  try {
    await simulation.run();
    return undefined;
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // Anything else than an invariant is a defect too, such as an exception of the store.
    const rule = error instanceof Broken ? error.rule : String(error).split('\n')[0]!;
    return { rule, detail, history: simulation.chances.history };
  }
}

/**
 * Leaves out of a failing history whatever it fails without: first large parts, then single events.
 * @param limitMs after that the shortest one so far is taken
 */
export async function shrink(seed: number, first: Outcome, limitMs: number): Promise<Failure> {
  const end = Date.now() + limitMs;
  let shortest = first;
  let isShorter = false;
  for (
    let size = Math.ceil(first.history.length / 2);
    size >= 1;
    size = isShorter || size > 1 ? Math.ceil(size / 2) : 0
  ) {
    isShorter = false;
    for (let start = 0; start < shortest.history.length; ) {
      if (Date.now() > end) return { seed, length: first.history.length, ...shortest };
      const kept = shortest.history.filter((_, index) => index < start || index >= start + size);
      const outcome = await runHistory(new Simulation(seed, new Set(kept)));
      if (outcome?.rule === first.rule && outcome.history.length < shortest.history.length) {
        shortest = outcome;
        isShorter = true;
      } else start += size;
    }
  }
  return { seed, length: first.history.length, ...shortest };
}

export function describeFailure({ seed, history, length, rule, detail }: Failure): string {
  return [
    `broken: ${rule}`,
    `replay with GASTOWN_SEED=${seed} GASTOWN_SEEDS=1; ${history.length} of ${length} events are enough (round: event):`,
    ...history.map((event) => `  ${event}`),
    detail,
  ].join('\n');
}
