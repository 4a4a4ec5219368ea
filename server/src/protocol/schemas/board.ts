import { z } from 'zod';
import { BeadDiff, BeadPage, boardGroupings, boardListLimit, boardPageLimit } from '../board';
import { BoardWatch, TownGetSnapshot } from '../snapshot';
import { name, schemaFor } from './schema';

const openList = z.object({ key: z.string().max(300), limit: z.number().int().min(1).max(boardPageLimit) });

const board = z.object({
  grouping: z.enum(boardGroupings),
  text: z.string().max(500),
  open: z.array(openList).max(boardListLimit),
});

export const boardSchemas = [
  schemaFor(TownGetSnapshot.spec, z.object({ once: z.boolean().optional(), board: board.optional() })),
  schemaFor(BoardWatch.spec, z.object({ board: board.optional() })),
  schemaFor(BeadPage.spec, z.object({ id: name })),
  schemaFor(
    BeadDiff.spec,
    z.object({ id: name, maxBytes: z.number().int().min(1_000).max(1_000_000).default(100_000) }),
  ),
];
