import { BeadShow } from '../../protocol/bead';
import type { Params, RequestSpec, Result } from '../../protocol/request';
import type { Backend } from './localBackend';

/**
 * A ledger without a server, which is opened only when a request needs it: beads are shown without opening it if
 * possible.
 */
export class DirectBackend implements Backend {
  private opened: Promise<Backend> | undefined;

  /** @param state the user's folder for the ledger */
  constructor(
    private readonly directory: string,
    private readonly state: string,
    private readonly open: () => Promise<Backend>,
  ) {}

  async call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>> {
    if (!this.opened && spec.method === BeadShow.spec.method) {
      const shown = await this.show(params as BeadShow.Params);
      if (shown) return shown as Result<S>;
    }
    this.opened ??= this.open();
    return (await this.opened).call(spec, params);
  }

  async close(): Promise<void> {
    await this.opened?.then(
      (backend) => backend.close(),
      () => undefined, // the request that needed it has failed
    );
  }

  private async show({ ids, ledger }: BeadShow.Params): Promise<Result<typeof BeadShow.spec> | undefined> {
    if (ledger !== undefined) return undefined;
    const { tableIn, TableReader } = await import('../../beads/queries/tableReader');
    return TableReader.show(this.directory, tableIn(this.state), ids);
  }
}
