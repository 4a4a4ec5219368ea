import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { throwIfAborted } from '../base/abort';
import { statOf } from '../base/safePaths';
import { GitError, startGit } from './git';

/** Idle time after which the process ends, so that an idle town has none. */
const IDLE_MS = 10_000;
/** Time limit for an answer, after which the process is killed. */
const SILENCE_MS = 60_000;
const NEWLINE = 0x0a;

export interface ObjectInfo {
  hash: string;
  type: string;
  /** Size in bytes. */
  size: number;
}

interface Question {
  wantsContent: boolean;
  resolve(answer: (ObjectInfo & { content: Buffer }) | undefined): void;
  reject(error: Error): void;
}

/**
 * Reads objects of a repository through one git process (`cat-file --batch-command`), instead of one process for each
 * request. Missing objects are undefined; a damaged ref cannot be distinguished from a missing one.
 */
export class ObjectReader {
  private session: Session | undefined;
  private starting: Promise<Session> | undefined;

  /** @param directory a bare repository, or its worktree */
  constructor(private readonly directory: string) {}

  /**
   * Type and size of an object. @param name a hash or the full name of a ref, also with `^{commit}` or `:<path>`; no
   * white space
   */
  async info(name: string): Promise<ObjectInfo | undefined> {
    return this.ask('info', name);
  }

  /** An object with its content, as stored by git. */
  async read(name: string): Promise<(ObjectInfo & { content: Buffer }) | undefined> {
    return this.ask('contents', name);
  }

  private async ask(command: 'info' | 'contents', name: string) {
    throwIfAborted();
    if (/\s/.test(name)) throw new Error(`"${name}" is not a name that git cat-file takes`);
    return (await this.running()).ask(command, name);
  }

  /**
   * The current process, or a new one: a process that was started in a folder that was replaced since would find
   * nothing.
   */
  private async running(): Promise<Session> {
    const folder = statOf(this.directory)?.ino;
    if (this.session?.isOpen && this.session.folder === folder) return this.session;
    this.session?.end();
    this.starting ??= Session.start(this.directory, folder).finally(() => (this.starting = undefined));
    return (this.session = await this.starting);
  }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

class Session {
  isOpen = true;
  private readonly waiting: Question[] = [];
  private buffered: Buffer = Buffer.alloc(0);
  private said = '';
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly child: Child,
    /** Inode of the folder in which it was started. */
    readonly folder: number | undefined,
  ) {
    child.stdout.on('data', (piece: Buffer) => this.take(piece));
    child.stderr.on('data', (piece: Buffer) => (this.said = (this.said + piece.toString('utf8')).slice(-2_000)));
    child.stdin.on('error', (error) => this.fail(error.message));
    child.once('error', (error) => this.fail(error.message));
    child.once('close', () => this.fail('git cat-file has ended'));
    this.holdProcess(false);
    this.wait(IDLE_MS);
  }

  static async start(directory: string, folder: number | undefined): Promise<Session> {
    return new Session(await startGit(directory, ['cat-file', '--batch-command', '--buffer'], 'pipe'), folder);
  }

  ask(command: string, name: string): Promise<(ObjectInfo & { content: Buffer }) | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ wantsContent: command === 'contents', resolve, reject });
      this.holdProcess(true);
      this.wait(SILENCE_MS);
      this.child.stdin.write(`${command} ${name}\nflush\n`);
    });
  }

  /**
   * Sets whether the child keeps our process alive: it does not while it is idle, because it ends when its input closes
   * with ours.
   */
  private holdProcess(isNeeded: boolean): void {
    const { stdin, stdout, stderr } = this.child;
    // Pipes of a child are sockets.
    for (const handle of [this.child, stdin, stdout, stderr] as { ref?(): void; unref?(): void }[])
      if (isNeeded) handle.ref?.();
      else handle.unref?.();
  }

  end(): void {
    this.isOpen = false;
    clearTimeout(this.timer);
    if (this.waiting.length === 0) this.child.stdin.end();
  }

  private wait(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.waiting.length === 0) return this.end();
      this.fail('git cat-file does not answer');
      this.child.kill('SIGKILL');
    }, ms).unref();
  }

  private take(piece: Buffer): void {
    this.buffered = this.buffered.length === 0 ? piece : Buffer.concat([this.buffered, piece]);
    while (this.waiting.length > 0 && this.takeAnswer()) continue;
    if (this.waiting.length === 0) this.holdProcess(false);
    this.wait(this.waiting.length > 0 ? SILENCE_MS : IDLE_MS);
    if (!this.isOpen) this.end();
  }

  /**
   * Parses an answer: `<hash> <type> <size>` and, if requested, the content and a newline; else `<name> missing` or
   * similar.
   */
  private takeAnswer(): boolean {
    const end = this.buffered.indexOf(NEWLINE);
    if (end < 0) return false;
    const [, hash, type, digits] = /^([0-9a-f]+) (\w+) (\d+)$/.exec(this.buffered.toString('latin1', 0, end)) ?? [];
    const question = this.waiting[0]!;
    if (hash === undefined) {
      this.buffered = this.buffered.subarray(end + 1);
      this.waiting.shift();
      question.resolve(undefined);
      return true;
    }
    const size = Number(digits);
    const length = question.wantsContent ? size : 0;
    const next = end + 1 + (question.wantsContent ? size + 1 : 0);
    if (this.buffered.length < next) return false;
    // A copy, so that the rest of the buffer is not kept in memory.
    const content = Buffer.from(this.buffered.subarray(end + 1, end + 1 + length));
    this.buffered = this.buffered.subarray(next);
    this.waiting.shift();
    question.resolve({ hash, type: type!, size, content });
    return true;
  }

  private fail(why: string): void {
    this.isOpen = false;
    clearTimeout(this.timer);
    const words = [this.said.trim(), why].filter(Boolean).join('\n');
    for (const question of this.waiting.splice(0)) question.reject(new GitError(words, undefined, '', this.said));
  }
}
