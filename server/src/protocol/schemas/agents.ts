import { z } from 'zod';
import { Done, doneStatuses, Hook, Prime, ScriptGet, Verify } from '../agent';
import {
  AgentNudge,
  AgentPeek,
  Handoff,
  PolecatNuke,
  PolecatRestore,
  SessionRestart,
  SessionStart,
  SnapshotList,
} from '../supervision';
import { name, noParams, schemaFor } from './schema';

/** Schemas of the requests that agents make about their own work. */
export const agentSchemas = [
  schemaFor(Prime.spec, noParams),
  schemaFor(Hook.spec, z.object({ agent: name.optional() })),
  schemaFor(ScriptGet.spec, noParams),
  schemaFor(Verify.spec, noParams),
  schemaFor(Done.spec, z.object({ message: z.string().optional(), status: z.enum(doneStatuses).default('completed') })),
];

/** Schemas of the requests of people and agents about running agents. */
export const supervisionSchemas = [
  schemaFor(AgentPeek.spec, z.object({ agent: name, lines: z.number().int().min(1).max(1000).default(100) })),
  schemaFor(
    AgentNudge.spec,
    z.object({ agent: name, message: z.string().min(1).max(4_000), force: z.boolean().default(false) }),
  ),
  schemaFor(
    Handoff.spec,
    z.object({ subject: z.string().max(300).optional(), message: z.string().max(16_000).default('') }),
  ),
  schemaFor(SessionRestart.spec, z.object({ agent: name })),
  schemaFor(SessionStart.spec, z.object({ agent: name })),
  schemaFor(PolecatNuke.spec, z.object({ agent: name, force: z.boolean().default(false) })),
  schemaFor(SnapshotList.spec, z.object({ rig: name.optional(), bead: name.optional() })),
  schemaFor(PolecatRestore.spec, z.object({ bead: name, snapshot: name.optional() })),
];
