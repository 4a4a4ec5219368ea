import { releaseHeld, stopWork } from '../../server/src/engine/dispatch/stop';
import { sling } from '../../server/src/engine/dispatch/sling';
import { mergeOf } from '../../server/src/engine/state/work';
import type { ReviewMode } from '../../server/src/protocol/town';
import { Checks } from './checks';
import { Life, type SimulatedTown } from './life';
import { MemoryDisk } from './memoryDisk';
import { randomFrom, World } from './world';

/** Who looks at changes, by seed. In some the person changes their mind about who. */
const REVIEWS: readonly ReviewMode[] = ['off', 'script', 'agent', 'person'];

export class Simulation implements SimulatedTown {
  readonly disk = new MemoryDisk();
  /** Whether the disk refuses now and then. */
  disturbed = false;
  readonly world: World;
  crashes = 0;
  rounds = 0;
  private readonly checks: Checks;

  constructor(readonly seed: number) {
    this.world = new World(randomFrom(seed));
    this.world.review = REVIEWS[Math.floor(this.world.random() * REVIEWS.length)]!;
    this.checks = new Checks(this.world, `seed ${seed}`);
  }

  /** Files a convoy with a random acyclic graph of dependencies. */
  private async fileConvoy(life: Life): Promise<string> {
    const count = 2 + Math.floor(this.world.random() * 7);
    return life.store.batch({ actor: 'ann' }, (tx) => {
      const ids: string[] = [];
      for (let index = 0; index < count; index += 1) {
        const bead = tx.create('toy', {
          title: `bead ${index}`,
          type: 'task',
          priority: Math.floor(this.world.random() * 5),
        });
        for (const earlier of ids) if (this.world.chance(0.3)) tx.addDependency(bead.id, earlier, 'blocks');
        ids.push(bead.id);
      }
      const convoy = tx.create('hq', {
        title: 'convoy',
        type: 'convoy',
        status: 'open',
        metadata: { convoy: { launched_at: '2026-01-01T00:00:00Z' } },
      });
      for (const id of ids) tx.addDependency(convoy.id, id, 'tracks');
      // What a person works on takes no agent's place.
      tx.create('toy', { title: 'Ann does this', type: 'task', status: 'in_progress', assignee: 'ann' });
      return convoy.id;
    });
  }

  /** People get in the way: they stop and start, sling again what failed, add beads late, close merge requests by hand. */
  private async meddle(life: Life, convoy: string): Promise<void> {
    const { store, context } = life;
    const ann = { actor: 'ann', kind: 'person' as const };
    const ignore = (): undefined => undefined; // a server that dies takes the request with it; losing a race is fine
    if (this.world.chance(0.01)) void stopWork(context, 'ann', { all: true }).catch(ignore);
    if (this.world.chance(0.15)) void releaseHeld(context, 'ann').catch(ignore);
    if (this.world.review !== 'off' && this.world.chance(0.01))
      this.world.review = REVIEWS[1 + Math.floor(this.world.random() * 3)]!;
    if (this.world.chance(0.02)) {
      void store
        .batch(ann, (tx) => {
          if (tx.get(convoy)?.status !== 'open') return;
          tx.addDependency(
            convoy,
            tx.create('toy', { title: 'late', type: 'task', priority: Math.floor(this.world.random() * 5) }).id,
            'tracks',
          );
        })
        .catch(ignore);
    }
    for (const bead of life.beads.list('task', 'failed')) {
      if (!this.world.chance(0.1)) continue;
      this.world.begunAnew.add(bead.id);
      void sling(store, ann, {
        beads: [bead.id],
        rig: 'toy',
        agent: this.world.chance(0.3) ? 'furiosa' : undefined,
      }).catch(ignore);
    }
    for (const request of life.beads.list('merge_request', 'open')) {
      if (this.world.chance(0.01))
        void store.batch(ann, (tx) => tx.close(request.id, 'by hand', { force: true })).catch(ignore);
    }
  }

  async run(): Promise<void> {
    let life = await Life.begin(this);
    const convoy = await this.fileConvoy(life);
    for (let round = 0; round < 3000; round += 1) {
      this.rounds = round;
      this.disturbed = round < 600;
      this.world.now += Math.floor(this.world.random() * 1500);
      const { done: agent, judge: reviewer } = this.world.step();
      if (agent) void life.sayDone(agent);
      if (reviewer) this.letJudge(life, reviewer);
      if (this.world.chance(0.4)) this.reviewByPerson(life);
      if (round < 600) await this.meddle(life, convoy);
      else if (this.world.chance(0.3)) await this.lastHelp(life);
      if (this.world.chance(0.01)) this.world.killHost();
      if (this.world.chance(0.01)) void life.checkpoint();
      life.look();
      for (let turns = Math.floor(this.world.random() * 6); turns > 0; turns -= 1)
        await new Promise((next) => setImmediate(next));
      if (this.world.chance(0.02)) life = await this.crash(life);
      this.checks.check(life, convoy, this.crashes);
      if (life.store.get(convoy)?.status === 'closed') return;
    }
    throw new Error(
      `seed ${this.seed}: nothing came of it: ${JSON.stringify(life.store.list({ all: true, limit: 0 }).map((bead) => [bead.id, bead.status, bead.metadata]))}`,
    );
  }

  private letJudge(life: Life, reviewer: string): void {
    const session = [...this.world.sessions.values()].find(
      (candidate) => candidate.agent === reviewer && !candidate.exit,
    );
    const request = session?.bead === undefined ? undefined : life.store.get(session.bead);
    if (request) void life.judge(request, { agent: reviewer, session: session?.id });
  }

  /** A person looks at whatever lies there, asked or not. */
  private reviewByPerson(life: Life): void {
    const request = life.beads
      .list('merge_request', 'open')
      .find(
        (candidate) =>
          mergeOf(candidate)?.review?.state === 'waiting' || (mergeOf(candidate)?.review && this.world.chance(0.02)),
      );
    if (request) void life.judge(request, {});
  }

  /** In the end people only help: everything must land then. */
  private async lastHelp(life: Life): Promise<void> {
    await releaseHeld(life.context, 'ann');
    for (const bead of life.beads.list('task', 'failed')) {
      this.world.begunAnew.add(bead.id);
      await sling(life.store, { actor: 'ann', kind: 'person' }, { beads: [bead.id], rig: 'toy' });
    }
  }

  private async crash(life: Life): Promise<Life> {
    this.crashes += 1;
    life.end();
    if (this.world.chance(0.3)) this.disk.powerCut();
    const next = await Life.begin(this);
    if (this.world.chance(0.5)) void next.checkpoint();
    return next;
  }
}
