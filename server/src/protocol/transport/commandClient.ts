import { UserError, messageOf } from '../../base/errors';
import { randomHex } from '../../base/hmac';
import type { Caller, Params, RequestSpec, Result } from '../request';
import { answerLostError, limited } from '../timeLimit';
import { CommandLink, ConnectionLost, NoGreeting } from './commandLink';
import type { TownOptions } from './connect';
import { readEndpoint } from './endpointFile';
import type { HelloInput } from './handshake';
import type { RpcClient } from './rpcClient';
import type { ServerPlace } from './serverPlace';
import { BUILD, PROTOCOL } from './version';

/** A connection to a server that was started ahead of the command that may need it. */
export interface StartedLink {
  /** What the server serves. */
  root: string;
  link: CommandLink;
}

/** Starts to connect to a server, unless none runs or its build is older than this one. */
export async function startLink({ root, endpointFile }: ServerPlace): Promise<StartedLink | undefined> {
  const endpoint = readEndpoint(endpointFile);
  if (!endpoint || endpoint.protocol !== PROTOCOL || endpoint.build < BUILD) return undefined;
  return { root, link: await CommandLink.start(endpoint) };
}

export interface CommandClientOptions extends TownOptions {
  /** Used if it is a connection to this server. */
  started?: StartedLink;
  /** Starts no server, and replaces none: a call fails as `unavailable` if none runs. */
  onlyRunning?: boolean;
}

/**
 * Requests of one command to a server. As long as a current server runs, a `CommandLink` carries them. If there is
 * none, it is older, or the connection breaks, an `RpcClient` takes over: it starts or replaces the server, and repeats
 * a request whose answer was lost with the same operation id, so that it takes effect once.
 */
export class CommandClient implements Caller {
  private link: Promise<CommandLink | undefined> | undefined;
  private client: Promise<RpcClient> | undefined;

  constructor(
    private readonly place: ServerPlace,
    private readonly hello: () => Promise<HelloInput>,
    private readonly options: CommandClientOptions = {},
  ) {}

  /**
   * Connects before the first call, and starts the server if none runs.
   * @throws UserError `refused` if the server refuses us; `unavailable` if it cannot be reached
   */
  async connect(): Promise<void> {
    if (!(await this.linked())) await this.connected();
  }

  /**
   * @throws UserError as the handler threw it; `refused` if the server refuses us; `unavailable` if it cannot be
   * reached, or did not answer in time; Error for a defect of the server
   */
  async call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>> {
    const operation = spec.access === 'read' ? undefined : await randomHex(16);
    const link = await this.linked();
    if (link)
      try {
        return (await limited(spec, link.request(spec.method, { input: params, operation }))) as Result<S>;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        this.link = Promise.resolve(undefined);
      }
    const client = await this.connected().catch((error: unknown) => {
      throw link ? answerLostError(spec, messageOf(error)) : error;
    });
    return client.callOnce(spec, params, operation);
  }

  /** Closes only the connection that this client opened itself: one that was started ahead belongs to its creator. */
  close(): void {
    // Failures to open it were reported by `call`.
    this.link?.then((link) => link !== this.options.started?.link && link?.close()).catch(() => undefined);
    this.client?.then((client) => client.close()).catch(() => undefined);
  }

  /** The link, unless an `RpcClient` has to be used. A failure is not kept: the next call tries again. */
  private linked(): Promise<CommandLink | undefined> {
    const link = (this.link ??= this.openLink());
    link.catch(() => this.link === link && (this.link = undefined));
    return link;
  }

  private connected(): Promise<RpcClient> {
    const client = (this.client ??= this.openClient());
    client.catch(() => {
      if (this.client === client) this.link = this.client = undefined;
    });
    return client;
  }

  /** Undefined if an `RpcClient` has to be used. */
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

  /** A server that accepts connections but does not answer is reported at once: another try would take as long. */
  private async refuseHungServer(): Promise<void> {
    const [{ Lease }, { hungError }] = await Promise.all([import('../../base/lease'), import('./launch')]);
    const holder = Lease.holder(this.place.programLease);
    if (holder) throw hungError(holder, this.place.kind);
  }

  private async openingLink(): Promise<CommandLink | undefined> {
    const { started } = this.options;
    return (started?.root === this.place.root ? started : await startLink(this.place))?.link;
  }

  private async openClient(): Promise<RpcClient> {
    if (this.options.onlyRunning) throw new UserError('no server is running', undefined, 'unavailable');
    const { connectServer } = await import('./connect');
    return connectServer(this.place, await this.hello(), this.options);
  }
}
