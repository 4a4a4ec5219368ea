import { spawn, type ChildProcess } from 'node:child_process';
import { Duplex, type Readable } from 'node:stream';
import { StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { UserError } from '../../server/src/base/errors';
import type { ProcessIdentity } from '../../server/src/base/process';
import type { Connected } from '../../server/src/protocol/transport';
import type { BridgeGreeting } from '../../server/src/sessions/host/bridge';
import { LocalProvider } from '../../server/src/sessions/providers/local/localProvider';
import type { SessionProvider } from '../../server/src/sessions/providers/provider';

/**
 * Reaches the session host through the standard input and output of another process, as a provider for another machine would
 * through `ssh`. Processes and folders are those of this machine all the same, but whoever asks for them has to ask here.
 */
export class StdioProvider implements SessionProvider {
  readonly bridges: ChildProcess[] = [];
  /** Questions about processes and folders. */
  readonly asked: string[] = [];
  private readonly machine: LocalProvider;

  constructor(
    private readonly root: string,
    private readonly sessionHostJs: string,
  ) {
    this.machine = new LocalProvider(root, { sessionHostJs });
  }

  async openHost(): Promise<Connected> {
    const child = spawn(process.execPath, [this.sessionHostJs, '--root', this.root, '--stdio'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.bridges.push(child);
    const { stdin, stdout, stderr } = child;
    let said = '';
    stderr.on('data', (data: Buffer) => (said += data.toString()));
    const { welcome, process: host } = await greetingOf(stdout, () => said);
    const socket = Duplex.from({ readable: stdout, writable: stdin });
    socket.on('error', () => undefined);
    child.once('exit', () => socket.destroy());
    socket.once('close', () => child.kill());
    return {
      welcome,
      process: host,
      socket,
      reader: new StreamMessageReader(socket),
      writer: new StreamMessageWriter(socket),
    };
  }

  hasHost(): Promise<boolean> {
    this.asked.push('hasHost');
    return this.machine.hasHost();
  }

  aliveAmong(processes: readonly ProcessIdentity[]): Promise<ReadonlySet<number>> {
    this.asked.push('aliveAmong');
    return this.machine.aliveAmong(processes);
  }

  endSession(session: string, group: ProcessIdentity): Promise<void> {
    this.asked.push(`endSession ${session}`);
    return this.machine.endSession(session, group);
  }

  hasFolder(folder: string): Promise<boolean> {
    this.asked.push('hasFolder');
    return this.machine.hasFolder(folder);
  }
}

/** The first line; what follows it stays in the stream. */
function greetingOf(stdout: Readable, said: () => string): Promise<BridgeGreeting> {
  return new Promise((resolve, reject) => {
    let text = Buffer.alloc(0);
    const onReadable = (): void => {
      for (let chunk = stdout.read() as Buffer | null; chunk; chunk = stdout.read() as Buffer | null) {
        text = Buffer.concat([text, chunk]);
        const end = text.indexOf(10);
        if (end < 0) continue;
        stdout.off('readable', onReadable);
        stdout.off('end', onEnd);
        if (end + 1 < text.length) stdout.unshift(text.subarray(end + 1));
        resolve(JSON.parse(text.toString('utf8', 0, end)) as BridgeGreeting);
        return;
      }
    };
    const onEnd = (): void => reject(new UserError(`the bridge ended: ${said()}`, undefined, 'unavailable'));
    stdout.on('readable', onReadable);
    stdout.on('end', onEnd);
  });
}
