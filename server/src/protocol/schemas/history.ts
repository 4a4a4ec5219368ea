import { z } from 'zod';
import { ModelPrices, UsageList, WorkHistory } from '../history';
import { schemaFor } from './schema';

/** US dollars for a million tokens. */
const dollars = z.number().nonnegative().max(100_000);
export const modelPrice = z.object({
  input: dollars,
  output: dollars,
  cache_read: dollars.optional(),
  cache_write: dollars.optional(),
});

export const historySchemas = [
  schemaFor(WorkHistory.spec, z.object({ actor: z.string().max(500).optional(), tag: z.string().max(500).optional() })),
  schemaFor(UsageList.spec, z.object({ since: z.iso.datetime({ offset: true }).optional() })),
  schemaFor(
    ModelPrices.spec,
    z
      .object({ model: z.string().trim().min(1).max(200).optional(), price: modelPrice.nullable().optional() })
      .refine(({ model, price }) => price === undefined || model !== undefined, 'a price needs a model'),
  ),
];
