import { UserError } from '../../server/src/base/errors';
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
    return this.guard('a session is started', () => {
      const { world } = this;
      const { role, rig, name } = layout.locationOf(request.agent)!;
      if (role === 'polecat' && !world.everApproved.has(rig ?? ''))
        world.violate('no agent is started before the commands of its rig were approved', request.agent);
      if (!world.approvals.has(request.runtime))
        throw new UserError(`nobody has accepted ${request.runtime}`, undefined, 'consent');
      const { live } = world;
      if (live.some((session) => session.agent === request.agent && session.bead === request.bead)) return;
      if (live.some((session) => session.agent === request.agent || session.bead === request.bead))
        world.violate('an agent and a bead have one live session', `${request.agent} on ${request.bead}`);
      for (const [id, session] of world.sessions) if (session.agent === request.agent) world.sessions.delete(id);
      const id = `s${world.now}-${Math.floor(world.chances.random() * 1e6)}`;
      world.sessions.set(id, {
        id,
        agent: request.agent,
        role,
        rig,
        name,
        bead: request.bead,
        startedAt: world.now,
        look: { lastOutputAt: world.now, saidNothing: false },
        attempt: request.attempt,
      });
    });
  }

  end(session: string, by: 'stopped' | 'ended'): Promise<void> {
    return this.guard('a session is ended', () => {
      const known = this.world.sessions.get(session);
      if (known) known.exit ??= { kind: by, code: null };
    });
  }

  async endAgent(agent: string, by: 'stopped' | 'ended'): Promise<void> {
    const live = this.world.live.find((session) => session.agent === agent);
    if (live) await this.end(live.id, by);
  }

  kill(session: string): Promise<void> {
    return this.guard('a session is killed', () => {
      const known = this.world.sessions.get(session);
      if (known) known.exit ??= { kind: 'killed', code: null };
    });
  }

  takesNudges(session: string): boolean {
    return session.length % 2 === 0;
  }

  /** Words wake some agents up. */
  nudge(session: string): Promise<void> {
    return this.guard('a session is nudged', () => {
      const known = this.world.sessions.get(session);
      if (!known) return;
      known.look = { lastOutputAt: this.world.now, saidNothing: false };
      if (this.world.chances.chance(0.5)) this.world.stalled.delete(session);
    });
  }

  forget(session: string): Promise<void> {
    return this.guard('a session is forgotten', () => {
      this.world.sessions.delete(session);
    });
  }

  async tail(): Promise<string> {
    return 'the last lines';
  }
}
