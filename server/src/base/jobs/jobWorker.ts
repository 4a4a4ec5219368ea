import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { UserError, messageOf, type ErrorCode } from '../errors';
import type { JobReply, JobRequest, JobRunner, Subject } from './messages';

export interface JobWorkerOptions {
  /** The worker's program, which calls `serveJobs`. */
  script: string;
  /** Milliseconds that one job may take. */
  deadlineMs?: number;
  /** Megabytes of the worker's heap. */
  memoryMb?: number;
  /** Milliseconds without a job after which the worker is terminated. */
  idleMs?: number;
  /** Logs terminated workers and crashes. */
  log?: (text: string) => void;
}

const DEADLINE_MS = 10_000;
const MEMORY_MB = 384;
const IDLE_MS = 5 * 60_000;
/**
 * How long a text is refused after its job exceeded a limit. Then it is tried again: the machine may only have been
 * busy.
 */
const BLOCK_MS = 10 * 60_000;
const MAX_BLOCKED = 100;
/** Maximum queue length. Jobs behind it would not finish before their callers time out. */
const MAX_QUEUED = 1_000;

interface Entry {
  job: unknown;
  signal?: AbortSignal;
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  /** The job failed once for lack of memory, in a worker that had run other jobs before. */
  isRetry?: boolean;
}

interface Running extends Entry {
  id: number;
  /** Whether the worker had done other jobs before. */
  wasUsed: boolean;
  subject?: Subject;
  timer?: NodeJS.Timeout;
}

/**
 * Runs jobs on untrusted input in a worker thread, one after the other. A job that exceeds its deadline or the memory
 * limit fails, and its worker is terminated; the error names the file that the job was reading. Queued jobs continue in
 * a new worker. The worker is started with the first job and terminated when it is idle.
 */
export class JobWorker implements JobRunner {
  private readonly queue: Entry[] = [];
  private readonly blocked = new Map<string, { reason: string; until: number }>();
  private worker: Worker | undefined;
  private isReady = false;
  private running: Running | undefined;
  private jobsDone = 0;
  private nextId = 1;
  private idleTimer: NodeJS.Timeout | undefined;
  private isDisposed = false;

  constructor(private readonly options: JobWorkerOptions) {}

  run<T>(job: unknown, signal?: AbortSignal): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.isDisposed) return reject(stoppingError());
      if (signal?.aborted) return reject(abortedError());
      if (this.queue.length >= MAX_QUEUED)
        return reject(new UserError('too many requests are waiting', 'Try again later.', 'unavailable'));
      const entry: Entry = { job, resolve, reject, ...(signal ? { signal } : {}) };
      signal?.addEventListener('abort', () => this.abort(entry), { once: true });
      this.queue.push(entry);
      this.startNext();
    }) as Promise<T>;
  }

  /** Rejects the running and all queued jobs, and terminates the worker. */
  async dispose(): Promise<void> {
    this.isDisposed = true;
    clearTimeout(this.idleTimer);
    const { running } = this;
    this.running = undefined;
    clearTimeout(running?.timer);
    for (const entry of [...(running ? [running] : []), ...this.queue.splice(0)]) entry.reject(stoppingError());
    await this.endWorker();
  }

  private abort(entry: Entry): void {
    entry.reject(abortedError());
    const at = this.queue.indexOf(entry);
    if (at >= 0) this.queue.splice(at, 1);
  }

  private startNext(): void {
    if (this.running || this.isDisposed) return;
    const entry = this.queue.shift();
    if (!entry) return this.rest();
    clearTimeout(this.idleTimer);
    const worker = this.startedWorker();
    worker.ref();
    const running: Running = { ...entry, id: this.nextId++, wasUsed: this.jobsDone > 0 };
    this.running = running;
    if (this.isReady) this.startClock(running);
    try {
      const request: JobRequest = { id: running.id, job: entry.job, blocked: this.reasonsBySubject() };
      worker.postMessage(request);
    } catch (error) {
      this.finish(running, () => entry.reject(new Error(`the job cannot be sent: ${messageOf(error)}`)));
    }
  }

  private rest(): void {
    this.worker?.unref();
    this.idleTimer = setTimeout(() => void this.endWorker(), this.options.idleMs ?? IDLE_MS).unref();
  }

  private startedWorker(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(this.options.script, {
      name: path.basename(this.options.script),
      resourceLimits: { maxOldGenerationSizeMb: this.options.memoryMb ?? MEMORY_MB },
      // The standard output belongs to the protocol of a language server: the worker must not write to it.
      stdout: true,
      stderr: true,
    });
    worker.on('message', (reply: JobReply) => this.received(worker, reply));
    worker.on('error', (error) => this.crashed(worker, error));
    worker.on('exit', (code) => this.crashed(worker, new Error(`the worker ended with code ${code}`)));
    this.worker = worker;
    this.isReady = false;
    this.jobsDone = 0;
    return worker;
  }

  private startClock(running: Running): void {
    running.timer = setTimeout(() => this.deadlinePassed(running), this.options.deadlineMs ?? DEADLINE_MS);
  }

  private received(worker: Worker, reply: JobReply): void {
    const { running } = this;
    if (worker !== this.worker || !running) return;
    if (reply.kind === 'ready') {
      this.isReady = true;
      this.startClock(running);
      return;
    }
    if (reply.id !== running.id) return;
    switch (reply.kind) {
      case 'subject':
        running.subject = reply.subject;
        return;
      case 'result':
        return this.finish(running, () => running.resolve(reply.result));
      case 'error': {
        const { message, hint, code } = reply.error;
        return this.finish(running, () => running.reject(new UserError(message, hint, code as ErrorCode)));
      }
      case 'defect': {
        const error = new Error(reply.message);
        if (reply.stack !== undefined) error.stack = reply.stack;
        return this.finish(running, () => running.reject(error));
      }
    }
  }

  private finish(running: Running, settle: () => void): void {
    clearTimeout(running.timer);
    this.running = undefined;
    this.jobsDone += 1;
    settle();
    this.startNext();
  }

  private deadlinePassed(running: Running): void {
    // If this thread was busy, the result may have arrived already: it is read before the next iteration of the event
    // loop.
    setImmediate(() => {
      if (this.running !== running) return;
      const seconds = (this.options.deadlineMs ?? DEADLINE_MS) / 1000;
      this.stopWorker(running, `took longer than ${seconds} seconds and was stopped`);
    });
  }

  private crashed(worker: Worker, error: Error): void {
    if (worker !== this.worker) return; // it was terminated on purpose
    this.worker = undefined;
    const { running } = this;
    if (!running) return;
    const isMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
    if (isMemory && running.wasUsed && !running.isRetry) {
      clearTimeout(running.timer);
      this.running = undefined;
      const { job, signal, resolve, reject } = running;
      this.queue.unshift({ job, resolve, reject, isRetry: true, ...(signal ? { signal } : {}) });
      this.startNext();
    } else if (isMemory) this.stopWorker(running, 'needed too much memory and was stopped');
    else {
      this.options.log?.(`the worker crashed: ${error.stack ?? error.message}`);
      this.finish(running, () => running.reject(error));
    }
  }

  /** The job fails, its subject is refused for some time, and the next job runs in a new worker. */
  private stopWorker(running: Running, what: string): void {
    const { subject } = running;
    const reason = `${subject ? `${subject.label}: reading it` : 'this'} ${what}`;
    if (subject) this.block(subject.key, reason);
    this.options.log?.(reason);
    void this.endWorker();
    this.finish(running, () => running.reject(tooCostly(reason)));
  }

  private block(key: string, reason: string): void {
    const [oldest] = this.blocked.keys();
    if (this.blocked.size >= MAX_BLOCKED && oldest !== undefined) this.blocked.delete(oldest);
    this.blocked.set(key, { reason, until: Date.now() + BLOCK_MS });
  }

  private reasonsBySubject(): Map<string, string> {
    for (const [key, { until }] of this.blocked) if (until < Date.now()) this.blocked.delete(key);
    return new Map([...this.blocked].map(([key, { reason }]) => [key, reason]));
  }

  private async endWorker(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }
}

function tooCostly(reason: string): UserError {
  return new UserError(reason, 'Make it smaller or simpler, then try again.');
}

function stoppingError(): UserError {
  return new UserError('the server is stopping', 'Try again.', 'unavailable');
}

function abortedError(): Error {
  return Object.assign(new Error('the request was cancelled'), { name: 'AbortError' });
}
