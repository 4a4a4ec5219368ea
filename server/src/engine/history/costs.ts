import { UsageSum } from '../../agents/usage/usageSum';
import { matchesGlob } from '../../base/glob';
import type { Bead } from '../../protocol/bead';
import type { ModelPrice, PricedUsage, TokenUsage } from '../../protocol/usage';
import { workOf } from '../state/work';

/** By model, or by a pattern such as `claude-opus-*`. */
export type Prices = Readonly<Record<string, ModelPrice>>;

const MILLION = 1_000_000;

export function priced(usage: readonly TokenUsage[], prices: Prices): PricedUsage[] {
  return usage.map((each) => {
    const price = priceOf(each.model, prices);
    if (!price) return each;
    const cost =
      each.input * price.input +
      each.output * price.output +
      each.cache_read * (price.cache_read ?? price.input) +
      each.cache_write * (price.cache_write ?? price.input);
    return { ...each, cost: cost / MILLION };
  });
}

/** The model's own price, else that of the longest pattern that matches it. */
function priceOf(model: string, prices: Prices): ModelPrice | undefined {
  if (Object.hasOwn(prices, model)) return prices[model];
  const [pattern] = Object.keys(prices)
    .filter((name) => matchesGlob(name, model))
    .sort((a, b) => b.length - a.length || a.localeCompare(b));
  return pattern === undefined ? undefined : prices[pattern];
}

/** US dollars for all agents on a bead; undefined if no tokens are known, or a model has no price. */
export function costOfBead(bead: Bead, prices: Prices): number | undefined {
  const costs = priced(usageOf(bead), prices).map(({ cost }) => cost);
  return costs.length === 0
    ? undefined
    : costs.reduce((sum, cost) => (sum === undefined || cost === undefined ? undefined : sum + cost), 0);
}

/** Tokens that each agent on a bead has used with each model. */
export function usageByAgent(bead: Bead, prices: Prices): (PricedUsage & { by: string })[] {
  const agents = new Set(Object.values(workOf(bead).usage ?? {}).map(({ by }) => by));
  return [...agents].flatMap((by) => priced(usageOf(bead, by), prices).map((usage) => ({ by, ...usage })));
}

/** Tokens that the agents on a bead have used, by model. @param by only those of this agent */
export function usageOf(bead: Bead, by?: string): TokenUsage[] {
  const sum = new UsageSum();
  for (const conversation of Object.values(workOf(bead).usage ?? {})) {
    if (by !== undefined && conversation.by !== by) continue;
    for (const { model, ...counts } of conversation.tokens) sum.add(model, counts);
  }
  return sum.result();
}
