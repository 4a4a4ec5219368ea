/** Names the file in which the run inside VS Code leaves its figures. */
export const FIGURES_ENV = 'GT_TEST_BENCH_FIGURES';

export interface Figures {
  /** Compiling and evaluating the bundle. */
  loadMs: number;
  /** `activate` itself. */
  activateMs: number;
  /** Longest that the extension host could do nothing else during a delta of 1,000 changes and what follows from it. */
  longestTaskMs: number;
  applyMs: number;
}
