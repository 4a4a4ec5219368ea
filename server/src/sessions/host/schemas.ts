import { z } from 'zod';
import { cols, noParams, rows, schemaFor, type SchemaMap } from '../../protocol/schemas/schema';
import {
  HostAttach,
  HostDetach,
  HostForget,
  HostInput,
  HostKill,
  HostLastOutput,
  HostList,
  HostResize,
  HostScreen,
  HostShutdown,
  HostStart,
  HostWatch,
  sessionSignals,
} from '../protocol';

/** Names a session and its output log: never a path. */
const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/, 'letters, digits, dots, dashes and underscores only');

/** Schemas of all requests to the session host. */
export const hostSchemas: SchemaMap = new Map([
  schemaFor(
    HostStart.spec,
    z.object({
      id,
      command: z.string().min(1),
      args: z.array(z.string()),
      cwd: z.string().min(1),
      env: z.record(z.string(), z.string()),
      cols: cols.default(120),
      rows: rows.default(32),
      title: z.string().max(500).optional(),
    }),
  ),
  schemaFor(HostList.spec, noParams),
  schemaFor(HostAttach.spec, z.object({ id })),
  schemaFor(HostDetach.spec, z.object({ id })),
  schemaFor(
    HostInput.spec,
    z.object({
      id,
      data: z.string().max(1_000_000),
      onlyAt: z.number().int().optional(),
      byUser: z.boolean().optional(),
    }),
  ),
  schemaFor(HostResize.spec, z.object({ id, cols, rows })),
  schemaFor(HostScreen.spec, z.object({ id })),
  schemaFor(HostLastOutput.spec, z.object({ id })),
  schemaFor(HostKill.spec, z.object({ id, signal: z.enum(sessionSignals).default('SIGTERM') })),
  schemaFor(HostForget.spec, z.object({ id })),
  schemaFor(HostWatch.spec, z.object({ on: z.boolean(), script: z.string().min(1).max(4096) })),
  schemaFor(HostShutdown.spec, noParams),
]);
