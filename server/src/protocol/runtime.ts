import { request, type NoParams } from './request';

/** How an agent's program is started. */
export interface RuntimeSettings {
  command: string;
  args: string[];
  env: Record<string, string>;
  /** How the first prompt is given: as the last argument, after a flag, or not at all. */
  prompt: 'argument' | 'flag' | 'none';
  promptFlag?: string;
  /** The built-in runtime whose program it starts: hooks, resuming and the rest are taken from that runtime. */
  provider?: string;
}
/** `RuntimeSettings` as they are written: missing fields have defaults. */
export type RuntimeSettingsInput = Pick<RuntimeSettings, 'command'> & Partial<RuntimeSettings>;

export interface RuntimeInfo extends RuntimeSettings {
  name: string;
  builtIn: boolean;
}

export namespace AgentConfigList {
  export const spec = request<NoParams, RuntimeInfo[]>('gastown/agentConfig/list', 'read');
}

export namespace AgentConfigSet {
  export const spec = request<
    { name: string; settings: RuntimeSettingsInput },
    RuntimeInfo,
    { name: string; settings: RuntimeSettings }
  >('gastown/agentConfig/set', 'person');
}

export namespace AgentConfigRemove {
  export const spec = request<{ name: string }, null>('gastown/agentConfig/remove', 'person');
}

export namespace DefaultAgent {
  /** Reads the default runtime, and sets it if `name` is given. */
  export const spec = request<{ name?: string }, { name: string }>('gastown/agentConfig/default', 'person');
}
