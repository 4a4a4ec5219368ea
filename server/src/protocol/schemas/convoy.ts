import { z } from 'zod';
import {
  ConvoyAdd,
  ConvoyCheck,
  ConvoyClose,
  ConvoyCreate,
  ConvoyGet,
  ConvoyLand,
  ConvoyLaunch,
  ConvoyList,
  convoyListStatuses,
  ConvoyPause,
  ConvoyRemove,
  ConvoyRename,
  ConvoyResume,
  ConvoyStranded,
  ConvoyUnwatch,
  ConvoyWatch,
  Sling,
} from '../convoy';
import { ConvoyStage } from '../convoyPlan';
import { name, noParams, schemaFor, variables } from './schema';

const beads = z.array(name).max(1000);
const title = z.string().min(1).max(500);
const reason = z.string().max(2000);
const byId = z.object({ id: name });
const watcher = z.object({ id: name, address: name.optional() });

export const convoySchemas = [
  schemaFor(
    ConvoyCreate.spec,
    z.object({
      title,
      beads: beads.default([]),
      stage: z.boolean().default(false),
      launch: z.boolean().default(false),
      owned: z.boolean().default(false),
      featureBranch: z.boolean().optional(),
      notify: z.array(z.string()).default([]),
    }),
  ),
  schemaFor(ConvoyAdd.spec, z.object({ id: name, beads: beads.min(1) })),
  schemaFor(
    ConvoyList.spec,
    z.object({ all: z.boolean().default(false), status: z.enum(convoyListStatuses).optional() }),
  ),
  schemaFor(ConvoyGet.spec, byId),
  schemaFor(ConvoyLaunch.spec, z.object({ id: name, force: z.boolean().default(false) })),
  schemaFor(ConvoyRemove.spec, z.object({ id: name, beads: beads.min(1) })),
  schemaFor(ConvoyRename.spec, z.object({ id: name, title })),
  schemaFor(
    ConvoyStage.spec,
    z.object({
      ids: beads.min(1),
      title: title.optional(),
      launch: z.boolean().default(false),
      force: z.boolean().default(false),
    }),
  ),
  schemaFor(ConvoyPause.spec, z.object({ id: name, reason: reason.optional() })),
  schemaFor(ConvoyResume.spec, byId),
  schemaFor(ConvoyClose.spec, z.object({ id: name, reason: reason.default('') })),
  schemaFor(
    ConvoyLand.spec,
    z.object({ id: name, force: z.boolean().default(false), dryRun: z.boolean().default(false) }),
  ),
  schemaFor(ConvoyCheck.spec, z.object({ id: name.optional(), dryRun: z.boolean().default(false) })),
  schemaFor(ConvoyWatch.spec, watcher.extend({ nudge: z.boolean().optional() })),
  schemaFor(ConvoyUnwatch.spec, watcher),
  schemaFor(ConvoyStranded.spec, noParams),
  schemaFor(
    Sling.spec,
    z.object({
      beads: z.array(name).min(1).max(200),
      rig: name,
      agent: name.optional(),
      runtime: name.optional(),
      model: z.string().max(200).optional(),
      formula: name.optional(),
      vars: variables.optional(),
    }),
  ),
];
