import type { BeadStore } from '../beads/store';
import type { TownInfo } from '../protocol/town';
import { townFile, townSettingsFile } from '../town/config';
import type { TownLayout } from '../town/layout';

/** The stored switch of the engine (`gt up`, `gt down`), and its state in the town's files. */
export class EngineSwitch {
  constructor(
    private readonly layout: TownLayout,
    private readonly store: Pick<BeadStore, 'batch'>,
  ) {}

  info(): TownInfo {
    const settings = townSettingsFile(this.layout).read();
    return {
      id: 'town',
      name: townFile(this.layout).read().name,
      root: this.layout.root,
      up: settings.up,
      defaultAgent: settings.default_agent,
    };
  }

  /** Sets the switch. @returns false if it is unchanged */
  async set(up: boolean, actor: string): Promise<boolean> {
    if (townSettingsFile(this.layout).read().up === up) return false;
    // First, because it is refused if the ledger is damaged.
    await this.store.batch({ actor }, (tx) => tx.event({ type: up ? 'town_up' : 'town_down' }));
    townSettingsFile(this.layout).update((settings) => {
      settings.up = up;
    });
    return true;
  }
}
