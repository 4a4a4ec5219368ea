import { z } from 'zod';
import type { TokenUsage } from '../../protocol/usage';
import { modelName, tokens, type UsageReader } from './readUsage';
import { UsageSum, type Counts } from './usageSum';

const claudeSchema = z.object({
  type: z.literal('assistant'),
  message: z.object({
    id: z.string(),
    model: modelName,
    usage: z.object({
      input_tokens: tokens,
      output_tokens: tokens,
      cache_read_input_tokens: tokens,
      cache_creation_input_tokens: tokens,
    }),
  }),
});

const geminiSchema = z.object({
  type: z.literal('gemini'),
  id: z.string(),
  model: modelName,
  tokens: z.object({ input: tokens, output: tokens, cached: tokens, thoughts: tokens }),
});

/** An answer is written several times while it grows: the last one counts. */
class AnswersById implements UsageReader {
  private readonly answers = new Map<string, { model: string; counts: Counts }>();

  constructor(private readonly read: (line: unknown) => { id: string; model: string; counts: Counts } | undefined) {}

  take(line: unknown): void {
    const answer = this.read(line);
    if (answer) this.answers.set(answer.id, answer);
  }

  result(): TokenUsage[] {
    const sum = new UsageSum();
    for (const { model, counts } of this.answers.values()) sum.add(model, counts);
    return sum.result();
  }
}

/** Of Claude Code: each block of an answer is a line with the usage of the whole answer. */
export function claudeUsage(): UsageReader {
  return new AnswersById((line) => {
    const { data } = claudeSchema.safeParse(line);
    if (!data) return undefined;
    const { id, model, usage } = data.message;
    const counts = {
      input: usage.input_tokens,
      output: usage.output_tokens,
      cache_read: usage.cache_read_input_tokens,
      cache_write: usage.cache_creation_input_tokens,
    };
    return { id, model, counts };
  });
}

/** Of the Gemini CLI: its input contains what was cached, its output does not contain the thoughts. */
export function geminiUsage(): UsageReader {
  return new AnswersById((line) => {
    const { data } = geminiSchema.safeParse(line);
    if (!data) return undefined;
    const { input, output, cached, thoughts } = data.tokens;
    const counts = {
      input: Math.max(0, input - cached),
      output: output + thoughts,
      cache_read: cached,
      cache_write: 0,
    };
    return { id: data.id, model: data.model, counts };
  });
}

const codexTotals = z.object({
  input_tokens: tokens,
  cached_input_tokens: tokens,
  cache_write_input_tokens: tokens,
  output_tokens: tokens,
});
const codexSchema = z.union([
  z.object({ type: z.literal('turn_context'), payload: z.object({ model: modelName }) }),
  z.object({
    type: z.literal('event_msg'),
    payload: z.object({
      type: z.literal('token_count'),
      info: z.object({ total_token_usage: codexTotals }),
    }),
  }),
]);

/**
 * Of Codex: sums of the conversation, repeated with every event, for whichever model is in use. Their input contains what
 * was cached.
 */
class CodexUsage implements UsageReader {
  private readonly sum = new UsageSum();
  private model = 'unknown';
  private last: z.output<typeof codexTotals> = codexTotals.parse({});

  take(line: unknown): void {
    const { data } = codexSchema.safeParse(line);
    if (data?.type === 'turn_context') this.model = data.payload.model;
    if (data?.type !== 'event_msg') return;
    const total = data.payload.info.total_token_usage;
    // Sums that have become smaller have begun again.
    const last = total.input_tokens < this.last.input_tokens ? codexTotals.parse({}) : this.last;
    const since = (name: keyof typeof total): number => Math.max(0, total[name] - last[name]);
    const [cache_read, cache_write] = [since('cached_input_tokens'), since('cache_write_input_tokens')];
    this.sum.add(this.model, {
      input: Math.max(0, since('input_tokens') - cache_read - cache_write),
      output: since('output_tokens'),
      cache_read,
      cache_write,
    });
    this.last = total;
  }

  result(): TokenUsage[] {
    return this.sum.result();
  }
}

export function codexUsage(): UsageReader {
  return new CodexUsage();
}

const copilotSchema = z.object({
  type: z.literal('session.usage_record'),
  data: z.object({
    usage: z.object({
      model: modelName,
      inputTokens: tokens,
      outputTokens: tokens,
      cacheReadTokens: tokens,
      cacheWriteTokens: tokens,
    }),
  }),
});

/** Of GitHub Copilot: a record for each answer. That its input contains what was cached is our assumption. */
export function copilotUsage(): UsageReader {
  const sum = new UsageSum();
  return {
    take: (line) => {
      const { data } = copilotSchema.safeParse(line);
      if (!data) return;
      const { model, inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = data.data.usage;
      sum.add(model, {
        input: Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens),
        output: outputTokens,
        cache_read: cacheReadTokens,
        cache_write: cacheWriteTokens,
      });
    },
    result: () => sum.result(),
  };
}
