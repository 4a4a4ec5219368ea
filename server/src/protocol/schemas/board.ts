import { z } from 'zod';
import { BeadDiff, BeadPage, BoardGet, boardGroupings, boardPageLimit } from '../board';
import { name, schemaFor } from './schema';

const openList = z.object({ key: z.string().max(300), limit: z.number().int().min(1).max(boardPageLimit) });

export const boardSchemas = [
  schemaFor(
    BoardGet.spec,
    z.object({
      grouping: z.enum(boardGroupings),
      text: z.string().max(500).default(''),
      open: z.array(openList).max(200).default([]),
    }),
  ),
  schemaFor(BeadPage.spec, z.object({ id: name })),
  schemaFor(
    BeadDiff.spec,
    z.object({ id: name, maxBytes: z.number().int().min(1_000).max(1_000_000).default(100_000) }),
  ),
];
