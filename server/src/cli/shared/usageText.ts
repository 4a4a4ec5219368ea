import { countText, dollarText } from '../../base/amounts';
import { plural } from '../../base/text';
import type { PricedUsage } from '../../protocol/usage';

/** Sums of what conversations or beads have used. */
export interface UsageTotals {
  /** Read by the models, from their caches as well. */
  tokens_in: number;
  /** Those of them that came from a cache. */
  tokens_cached: number;
  tokens_out: number;
  /** US dollars for the models that have a price; missing if none has one. */
  cost?: number;
  /** How many of them have used a model without a price. */
  without_price: number;
}

export function usageTotals(used: readonly (readonly PricedUsage[])[]): UsageTotals {
  const all = used.flat();
  const sum = (value: (usage: PricedUsage) => number): number => all.reduce((total, usage) => total + value(usage), 0);
  const hasPrice = ({ cost }: PricedUsage): boolean => cost !== undefined;
  return {
    tokens_in: sum(({ input, cache_read, cache_write }) => input + cache_read + cache_write),
    tokens_cached: sum(({ cache_read }) => cache_read),
    tokens_out: sum(({ output }) => output),
    ...(all.some(hasPrice) ? { cost: sum(({ cost }) => cost ?? 0) } : {}),
    without_price: used.filter((usage) => !usage.every(hasPrice)).length,
  };
}

/** `1.2M tokens in (900k cached), 34k out, $1.23`; undefined if nothing was used */
export function usageText(totals: UsageTotals, what: string): string | undefined {
  const { tokens_in, tokens_cached, tokens_out, cost, without_price } = totals;
  if (tokens_in + tokens_out === 0) return undefined;
  const cached = tokens_cached > 0 ? ` (${countText(tokens_cached)} cached)` : '';
  const missing = without_price === 0 ? '' : ` without ${plural(without_price, what)} whose model has no price`;
  const money = cost === undefined ? 'cost unknown: no price' : `${dollarText(cost)}${missing}`;
  return `${countText(tokens_in)} tokens in${cached}, ${countText(tokens_out)} out, ${money}`;
}
