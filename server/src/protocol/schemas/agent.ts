import { z } from 'zod';
import { Done, Hook, Prime, ScriptGet } from '../agent';
import { name, noParams, schemaFor } from './schema';

export const agentSchemas = [
  schemaFor(Prime.spec, noParams),
  schemaFor(Hook.spec, z.object({ agent: name.optional() })),
  schemaFor(ScriptGet.spec, noParams),
  schemaFor(Done.spec, z.object({ message: z.string().optional() })),
];
