import { z } from 'zod';
import { AgentConfigList, AgentConfigRemove, AgentConfigSet, DefaultAgent } from '../runtime';
import { name, noParams, schemaFor } from './schema';

/** Schema of `RuntimeSettings`, in requests and in the town's settings. */
export const runtimeSettings = z.object({
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  prompt: z.enum(['argument', 'flag', 'none']).default('argument'),
  promptFlag: z.string().optional(),
  provider: z.string().optional(),
});

export const runtimeSchemas = [
  schemaFor(AgentConfigList.spec, noParams),
  schemaFor(AgentConfigSet.spec, z.object({ name, settings: runtimeSettings })),
  schemaFor(AgentConfigRemove.spec, z.object({ name })),
  schemaFor(DefaultAgent.spec, z.object({ name: name.optional() })),
];
