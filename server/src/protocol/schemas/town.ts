import { z } from 'zod';
import { ConsentGive, ServerRetire, TownDown, TownGetSnapshot, TownStop, TownUp } from '../town';
import { name, noParams, schemaFor } from './schema';

export const townRequestSchemas = [
  schemaFor(TownGetSnapshot.spec, z.object({ once: z.boolean().optional() })),
  schemaFor(TownUp.spec, noParams),
  schemaFor(TownDown.spec, noParams),
  schemaFor(TownStop.spec, z.object({ agent: name.optional(), rig: name.optional(), all: z.boolean().optional() })),
  schemaFor(ConsentGive.spec, z.object({ kind: z.enum(['rig-commands', 'script', 'runtime']), hash: z.string() })),
  schemaFor(ServerRetire.spec, z.object({ build: z.number() })),
];
