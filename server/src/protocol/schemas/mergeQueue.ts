import { z } from 'zod';
import {
  DirectLand,
  LandingSettings,
  mergeRequestStates,
  MqApprove,
  MqChange,
  MqDiff,
  MqFile,
  MqGet,
  MqList,
  MqLog,
  MqProcess,
  MqReject,
  MqReorder,
  MqRetry,
  MqSubmit,
} from '../mergeQueue';
import { mergeStrategies } from '../rig';
import { name, schemaFor } from './schema';

const message = z.string().max(100_000);
const patch = z.string().optional();
/** A full hash, of SHA-1 or SHA-256. */
const commit = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);

export const mergeQueueSchemas = [
  schemaFor(
    MqList.spec,
    z.object({
      rig: name.optional(),
      all: z.boolean().optional(),
      status: z.enum(mergeRequestStates).optional(),
      ready: z.boolean().optional(),
      blocked: z.boolean().optional(),
      worker: name.optional(),
    }),
  ),
  schemaFor(MqGet.spec, z.object({ id: name })),
  schemaFor(
    MqApprove.spec,
    z.object({
      id: name,
      message: message.default(''),
      patch,
      first: z.boolean().optional(),
      forAll: z.boolean().optional(),
    }),
  ),
  schemaFor(MqReject.spec, z.object({ id: name, message: message.optional(), patch })),
  schemaFor(MqRetry.spec, z.object({ id: name })),
  schemaFor(
    MqReorder.spec,
    z
      .object({ id: name, place: z.enum(['first', 'last', 'before']), before: name.optional() })
      .refine(({ place, before }) => (place === 'before') === (before !== undefined), {
        path: ['before'],
        message: 'is only allowed with the place "before"',
      }),
  ),
  schemaFor(
    MqSubmit.spec,
    z.object({
      bead: name.optional(),
      branch: name.optional(),
      agent: name.optional(),
      priority: z.number().int().min(0).max(4).optional(),
      message: message.optional(),
    }),
  ),
  schemaFor(MqProcess.spec, z.object({ rig: name })),
  schemaFor(MqLog.spec, z.object({ id: name, gate: name.optional() })),
  schemaFor(MqDiff.spec, z.object({ id: name })),
  schemaFor(
    DirectLand.spec,
    z.object({
      agent: name,
      force: z.boolean().optional(),
      skipTests: z.boolean().optional(),
      dryRun: z.boolean().optional(),
    }),
  ),
  schemaFor(
    LandingSettings.spec,
    z.object({
      mayorMayLand: z.boolean().optional(),
      mergeStrategy: z.enum(mergeStrategies).optional(),
      featureBranch: z.boolean().optional(),
    }),
  ),
  schemaFor(MqChange.spec, z.object({ id: name })),
  schemaFor(
    MqFile.spec,
    z.object({
      id: name,
      path: z.string().min(1).max(4096),
      side: z.enum(['base', 'change']),
      at: z.object({ rig: name, commit }).optional(),
    }),
  ),
];
