/** Tokens that one model has processed. */
export interface TokenUsage {
  model: string;
  /** Tokens read, without those that the provider had cached. */
  input: number;
  output: number;
  /** Tokens that the provider read from its cache. */
  cache_read: number;
  /** Tokens that the provider wrote to its cache. */
  cache_write: number;
}

/** With its cost in US dollars, which is missing if the model has no price. */
export type PricedUsage = TokenUsage & { cost?: number };

/** US dollars for a million tokens. Without a price of its own, a cached token costs as much as another one. */
export interface ModelPrice {
  input: number;
  output: number;
  cache_read?: number;
  cache_write?: number;
}
