import type { SessionPort } from '../../server/src/engine/loop/ports';
import type { SessionRequest, SessionView } from '../../server/src/sessions/types';
import { TownLayout } from '../../server/src/town/layout';
import type { Guard, World } from './world';

const layout = new TownLayout('/town');

export class FakeSessions implements SessionPort {
  constructor(
    private readonly world: World,
    private readonly guard: Guard,
  ) {}

  all(): SessionView[] {
    return [...this.world.sessions.values()].map((session) => ({ ...session }));
  }

  start(request: SessionRequest): Promise<void> {
    return this.guard(() => {
      const live = [...this.world.sessions.values()].filter((session) => !session.exit);
      if (live.some((session) => session.agent === request.agent && session.bead === request.bead)) return;
      if (live.some((session) => session.agent === request.agent || session.bead === request.bead))
        this.world.violations.push(`second live session for ${request.agent} or ${request.bead}`);
      for (const [id, session] of this.world.sessions)
        if (session.agent === request.agent) this.world.sessions.delete(id);
      const id = `s${this.world.sessions.size}-${this.world.now}-${Math.floor(this.world.random() * 1e6)}`;
      const { role, rig, name } = layout.locationOf(request.agent)!;
      this.world.sessions.set(id, {
        id,
        agent: request.agent,
        role,
        rig,
        name,
        bead: request.bead,
        startedAt: this.world.now,
        look: { lastOutputAt: this.world.now, saidNothing: false },
        attempt: request.attempt,
      });
    });
  }

  end(session: string, by: 'stopped' | 'ended'): Promise<void> {
    return this.guard(() => {
      const known = this.world.sessions.get(session);
      if (known) known.exit ??= { kind: by, code: null };
    });
  }

  async endAgent(agent: string, by: 'stopped' | 'ended'): Promise<void> {
    const live = [...this.world.sessions.values()].find((session) => session.agent === agent && !session.exit);
    if (live) await this.end(live.id, by);
  }

  kill(session: string): Promise<void> {
    return this.guard(() => {
      const known = this.world.sessions.get(session);
      if (known) known.exit ??= { kind: 'killed', code: null };
    });
  }

  takesNudges(session: string): boolean {
    return session.length % 2 === 0;
  }

  /** Words wake some agents up. */
  nudge(session: string): Promise<void> {
    return this.guard(() => {
      const known = this.world.sessions.get(session);
      if (known) known.look = { lastOutputAt: this.world.now, saidNothing: false };
    });
  }

  forget(session: string): Promise<void> {
    return this.guard(() => {
      this.world.sessions.delete(session);
    });
  }

  async tail(): Promise<string> {
    return 'the last lines';
  }
}
