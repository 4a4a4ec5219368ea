import { z } from 'zod';
import { mergeRequestStates, MqApprove, MqChange, MqFile, MqGet, MqList, MqReject, MqRetry } from '../mergeQueue';
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
  schemaFor(MqApprove.spec, z.object({ id: name, message: message.default(''), patch, first: z.boolean().optional() })),
  schemaFor(MqReject.spec, z.object({ id: name, message, patch })),
  schemaFor(MqRetry.spec, z.object({ id: name })),
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
