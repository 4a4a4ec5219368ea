import { done, type DoneRequest, hookedBead } from '../../server/src/engine/dispatch/done';
import { answerInWords, answerWithPlan, MAYOR } from '../../server/src/engine/mayor/mayor';
import { ackMail, mailOf } from '../../server/src/engine/mail/mail';
import { isLastStep, openStepsOf } from '../../server/src/engine/molecules/openSteps';
import { isClosed, workOf } from '../../server/src/engine/state/work';
import { closeStep, graphOf } from '../../server/src/formulas/pour/molecule';
import type { Bead } from '../../server/src/protocol/bead';
import type { CallContext } from '../../server/src/protocol/dispatcher';
import type { Life } from './life';
import { judge } from './people';
import type { HostSession, World } from './world';

/** What an agent may hear that has been overtaken by events. */
const OVERTAKEN = /nothing on your hook|no longer on (?:your|the) hook|not on your hook|not as it says|no space left/;

/** The lives of all agents: they commit, walk their steps, submit, judge, plan; and they hang, crash and give up. */
export class Agents {
  /** Sessions that wait for the answer of the server that they asked. */
  private readonly waiting = new WeakMap<Life, Set<string>>();

  constructor(private readonly world: World) {}

  /** A moment of each. */
  step(life: Life): void {
    for (const session of this.world.live) {
      if (this.world.stalled.has(session.id) || this.endsOtherwise(session)) continue;
      const waiting = this.waiting.get(life) ?? new Set();
      this.waiting.set(life, waiting);
      if (waiting.has(session.id)) continue;
      waiting.add(session.id);
      void this.act(life, session).finally(() => waiting.delete(session.id));
    }
  }

  private async act(life: Life, session: HostSession): Promise<void> {
    if (session.role === 'refinery') return this.review(life, session);
    return session.role === 'mayor' ? this.plan(life, session) : this.work(life, session);
  }

  private endsOtherwise(session: HostSession): boolean {
    const { chances } = this.world;
    const exit = (kind: 'killed' | 'exited'): true => {
      session.exit = { kind, code: kind === 'exited' ? 1 : null };
      return true;
    };
    if (this.world.now < this.world.brokenUntil) return exit('exited');
    if (chances.happens('an agent is killed', 0.02, session.agent)) return exit('killed');
    if (chances.happens('an agent exits', 0.012, session.agent)) return exit('exited');
    // Nothing comes of it until somebody ends it, or words wake it.
    if (chances.happens('an agent hangs', 0.008, session.agent)) return Boolean(this.world.stalled.add(session.id));
    return false;
  }

  private async review(life: Life, session: HostSession): Promise<void> {
    const request = session.bead === undefined ? undefined : life.store.get(session.bead);
    if (!request || !this.world.chances.chance(0.5)) return;
    const caller: CallContext = { actor: session.agent, kind: 'agent', agent: session.agent, session: session.id };
    if (await judge(life, request, caller)) this.farewell(session.agent);
  }

  private async work(life: Life, session: HostSession): Promise<void> {
    const { chances } = this.world;
    const repository = this.world.repositoryOf(session.agent);
    const worktree = repository.worktrees.get(session.name);
    if (!worktree || session.doneAt !== undefined) return;
    if (chances.chance(0.4)) {
      // It does not know yet that its bead is closed: what it does from now on is in the snapshot only.
      if (isClosed(life.store.get(worktree.bead)?.status ?? 'closed')) this.world.lateWork.add(worktree.bead);
      session.look = { lastOutputAt: this.world.now, saidNothing: false };
      repository.work(worktree, {
        attempt: session.attempt,
        isSlow: chances.chance(0.1),
        isMerge: this.isMerge(life, worktree.bead),
        isBroken: () => chances.happens('a change is broken', 0.12, worktree.bead),
      });
    } else if (chances.chance(0.4)) {
      await this.goOn(life, session, worktree.commits > 0);
    }
  }

  /** It is to merge the target into its feature branch. */
  private isMerge(life: Life, id: string): boolean {
    const bead = life.store.get(id);
    return bead !== undefined && workOf(bead).mergesTarget !== undefined;
  }

  /** The next step of its bead, or the end. */
  private async goOn(life: Life, session: HostSession, hasCommits: boolean): Promise<void> {
    const { chances } = this.world;
    const { agent } = session;
    const bead = hookedBead(life.context, agent);
    const steps = bead && openStepsOf(graphOf(life.store), bead);
    const isEarly = chances.happens('an agent says done before its steps are', 0.25, agent);
    if (steps && !isLastStep(steps) && !isEarly) {
      if (steps.canGoOn) return this.closeStep(life, session, steps.open.find((step) => step.is_current)?.issue);
      return this.say(life, agent, { status: 'deferred', message: 'a gate is closed' });
    }
    if (chances.happens('an agent asks for help', 0.02, agent))
      return this.say(life, agent, { status: 'escalated', message: 'I cannot go on' });
    if (hasCommits) return this.say(life, agent, { status: 'completed' });
    if (bead && chances.happens('an agent finds nothing to change', 0.05, agent)) {
      this.world.unchanged.add(bead.id);
      return this.say(life, agent, { status: 'no-change', message: 'it is there already' });
    }
  }

  private async closeStep(life: Life, { agent }: HostSession, step: Bead | undefined): Promise<void> {
    if (!step) return;
    const options = { reason: 'done', force: false, auto: true, actor: agent };
    await life.tolerate(`a step is closed by ${agent}`, OVERTAKEN, () =>
      life.store.batch({ actor: agent, kind: 'agent' }, (tx) => {
        if (hookedBead(life.context, agent) && tx.get(step.id)?.status !== 'closed') closeStep(tx, step.id, options);
      }),
    );
  }

  private async say(life: Life, agent: string, request: DoneRequest): Promise<void> {
    const taken = await life.tolerate(`${agent} says ${request.status}`, OVERTAKEN, () =>
      done(life.context, { actor: agent, kind: 'agent', agent }, request).then(
        () => true,
        (error: unknown) => {
          // It has to go on with its steps.
          if (/is not done:/.test(String(error))) return false;
          throw error;
        },
      ),
    );
    if (taken) this.farewell(agent);
  }

  /** The Mayor answers what it is asked, by a plan or in words, and deals with its mail. */
  private async plan(life: Life, session: HostSession): Promise<void> {
    const item = session.bead === undefined ? undefined : life.store.get(session.bead);
    if (!item || isClosed(item.status) || session.doneAt !== undefined || !this.world.chances.chance(0.3)) return;
    const caller: CallContext = { actor: MAYOR, kind: 'agent', agent: MAYOR, session: session.id };
    if (mailOf(item).kind !== 'request') {
      const write = () => life.store.batch(caller, (tx) => ackMail(tx, item.id, tx.now));
      await life.tolerate('the Mayor deals with mail', OVERTAKEN, write);
      return this.farewell(MAYOR);
    }
    const convoy = this.world.chances.chance(0.6) ? await this.stage(life, caller, item) : undefined;
    const isTwice = this.world.chances.happens('the Mayor answers twice', 0.3);
    const answers = await Promise.all([
      convoy && this.answer(life, item.id, () => answerWithPlan(life.store, caller, item.id, convoy)),
      (isTwice || !convoy) && this.answer(life, item.id, () => answerInWords(life.store, caller, item.id, 'no need')),
    ]);
    if (answers.some(Boolean)) this.farewell(MAYOR);
  }

  /** @returns whether it counts */
  private async answer(life: Life, request: string, say: () => Promise<unknown>): Promise<boolean> {
    const isTaken = await life.tolerate('the Mayor answers', /has been answered|no space left/, say);
    if (isTaken) this.world.answers.set(request, (this.world.answers.get(request) ?? 0) + 1);
    return isTaken !== undefined;
  }

  /** A convoy that a person launches, or not. */
  private stage(life: Life, caller: CallContext, request: Bead): Promise<Bead | undefined> {
    const rigs = [...this.world.repositories.keys()];
    const rig = rigs[this.world.chances.pick(rigs.length, request.title)]!;
    return life.tolerate('the Mayor stages a convoy', OVERTAKEN, () =>
      life.store.batch(caller, (tx) => {
        const convoy = tx.create('hq', { title: `plan of ${request.title}`, type: 'convoy', status: 'staged_ready' });
        tx.addDependency(convoy.id, tx.create(rig, { title: `work of ${request.title}`, type: 'task' }).id, 'tracks');
        return tx.require(convoy.id);
      }),
    );
  }

  private farewell(agent: string): void {
    for (const session of this.world.live) if (session.agent === agent) session.doneAt ??= this.world.now;
  }
}
