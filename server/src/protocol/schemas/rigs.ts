import { z } from 'zod';
import { CrewAdd, CrewList, CrewRemove, CrewStart } from '../crew';
import { gateNames, RigAdd, RigFastForward, RigFlakyGates, RigList, RigRemove, RigSet, rigSettingNames } from '../rig';
import { LedgerSync } from '../ledger';
import { name, noParams, schemaFor } from './schema';

const gates = z.partialRecord(z.enum(gateNames), z.string());

export const rigSchemas = [
  schemaFor(
    RigAdd.spec,
    z.object({
      name,
      source: z.string().min(1),
      prefix: z.string().optional(),
      defaultBranch: z.string().optional(),
      maxWorkers: z.number().int().min(1).max(50).optional(),
      importBeads: z.boolean().optional(),
      gates: gates.optional(),
      accept: z.boolean().optional(),
    }),
  ),
  schemaFor(
    RigSet.spec,
    z.object({
      name,
      settings: z.partialRecord(z.enum(rigSettingNames), z.string()).default({}),
      gates: gates.default({}),
      targets: z
        .record(
          z.string().min(1).max(64),
          z.object({ paths: z.array(z.string()), gates: z.array(z.enum(gateNames)) }).nullable(),
        )
        .default({}),
    }),
  ),
  schemaFor(RigList.spec, noParams),
  schemaFor(RigFlakyGates.spec, z.object({ name })),
  schemaFor(RigRemove.spec, z.object({ name })),
  schemaFor(RigFastForward.spec, z.object({ name })),
  schemaFor(LedgerSync.spec, z.object({ ledger: z.string().optional() })),
];

const member = { rig: name, name };

export const crewSchemas = [
  schemaFor(CrewAdd.spec, z.object({ ...member, branch: z.string().max(240).optional() })),
  schemaFor(CrewList.spec, z.object({ rig: name.optional() })),
  schemaFor(CrewStart.spec, z.object({ ...member, runtime: name.optional() })),
  schemaFor(CrewRemove.spec, z.object({ ...member, force: z.boolean().default(false) })),
];
