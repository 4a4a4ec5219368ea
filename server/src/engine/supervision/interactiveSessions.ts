import { UserError } from '../../base/errors';
import type { BeadStore } from '../../beads/store';
import type { SessionManager } from '../../sessions/manager';
import { MAYOR, pendingForMayor } from '../mayor/mayor';
import type { SessionRequest } from '../../sessions/types';
import type { CallContext } from '../../protocol/dispatcher';
import type { TownLayout } from '../../town/layout';
import type { RuntimeCatalogue } from '../../agents/catalogue';

interface InteractiveTown {
  readonly layout: TownLayout;
  readonly store: BeadStore;
  readonly runtimes: RuntimeCatalogue;
  readonly sessions: SessionManager;
  changed(): void;
}

/** Sessions that a person starts by name: the Mayor's and the crew's. They have no bead of a rig. */
export class InteractiveSessions {
  /** Starts that wait for consent, by agent. */
  private readonly wanted = new Map<string, { rig?: string; runtime: string }>();

  constructor(private readonly town: InteractiveTown) {}

  /**
   * Runtimes that need consent for these sessions: the Mayor's while it has requests, and those of requested starts.
   */
  runtimes(): { rig?: string; runtime: string }[] {
    const { mayor } = this.town.runtimes;
    return [
      ...(pendingForMayor(this.town.store, mayor).length > 0 ? [{ runtime: mayor }] : []),
      ...this.wanted.values(),
    ];
  }

  /** Starts a session; if its runtime is not accepted, the person is asked for consent. */
  async start(request: SessionRequest): Promise<void> {
    try {
      await this.town.sessions.start(request);
      this.wanted.delete(request.agent);
    } catch (error) {
      if (!(error instanceof UserError && error.code === 'consent')) throw error;
      this.wanted.set(request.agent, {
        rig: this.town.layout.locationOf(request.agent)?.rig,
        runtime: request.runtime,
      });
      this.town.changed();
      throw new UserError(
        error.message,
        `check its command, accept it, and start again: gt config agent accept ${request.runtime}`,
        'consent',
      );
    }
  }

  /** Ends the Mayor's session when it has handled everything, unless a person started it for a conversation. */
  mayorMayEnd(caller: CallContext): void {
    const { sessions, store, runtimes } = this.town;
    if (caller.agent !== MAYOR || sessions.liveOf(MAYOR)?.bead === undefined) return;
    if (pendingForMayor(store, runtimes.mayor).length === 0) sessions.markDone(MAYOR);
  }
}
