import path from 'node:path';
import { UserError, messageOf } from '../../base/errors';
import { randomHex } from '../../base/hmac';
import type { Caller, Params, RequestSpec, Result } from '../request';
import { answerLostError, limited } from '../timeLimit';
import { CommandLink, ConnectionLost, NoGreeting } from './commandLink';
import type { TownOptions } from './connect';
import { readEndpoint, serverEndpointFile } from './endpointFile';
import type { HelloInput } from './handshake';
import type { RpcClient } from './rpcClient';
import { BUILD, PROTOCOL } from './version';

/** A connection to the server of a town that was started ahead of the command that may need it. */
export interface StartedLink {
  root: string;
  link: CommandLink;
}

/** Starts to connect to the town's server, unless none runs or it is not the one of this build or a newer one. */
export async function startLink(root: string): Promise<StartedLink | undefined> {
  const endpoint = readEndpoint(serverEndpointFile(root));
  if (!endpoint || endpoint.protocol !== PROTOCOL || endpoint.build < BUILD) return undefined;
  return { root, link: await CommandLink.start(endpoint) };
}

export interface CommandClientOptions extends TownOptions {
  /** Used if it is a connection to this town. */
  started?: StartedLink;
  /** Starts no server, and replaces none: a call fails as `unavailable` where none runs. */
  onlyRunning?: boolean;
}

/**
 * Requests of one command to the town's server. As long as a current server runs, a `CommandLink` carries them. If there
 * is none, it is older, or the connection breaks, an `RpcClient` takes over: it starts or replaces the server, and repeats
 * a request whose answer was lost with the same operation id, so that it takes effect once.
 */
export class CommandClient implements Caller {
  private link: Promise<CommandLink | undefined> | undefined;
  private client: Promise<RpcClient> | undefined;

  constructor(
    private readonly root: string,
    private readonly hello: () => Promise<HelloInput>,
    private readonly options: CommandClientOptions = {},
  ) {}

  /**
   * @throws UserError as the handler threw it; `refused` if the server refuses us; `unavailable` if it cannot be reached,
   *   or did not answer in time; Error for a defect of the server
   */
  async call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>> {
    const operation = spec.access === 'read' ? undefined : await randomHex(16);
    const link = await (this.link ??= this.openLink());
    if (link)
      try {
        return (await limited(spec, link.request(spec.method, { input: params, operation }))) as Result<S>;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        this.link = Promise.resolve(undefined);
      }
    const client = await (this.client ??= this.openClient()).catch((error: unknown) => {
      throw link ? answerLostError(spec, messageOf(error)) : error;
    });
    return client.callOnce(spec, params, operation);
  }

  close(): void {
    // What could not be opened was reported by `call`.
    this.link?.then((link) => link?.close()).catch(() => undefined);
    this.client?.then((client) => client.close()).catch(() => undefined);
  }

  /** Undefined where the other way must be taken. */
  private async openLink(): Promise<CommandLink | undefined> {
    const link = await this.openingLink();
    try {
      await link?.authenticate(await this.hello());
      return link;
    } catch (error) {
      link?.close();
      if (error instanceof UserError && error.code !== 'unavailable') throw error;
      if (error instanceof NoGreeting) await this.refuseHungServer();
      return undefined;
    }
  }

  /** A server that accepts connections and answers none is told to the person at once: another try would wait as long. */
  private async refuseHungServer(): Promise<void> {
    const [{ Lease }, { hungError }] = await Promise.all([import('../../base/lease'), import('./launch')]);
    const holder = Lease.holder(path.join(this.root, '.runtime', 'lease'));
    if (holder) throw hungError(holder);
  }

  private async openingLink(): Promise<CommandLink | undefined> {
    const { started } = this.options;
    return (started?.root === this.root ? started : await startLink(this.root))?.link;
  }

  private async openClient(): Promise<RpcClient> {
    if (this.options.onlyRunning) throw new UserError('no server is running', undefined, 'unavailable');
    const { connectTown } = await import('./connect');
    return connectTown(this.root, await this.hello(), this.options);
  }
}
