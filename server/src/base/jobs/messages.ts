/** What a job worker and the thread that started it say to each other. */

/** A text that is worked on: for finding out, and remembering, which one a worker never got over. */
export interface Subject {
  /** For people: the file. */
  label: string;
  /** Of the label and the text: another text under the same label is another subject. */
  key: string;
}

export interface JobRequest {
  id: number;
  job: unknown;
  /** Why subjects are not to be touched again, by their keys. */
  blocked: ReadonlyMap<string, string>;
}

export type JobReply =
  /** The program is loaded: from now on a job's time counts. */
  | { kind: 'ready' }
  | { kind: 'subject'; id: number; subject: Subject }
  | { kind: 'result'; id: number; result: unknown }
  /** A UserError: what is wrong with the input. */
  | { kind: 'error'; id: number; error: { message: string; hint?: string; code: string } }
  /** Anything else that was thrown: our own mistake. */
  | { kind: 'defect'; id: number; message: string; stack?: string };

/** Runs jobs somewhere else, or in this very thread. */
export interface JobRunner {
  /** @throws UserError of the job, or that it took too long */
  run<T>(job: unknown, signal?: AbortSignal): Promise<T>;
}
