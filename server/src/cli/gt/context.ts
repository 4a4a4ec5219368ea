import type { Caller, Params, RequestSpec, Result } from '../../protocol/request';
import { CommandClient } from '../../protocol/transport/commandClient';
import type { HelloInput } from '../../protocol/transport/handshake';
import type { RpcClient } from '../../protocol/transport/rpcClient';
import { townPlace } from '../../protocol/transport/serverPlace';
import { helloOf } from '../shared/connect';
import type { Invocation } from '../shared/command';
import { CommandContext } from '../shared/context';
import { findTown } from '../shared/findTown';
import { printable } from '../shared/output';

export interface GlobalOptions {
  json?: boolean;
  town?: string;
  actor?: string;
}

/** Context of every command of `gt`: access to the town's server, and output. */
export class GtContext extends CommandContext {
  /** Runs a command against the town's server, which is started if it does not run. */
  async withTown<T>(invocation: Invocation, work: (town: Caller, root: string) => Promise<T>): Promise<T> {
    const root = await this.townRoot(invocation);
    const town = new CommandClient(townPlace(root), () => this.hello(invocation), { started: this.started });
    try {
      return await work(town, root);
    } finally {
      town.close();
    }
  }

  /** Like `withTown`, with a connection that also receives notifications. */
  async withConnection<T>(invocation: Invocation, work: (town: RpcClient) => Promise<T>): Promise<T> {
    const { connectTown } = await import('../../protocol/transport/connect');
    const town = await connectTown(await this.townRoot(invocation), await this.hello(invocation));
    try {
      return await work(town);
    } finally {
      town.close();
    }
  }

  /** Sends one request to the town's server. */
  call<S extends RequestSpec>(invocation: Invocation, spec: S, params: Params<S>): Promise<Result<S>> {
    return this.withTown(invocation, (town) => town.call(spec, params));
  }

  townRoot(invocation: Invocation): Promise<string> {
    return findTown(this.process.cwd, this.process.env, (invocation.options as GlobalOptions).town);
  }

  /** The hello of a command. */
  hello(invocation: Invocation): Promise<HelloInput> {
    return helloOf(this.process, (invocation.options as GlobalOptions).actor);
  }

  /** The name under which a command acts. */
  async actor(invocation: Invocation): Promise<string> {
    return (await this.hello(invocation)).actor ?? 'unknown';
  }

  /** Text of beads and agents is printed without its control characters; the lines of `gt` are not coloured. */
  override print(invocation: Invocation, value: unknown, lines: () => string | readonly string[]): void {
    super.print(invocation, value, () => [lines()].flat().map(printable));
  }
}
