import type { JobRunner } from '../../base/jobs/messages';
import type { CookResult as ResolvedResult, FormulaDetails, FormulaSummary } from '../../protocol/formula';
import type { FormulaPlaces } from '../registry/files';
import type { CookRequest, CookResult, FormulaJob } from './jobs';

/**
 * Formulas for threads that must stay responsive: parsing, checking and cooking run as jobs in a worker. Each method
 * throws a UserError with the problems, also if a formula takes too much time or memory.
 */
export class FormulaService {
  constructor(private readonly jobs: JobRunner) {}

  /** All formulas of these places, each with its problems. */
  list(places: FormulaPlaces): Promise<FormulaSummary[]> {
    return this.run({ kind: 'list', places });
  }

  show(places: FormulaPlaces, name: string, toml?: boolean): Promise<FormulaDetails> {
    return this.run({ kind: 'show', places, name, toml });
  }

  cook(places: FormulaPlaces, request: CookRequest): Promise<CookResult> {
    return this.run({ kind: 'cook', places, ...request });
  }

  /** Composes a formula; the result is spelled as in a file. */
  resolve(places: FormulaPlaces, request: CookRequest): Promise<ResolvedResult> {
    return this.run({ kind: 'resolve', places, ...request });
  }

  private run<T>(job: FormulaJob): Promise<T> {
    return this.jobs.run<T>(job);
  }
}
