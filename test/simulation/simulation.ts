import { sling } from '../../server/src/engine/dispatch/sling';
import { FEATURE_LABEL } from '../../server/src/engine/convoys/feature';
import { causeOf } from '../../server/src/engine/escalation/escalation';
import { planOf } from '../../server/src/engine/mayor/mayor';
import { isClosed, withConvoy } from '../../server/src/engine/state/work';
import { featureBranch } from '../../server/src/git/featureBranch';
import { Agents } from './agents';
import { ann } from './ann';
import { chancesOf, type Chances } from './chances';
import { Broken, Checks } from './checks';
import { formulas } from './formulas';
import { Life, type SimulatedTown } from './life';
import { MemoryDisk } from './memoryDisk';
import { PARTS } from './repository';
import { People, REVIEWS, unfinished } from './people';
import { RUNTIMES, World } from './world';

/** Until then everything may go wrong; afterwards people only help, and all has to land. */
const DISTURBED_ROUNDS = 500;
const MAX_ROUNDS = 3_000;
const METHODS = ['squash', 'merge', 'rebase', 'off'] as const;
/** When all has landed the town comes to rest within so many rounds. */
const REST_ROUNDS = 200;

/** One town from the first bead until all has landed, through whatever goes wrong. */
export class Simulation implements SimulatedTown {
  readonly disk = new MemoryDisk();
  readonly world: World;
  readonly chances: Chances;
  readonly hasMayor: boolean;
  readonly rigFormula: boolean;
  disturbed = false;
  crashes = 0;
  rounds = 0;
  private readonly agents: Agents;
  private readonly people: People;
  private readonly checks: Checks;

  /** @param only what may happen of all that the seed gives */
  constructor(
    readonly seed: number,
    only?: ReadonlySet<string>,
  ) {
    this.chances = chancesOf(seed, only);
    const { chances } = this;
    const rigs = chances.happens('there is a second rig', 0.5) ? ['toy', 'farm'] : ['toy'];
    this.hasMayor = chances.happens('the Mayor has a runtime', 0.4);
    this.rigFormula = chances.happens('the second rig has a formula', 0.3);
    this.world = new World(chances, seed, rigs);
    for (const [rig, repository] of this.world.repositories)
      if (chances.happens('changes are reviewed', 0.7, rig))
        repository.review = REVIEWS[chances.pick(REVIEWS.length, `review of ${rig}`)]!;
    for (const [rig, repository] of this.world.repositories)
      if (chances.happens('every commit is tested by itself', 0.2, rig)) repository.mergeMode = 'each';
    for (const [rig, repository] of this.world.repositories) {
      if (chances.happens('its parts have gates of their own', 0.4, rig)) repository.parts = PARTS;
      if (chances.happens('the commits of authors land', 0.3, rig)) repository.strategy = 'rebase';
      else if (chances.happens('the branches of authors are merged', 0.2, rig)) repository.strategy = 'merge';
      else if (chances.happens('pull requests are opened', 0.4, rig)) this.openPullRequests(rig);
    }
    for (const [rig, repository] of this.world.repositories)
      repository.gateRuns = 1 + chances.pick(4, `gate runs of ${rig}`);
    for (const name of [...rigs, ...Object.values(RUNTIMES)])
      if (!chances.happens('approval comes late', 0.15, name)) this.world.approve(name);
    this.agents = new Agents(this.world);
    this.people = new People(this.world);
    this.checks = new Checks(this.world);
  }

  private openPullRequests(rig: string): void {
    const { chances, world } = this;
    world.repositories.get(rig)!.strategy = 'pr';
    const provider = world.providerOf(rig);
    provider.merging = METHODS[chances.pick(METHODS.length, `pull requests of ${rig}`)]!;
    provider.isStrict = chances.happens('only what is up to date is merged', 0.5, rig);
    provider.needsApproval = chances.happens('pull requests need approval', 0.5, rig);
  }

  /** @throws Broken where an invariant does not hold */
  async run(): Promise<void> {
    let life = await Life.begin(this);
    const convoy = await this.fileConvoy(life);
    for (let round = 1; round <= MAX_ROUNDS; round += 1) {
      life = await this.round(life, round, convoy);
      if (this.hasLanded(life)) return this.rest(life, round);
    }
    throw new Broken('all lands in the end', this.describe(life));
  }

  private async round(life: Life, round: number, convoy: string): Promise<Life> {
    const { chances, world } = this;
    this.rounds = round;
    this.disturbed = round < DISTURBED_ROUNDS;
    chances.beginRound(round);
    world.now += Math.floor(chances.random() * 1500);
    if (this.disturbed) this.disturb(life, convoy);
    this.agents.step(life);
    this.people.help(life, this.disturbed ? 0.05 : 0.3);
    if (chances.happens('the beads are written to their files', 0.01)) void life.checkpoint();
    life.look();
    for (let turns = Math.floor(chances.random() * 6); turns > 0; turns -= 1)
      await new Promise((next) => setImmediate(next));
    if (this.disturbed && chances.happens('the server is killed', 0.01)) life.end();
    const next = life.alive ? life : await this.restart(life);
    this.checks.check(next, this.crashes);
    return next;
  }

  private disturb(life: Life, convoy: string): void {
    const { chances, world } = this;
    this.people.interfere(life, convoy);
    if (chances.happens('the session host is killed', 0.008)) world.killHost();
    if (chances.happens('the machine sleeps', 0.004)) world.now += 3_600_000;
    if (chances.happens('agents end at once', 0.003)) world.brokenUntil = world.now + 20_000;
  }

  private async restart(life: Life): Promise<Life> {
    this.crashes += 1;
    life.end();
    if (this.chances.happens('the power was cut', 0.3)) this.disk.powerCut();
    const next = await Life.begin(this);
    // It may die again before it has read anything.
    return next.alive ? next : this.restart(next);
  }

  /** A convoy with an acyclic graph of dependencies, over all rigs. */
  private async fileConvoy(life: Life): Promise<string> {
    const { chances, world } = this;
    const titles = Array.from({ length: 7 }, (_, index) => `bead ${index}`).filter(
      (title, index) => index === 0 || chances.happens('there is another bead', 0.55, title),
    );
    const ids: string[] = [];
    const convoy = await life.store.batch(ann, (tx) => {
      for (const title of titles) {
        const rig =
          world.repositories.has('farm') && chances.happens('it is of the second rig', 0.5, title) ? 'farm' : 'toy';
        const bead = tx.create(rig, {
          id: `${rig}-${title.replace(' ', '')}`,
          title,
          type: 'task',
          priority: chances.pick(5, title),
        });
        for (const [index, earlier] of ids.entries())
          if (chances.happens('it waits for another', 0.3, `${title} for ${titles[index]}`))
            tx.addDependency(bead.id, earlier, 'blocks');
        ids.push(bead.id);
      }
      const metadata = { convoy: { launched_at: '2026-01-01T00:00:00Z' } };
      const { id } = tx.create('hq', { title: 'convoy', type: 'convoy', status: 'open', metadata });
      if (chances.happens('the convoy has a feature branch', 0.4)) {
        const feature = { branch: featureBranch(id), rigs: {} };
        tx.update(id, { labels: [FEATURE_LABEL], metadata: withConvoy(tx.require(id), { feature }) });
      }
      for (const bead of ids) tx.addDependency(id, bead, 'tracks');
      // What a person works on takes no agent's place.
      tx.create('toy', { title: 'Ann does this', type: 'task', status: 'in_progress', assignee: 'ann' });
      return id;
    });
    for (const [index, id] of ids.entries()) {
      if (!chances.happens('it is slung with a formula', 0.35, titles[index])) continue;
      const formula = formulas[chances.pick(formulas.length, `formula of ${titles[index]}`)]!;
      await sling(life.store, ann, { beads: [id], rig: world.repositoryOf(id).rig, formula });
    }
    return convoy;
  }

  private hasLanded(life: Life): boolean {
    // What was staged and is no answer to anything is nobody's yet.
    const open = [...life.beads.list('convoy', 'open'), ...life.beads.list('convoy', 'staged_ready').filter(planOf)];
    return (
      open.length === 0 &&
      unfinished(life).length === 0 &&
      !(this.hasMayor && life.beads.list('message').some(isOpenForMayor))
    );
  }

  /** What has nothing to do starts nobody, and leaves nothing behind. */
  private async rest(life: Life, landedIn: number): Promise<void> {
    this.disturbed = false;
    for (let round = landedIn + 1; round <= landedIn + REST_ROUNDS; round += 1) {
      this.chances.beginRound(round);
      this.world.now += 2_000;
      this.people.help(life, 0.3);
      life.look();
      for (let turns = 0; turns < 5; turns += 1) await new Promise((next) => setImmediate(next));
      this.checks.check(life, this.crashes);
      if (life.isIdle && this.isAtRest && staleEscalations(life).length === 0) return;
    }
    const { sessions, repositories } = this.world;
    const worktrees = [...repositories.values()].flatMap((repository) => [...repository.worktrees.keys()]);
    const offers = [...repositories.keys()].flatMap((rig) => this.world.providerOf(rig).openRequests);
    throw new Broken(
      'an idle town has no sessions, no worktrees, no pull requests, and calls nobody about what is over',
      JSON.stringify([[...sessions.values()], worktrees, offers, staleEscalations(life)]),
    );
  }

  private get isAtRest(): boolean {
    const worktrees = [...this.world.repositories.values()].some((repository) => repository.worktrees.size > 0);
    const rigs = [...this.world.repositories.keys()];
    const offers = rigs.some((rig) => this.world.providerOf(rig).openRequests.length > 0);
    return this.world.sessions.size === 0 && !worktrees && !offers;
  }

  private describe(life: Life): string {
    return JSON.stringify(
      life.store
        .list({ all: true, limit: 0 })
        .filter((bead) => !isClosed(bead.status))
        .map((bead) => [bead.id, bead.status, bead.assignee, bead.metadata]),
    );
  }
}

/** All has landed: nobody has to look at a bead, a start, a merge or agents that exit. */
function staleEscalations(life: Life): string[] {
  return life.beads
    .list('escalation', 'open')
    .filter((bead) => causeOf(bead).bead !== undefined || /^hq-esc-(start|landing|crash-loop)-/.test(bead.id))
    .map((bead) => bead.title);
}

function isOpenForMayor({ status, assignee }: { status: string; assignee?: string }): boolean {
  return !isClosed(status) && assignee === 'mayor';
}
