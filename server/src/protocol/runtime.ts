import { z } from 'zod';
import { name } from './names';
import { request } from './request';

export const runtimeSettings = z.object({
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  /** How the first prompt is delivered: as the last argument, after a flag, or not at all. */
  prompt: z.enum(['argument', 'flag', 'none']).default('argument'),
  promptFlag: z.string().optional(),
  /** The built-in runtime whose program it starts: it gets the hooks, the resuming and the rest of that one. */
  provider: z.string().optional(),
});
export type RuntimeSettings = z.infer<typeof runtimeSettings>;

export interface RuntimeInfo extends RuntimeSettings {
  name: string;
  builtIn: boolean;
}

export namespace AgentConfigList {
  export const spec = request<RuntimeInfo[]>()('gastown/agentConfig/list', z.object({}), 'read');
}
export namespace AgentConfigSet {
  export const spec = request<RuntimeInfo>()(
    'gastown/agentConfig/set',
    z.object({ name, settings: runtimeSettings }),
    'person',
  );
}
export namespace AgentConfigRemove {
  export const spec = request<null>()('gastown/agentConfig/remove', z.object({ name }), 'person');
}
export namespace DefaultAgent {
  /** Reads it, and sets it where `name` is given. */
  export const spec = request<{ name: string }>()(
    'gastown/agentConfig/default',
    z.object({ name: name.optional() }),
    'person',
  );
}
