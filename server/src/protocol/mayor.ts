import { request, type NoParams } from './request';

/** The Mayor: an agent that a person asks, and that answers with a convoy to launch. */

export interface MayorRequestInfo {
  id: string;
  title: string;
  by: string;
  askedAt: string;
  /** How often the Mayor's session ended without an answer. */
  tries: number;
  /** The request waits for a person: the Mayor was stopped, or does not answer. */
  held: boolean;
}

export interface MayorInfo {
  /** Set while there is a terminal to attach to. */
  session?: string;
  runtime: string;
  /** The runtime still needs a person's approval. */
  needsConsent: boolean;
  requests: MayorRequestInfo[];
  unreadMail: number;
}

export namespace MayorAsk {
  /** Files a request. The Mayor starts automatically while the engine is running. */
  export const spec = request<{ text: string; title?: string }, { request: string; up: boolean; live: boolean }>(
    'gastown/mayor/ask',
    'person',
  );
}

export namespace MayorStart {
  /** Starts the Mayor's session now, and resumes requests that waited for a person. `live`: it was running already. */
  export const spec = request<NoParams, { live: boolean }>('gastown/mayor/start', 'person');
}

export namespace MayorStatus {
  export const spec = request<NoParams, MayorInfo>('gastown/mayor/status', 'read');
}

export namespace MayorPlan {
  /** Answers a request with a staged convoy, which a person reviews, edits and launches. */
  export const spec = request<{ request: string; convoy: string; note?: string }, { request: string; convoy: string }>(
    'gastown/mayor/plan',
    'write',
  );
}

export namespace MayorAnswer {
  /** Answers a request in words, if there is nothing to plan or a question to ask; the person gets it by mail. */
  export const spec = request<{ request: string; message: string }, { request: string; mail: string }>(
    'gastown/mayor/answer',
    'write',
  );
}

export namespace MayorRuntime {
  /** Reads the Mayor's runtime, and sets it if `name` is given; an empty name resets it to the town's default. */
  export const spec = request<{ name?: string }, { name: string }>('gastown/mayor/runtime', 'person');
}

export const mayorRequests = [
  MayorAsk.spec,
  MayorStart.spec,
  MayorStatus.spec,
  MayorPlan.spec,
  MayorAnswer.spec,
  MayorRuntime.spec,
] as const;
