import { z } from 'zod';
import {
  EscalationAck,
  EscalationClose,
  EscalationGet,
  EscalationList,
  EscalationRaise,
  severities,
} from '../escalation';
import { name, schemaFor } from './schema';

export const escalationSchemas = [
  schemaFor(
    EscalationRaise.spec,
    z.object({
      text: z.string().min(1).max(20_000),
      severity: z.enum(severities).default('medium'),
      reason: z.string().max(20_000).optional(),
      bead: name.optional(),
    }),
  ),
  schemaFor(EscalationList.spec, z.object({ all: z.boolean().default(false) })),
  schemaFor(EscalationGet.spec, z.object({ id: name })),
  schemaFor(EscalationAck.spec, z.object({ id: name })),
  schemaFor(EscalationClose.spec, z.object({ id: name, reason: z.string().optional() })),
];
