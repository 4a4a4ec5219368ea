import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { throwIfAborted } from '../base/abort';
import { statOf } from '../base/safePaths';
import { GitError, startGit } from './git';

/** Time without a question after which the process ends: an idle town has none. */
const IDLE_MS = 10_000;
/** Time without an answer after which it is killed. */
const SILENCE_MS = 60_000;
const NEWLINE = 0x0a;

export interface ObjectInfo {
  hash: string;
  type: string;
  /** In bytes. */
  size: number;
}

interface Question {
  wantsContent: boolean;
  resolve(answer: (ObjectInfo & { content: Buffer }) | undefined): void;
  reject(error: Error): void;
}

/**
 * Asks one process of git (`cat-file --batch-command`) about the objects of a repository, where each question would be a
 * process of its own. What is not there is answered with undefined; whether a ref is damaged or absent is not known from it.
 */
export class ObjectReader {
  private session: Session | undefined;
  private starting: Promise<Session> | undefined;

  /** @param directory a bare repository, or its worktree */
  constructor(private readonly directory: string) {}

  /** @param name a hash or the full name of a ref, also with `^{commit}` or `:<path>`; no white space */
  async info(name: string): Promise<ObjectInfo | undefined> {
    return this.ask('info', name);
  }

  /** The object with its content, as git stores it. */
  async read(name: string): Promise<(ObjectInfo & { content: Buffer }) | undefined> {
    return this.ask('contents', name);
  }

  private async ask(command: 'info' | 'contents', name: string) {
    throwIfAborted();
    if (/\s/.test(name)) throw new Error(`"${name}" is not a name that git cat-file takes`);
    return (await this.running()).ask(command, name);
  }

  /** One that was started in a folder that has been replaced since would find nothing. */
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
    /** Inode of the folder that it was started in. */
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

  /** While nothing is asked it keeps our process from nothing: its input closes with ours, and it ends. */
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

  /** `<hash> <type> <size>` and, where it was asked for, the content and a newline; else `<name> missing` or the like. */
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
    // A copy: the rest of the buffer is not kept with it.
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
