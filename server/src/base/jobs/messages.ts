/** Messages between a worker and the thread that started it. */

/** The text that a job is reading, so that a text that exceeds the limits can be named and refused. */
export interface Subject {
  /** Name of the text for messages: the file. */
  label: string;
  /** A hash of the label and the text. */
  key: string;
}

export interface JobRequest {
  id: number;
  job: unknown;
  /** Keys of subjects that are refused, with the reason. */
  blocked: ReadonlyMap<string, string>;
}

export type JobReply =
  /** The program is loaded: the deadline of the first job starts now. */
  | { kind: 'ready' }
  | { kind: 'subject'; id: number; subject: Subject }
  | { kind: 'result'; id: number; result: unknown }
  /** A UserError: the problem with the input. */
  | { kind: 'error'; id: number; error: { message: string; hint?: string; code: string } }
  /** Anything else that was thrown: a bug. */
  | { kind: 'defect'; id: number; message: string; stack?: string };

/** Runs jobs, in a worker or in this thread. */
export interface JobRunner {
  /** @throws UserError of the job, or that it took too long */
  run<T>(job: unknown, signal?: AbortSignal): Promise<T>;
}
