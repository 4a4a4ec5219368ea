import type { Command } from 'commander';
import type { Caller, Params, RequestSpec, Result } from '../../protocol/request';
import { CommandClient } from '../../protocol/transport/commandClient';
import type { HelloInput } from '../../protocol/transport/handshake';
import type { RpcClient } from '../../protocol/transport/rpcClient';
import { helloOf } from '../shared/connect';
import { CommandContext } from '../shared/context';
import { findTown } from '../shared/findTown';
import { printable } from '../shared/output';

export interface GlobalOptions {
  json?: boolean;
  town?: string;
  actor?: string;
}

/** What every command of `gt` uses: a way to the town's server and a way to print. */
export class GtContext extends CommandContext {
  /** Runs a command against the town's server, which is started if it does not run. */
  async withTown<T>(command: Command, work: (town: Caller, root: string) => Promise<T>): Promise<T> {
    const root = await this.townRoot(command);
    const town = new CommandClient(root, () => this.hello(command), { started: this.started });
    try {
      return await work(town, root);
    } finally {
      town.close();
    }
  }

  /** The same over a connection that also gets notifications. */
  async withConnection<T>(command: Command, work: (town: RpcClient) => Promise<T>): Promise<T> {
    const { connectTown } = await import('../../protocol/transport/connect');
    const town = await connectTown(await this.townRoot(command), this.hello(command));
    try {
      return await work(town);
    } finally {
      town.close();
    }
  }

  /** Sends one request to the town's server. */
  call<S extends RequestSpec>(command: Command, spec: S, params: Params<S>): Promise<Result<S>> {
    return this.withTown(command, (town) => town.call(spec, params));
  }

  townRoot(command: Command): Promise<string> {
    return findTown(this.process.cwd, this.process.env, command.optsWithGlobals<GlobalOptions>().town);
  }

  private hello(command: Command): HelloInput {
    return helloOf(this.process, command.optsWithGlobals<GlobalOptions>().actor);
  }

  /** The name under which a command acts. */
  actor(command: Command): string {
    return this.hello(command).actor ?? 'unknown';
  }

  /** Text of beads and agents is printed without its control characters; the lines of `gt` are not coloured. */
  override print(command: Command, value: unknown, lines: () => string | readonly string[]): void {
    super.print(command, value, () => [lines()].flat().map(printable));
  }
}
