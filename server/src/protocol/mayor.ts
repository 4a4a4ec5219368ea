import { z } from 'zod';
import { name } from './names';
import { request } from './request';

/** The Mayor: an agent that a person asks, and that answers with a convoy to launch. */

export interface MayorRequestInfo {
  id: string;
  title: string;
  by: string;
  askedAt: string;
  /** How often the Mayor has ended without an answer. */
  tries: number;
  /** It waits for a person: the Mayor was stopped, or does not answer. */
  held: boolean;
}

export interface MayorInfo {
  /** Set while there is a terminal to attach to. */
  session?: string;
  runtime: string;
  /** Nobody has accepted the runtime yet. */
  needsConsent: boolean;
  requests: MayorRequestInfo[];
  unreadMail: number;
}

export namespace MayorAsk {
  /** Files a request. The Mayor starts by itself while the engine is up. */
  export const spec = request<{ request: string; up: boolean; live: boolean }>()(
    'gastown/mayor/ask',
    z.object({ text: z.string().min(1).max(100_000), title: z.string().max(400).optional() }),
    'person',
  );
}
export namespace MayorStart {
  /** Starts its session now, and lets go on what waited for a person. Answers `live` where it lives already. */
  export const spec = request<{ live: boolean }>()('gastown/mayor/start', z.object({}), 'person');
}
export namespace MayorStatus {
  export const spec = request<MayorInfo>()('gastown/mayor/status', z.object({}), 'read');
}
export namespace MayorPlan {
  /** The answer to a request: a staged convoy, which a person looks at, edits and launches. */
  export const spec = request<{ request: string; convoy: string }>()(
    'gastown/mayor/plan',
    z.object({ request: name, convoy: name, note: z.string().max(20_000).optional() }),
    'write',
  );
}
export namespace MayorAnswer {
  /** An answer in words, where there is nothing to plan or something to ask; it goes to the person by mail. */
  export const spec = request<{ request: string; mail: string }>()(
    'gastown/mayor/answer',
    z.object({ request: name, message: z.string().min(1).max(100_000) }),
    'write',
  );
}
export namespace MayorRuntime {
  /** Reads the Mayor's runtime, and sets it where `name` is given; an empty name means the town's default again. */
  export const spec = request<{ name: string }>()(
    'gastown/mayor/runtime',
    z.object({ name: z.string().max(200).optional() }),
    'person',
  );
}

export const mayorRequests = [
  MayorAsk.spec,
  MayorStart.spec,
  MayorStatus.spec,
  MayorPlan.spec,
  MayorAnswer.spec,
  MayorRuntime.spec,
] as const;
