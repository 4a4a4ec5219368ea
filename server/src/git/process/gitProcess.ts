import { fork, type ChildProcess } from 'node:child_process';
import { plural } from '../../base/text';
import { GitError, runCommand, type GitCommand } from '../command';
import type { GitAnswer, GitRequest } from './messages';

/** Time without a command after which the process ends. */
const IDLE_MS = 60_000;

/** Time for which git is run by the server itself after the process could not be started. */
const RETRY_MS = 60_000;

interface Waiting {
  resolve(output: string): void;
  reject(error: Error): void;
}

interface Running {
  child: ChildProcess;
  /** Commands without an answer, by their ids. */
  waiting: Map<number, Waiting>;
  /** False if it ended before it could take commands. */
  isReady: Promise<boolean>;
}

/**
 * Runs git in a small process of its own. To start a program the system copies the page tables of the process that starts
 * it: for a server with a large ledger that takes longer than most commands of git, and the server does nothing else
 * meanwhile. The process is started with the first command, and ends after a while without one.
 */
export class GitProcess {
  private current: Running | undefined;
  private nextId = 1;
  private idle: NodeJS.Timeout | undefined;
  /** Number of commands that have not ended. */
  private active = 0;
  private startedAgainAt = 0;

  /** @param script `dist/gitProcess.js` */
  constructor(
    private readonly script: string,
    private readonly log: { error(text: string): void },
    private readonly idleMs = IDLE_MS,
  ) {}

  /** Like `runCommand`. Runs git in this process if the other one cannot be started. */
  async run(command: GitCommand, abort?: AbortSignal): Promise<string> {
    clearTimeout(this.idle);
    this.active += 1;
    try {
      const running = this.running();
      return running && (await running.isReady)
        ? await this.ask(running, command, abort)
        : await runCommand(command, abort);
    } finally {
      this.active -= 1;
      if (this.active === 0) this.idle = setTimeout(() => this.dispose(), this.idleMs).unref();
    }
  }

  private async ask(running: Running, command: GitCommand, abort?: AbortSignal): Promise<string> {
    const id = this.nextId++;
    const cancel = (): void => void send(running.child, { id, cancelled: true });
    abort?.addEventListener('abort', cancel, { once: true });
    try {
      return await new Promise<string>((resolve, reject) => {
        running.waiting.set(id, { resolve, reject });
        // It may have ended in the meantime.
        if (!send(running.child, { id, command })) reject(killed('the process that runs git has ended'));
        if (abort?.aborted) cancel();
      });
    } finally {
      abort?.removeEventListener('abort', cancel);
      running.waiting.delete(id);
    }
  }

  /** Ends the process. Commands that are running are given up. */
  dispose(): void {
    clearTimeout(this.idle);
    if (this.current?.child.connected) this.current.child.disconnect();
    this.current = undefined;
  }

  private running(): Running | undefined {
    if (this.current?.child.connected) return this.current;
    if (Date.now() < this.startedAgainAt) return undefined;
    return (this.current = this.start());
  }

  private start(): Running {
    const child = fork(this.script, [], {
      // Its heap stays small: it would start programs as slowly as the server otherwise.
      execArgv: ['--max-semi-space-size=1', '--optimize-for-size'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const waiting = new Map<number, Waiting>();
    const isReady = new Promise<boolean>((resolve) => {
      child.once('message', () => resolve(true));
      const ended = (reason: string): void => {
        resolve(false);
        this.ended(child, waiting, reason);
      };
      child.on('error', (error) => ended(error.message));
      child.once('exit', (code, signal) => ended(`it has ended with ${signal ?? `exit code ${code}`}`));
    });
    child.on('message', (answer: GitAnswer) => {
      if ('id' in answer) settle(answer, waiting.get(answer.id));
    });
    child.unref();
    child.channel?.unref();
    void isReady.then((ready) => {
      if (ready) return;
      this.startedAgainAt = Date.now() + RETRY_MS;
      this.log.error(`${this.script} does not start, so git is run by the server`);
    });
    return { child, waiting, isReady };
  }

  /** Rejects its commands, which may or may not have run. */
  private ended(child: ChildProcess, waiting: Map<number, Waiting>, reason: string): void {
    if (this.current?.child === child) this.current = undefined;
    if (waiting.size > 0)
      this.log.error(`the process that runs git: ${reason}, with ${plural(waiting.size, 'command')}`);
    for (const each of waiting.values()) each.reject(killed(reason));
  }
}

/** @returns whether the process still takes messages */
function send(child: ChildProcess, request: GitRequest): boolean {
  if (!child.connected) return false;
  child.send(request, () => undefined); // a failure is followed by its end
  return true;
}

function settle(answer: GitAnswer, waiting: Waiting | undefined): void {
  if ('output' in answer) return waiting?.resolve(answer.output);
  if ('error' in answer) return waiting?.reject(new Error(answer.error));
  const { message, exitCode, stdout, stderr } = answer.failure;
  waiting?.reject(new GitError(message, exitCode, stdout, stderr));
}

function killed(reason: string): GitError {
  return new GitError(`git was killed: ${reason}`, undefined, '', '');
}
