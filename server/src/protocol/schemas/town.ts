import { z } from 'zod';
import { SessionAttach, SessionDetach, SessionInput, SessionResize } from '../session';
import { ConsentGive, ServerRetire, TownDown, TownStop, TownUp } from '../town';
import { cols, name, noParams, rows, schemaFor } from './schema';

/** Schemas of requests about the town as a whole and its server. */
export const townRequestSchemas = [
  schemaFor(TownUp.spec, noParams),
  schemaFor(TownDown.spec, noParams),
  schemaFor(TownStop.spec, z.object({ agent: name.optional(), rig: name.optional(), all: z.boolean().optional() })),
  schemaFor(ConsentGive.spec, z.object({ kind: z.enum(['rig-commands', 'script', 'runtime']), hash: z.string() })),
  schemaFor(ServerRetire.spec, z.object({ build: z.number() })),
];

const session = z.object({ session: name });

/** Schemas of requests about terminals of agents. */
export const sessionSchemas = [
  schemaFor(SessionAttach.spec, session),
  schemaFor(SessionDetach.spec, session),
  schemaFor(SessionInput.spec, z.object({ session: name, data: z.string().max(1_000_000) })),
  schemaFor(SessionResize.spec, z.object({ session: name, cols, rows })),
];
