import type { Parameters } from 'fast-check';

/** Runs that can be repeated: `GASTOWN_SEED=<seed>`. The soak runs ten times as many. */
export function seeded<T>(parameters: Parameters<T> & { numRuns: number }): Parameters<T> {
  const seed = process.env['GASTOWN_SEED'];
  return {
    ...parameters,
    numRuns: parameters.numRuns * (process.env['GASTOWN_SOAK'] ? 10 : 1),
    ...(seed ? { seed: Number(seed) } : {}),
  };
}
