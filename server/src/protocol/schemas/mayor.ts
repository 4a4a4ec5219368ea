import { z } from 'zod';
import { MayorAnswer, MayorAsk, MayorPlan, MayorRuntime, MayorStart, MayorStatus } from '../mayor';
import { name, noParams, schemaFor } from './schema';

const text = z.string().min(1).max(100_000);

export const mayorSchemas = [
  schemaFor(MayorAsk.spec, z.object({ text, title: z.string().max(400).optional() })),
  schemaFor(MayorStart.spec, noParams),
  schemaFor(MayorStatus.spec, noParams),
  schemaFor(MayorPlan.spec, z.object({ request: name, convoy: name, note: z.string().max(20_000).optional() })),
  schemaFor(MayorAnswer.spec, z.object({ request: name, message: text })),
  schemaFor(MayorRuntime.spec, z.object({ name: z.string().max(200).optional() })),
];
