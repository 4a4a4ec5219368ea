import type { Command } from 'commander';
import type { Params, RequestSpec, Result } from '../../protocol/request';
import { connectTown, type TownConnection } from '../../protocol/transport';
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
  async withTown<T>(command: Command, work: (town: TownConnection, root: string) => Promise<T>): Promise<T> {
    const root = await this.townRoot(command);
    const town = await connectTown(root, helloOf(this.process, command.optsWithGlobals<GlobalOptions>().actor));
    try {
      return await work(town, root);
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

  /** The name under which a command acts. */
  actor(command: Command): string {
    return helloOf(this.process, command.optsWithGlobals<GlobalOptions>().actor).actor ?? 'unknown';
  }

  /** Text of beads and agents is printed without its control characters; the lines of `gt` are not coloured. */
  override print(command: Command, value: unknown, lines: () => string | readonly string[]): void {
    super.print(command, value, () => [lines()].flat().map(printable));
  }
}
