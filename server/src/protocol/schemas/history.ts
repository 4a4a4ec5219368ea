import { z } from 'zod';
import { WorkHistory } from '../history';
import { schemaFor } from './schema';

export const historySchemas = [
  schemaFor(WorkHistory.spec, z.object({ actor: z.string().max(500).optional(), tag: z.string().max(500).optional() })),
];
