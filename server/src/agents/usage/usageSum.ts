import type { TokenUsage } from '../../protocol/usage';

export type Counts = Omit<TokenUsage, 'model'>;

/** Maximum number of models that are counted separately: agents can write any names into these records. */
const MAX_MODELS = 20;

/** Sums of tokens by model. */
export class UsageSum {
  private readonly byModel = new Map<string, Counts>();

  add(name: string, { input, output, cache_read, cache_write }: Counts): void {
    const model = this.byModel.has(name) || this.byModel.size < MAX_MODELS ? name : 'others';
    const sum = this.byModel.get(model) ?? { input: 0, output: 0, cache_read: 0, cache_write: 0 };
    this.byModel.set(model, {
      input: sum.input + input,
      output: sum.output + output,
      cache_read: sum.cache_read + cache_read,
      cache_write: sum.cache_write + cache_write,
    });
  }

  result(): TokenUsage[] {
    return [...this.byModel]
      .filter(([, counts]) => Object.values(counts).some((count) => count > 0))
      .map(([model, counts]) => ({ model, ...counts }));
  }
}
