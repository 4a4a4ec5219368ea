import { openBlockers } from '../../server/src/beads/index/blocking';
import { isHumanGate } from '../../server/src/beads/model/closing';
import { UserError } from '../../server/src/base/errors';
import type { ConvoyTown } from '../../server/src/engine/convoys/convoys';
import { closeConvoy } from '../../server/src/engine/convoys/endConvoy';
import { addToConvoy } from '../../server/src/engine/convoys/startConvoy';
import { sling } from '../../server/src/engine/dispatch/sling';
import { releaseHeld, stopWork } from '../../server/src/engine/dispatch/stop';
import { openStepsOf } from '../../server/src/engine/molecules/openSteps';
import { ask, planOf, releaseMayor } from '../../server/src/engine/mayor/mayor';
import type { QueueSources } from '../../server/src/engine/mergeQueue/mergeRequests';
import { reorder } from '../../server/src/engine/mergeQueue/reorder';
import { retryMerge } from '../../server/src/engine/mergeQueue/retryMerge';
import { giveVerdict } from '../../server/src/engine/review/review';
import { convoyOf, isClosed, mergeOf, trackedIds, withConvoy, workOf } from '../../server/src/engine/state/work';
import { graphOf } from '../../server/src/formulas/pour/molecule';
import type { Bead } from '../../server/src/protocol/bead';
import type { CallContext } from '../../server/src/protocol/dispatcher';
import type { ReviewSetting } from '../../server/src/protocol/town';
import { ann } from './ann';
import type { Life } from './life';
import type { World } from './world';

const STRATEGIES = ['squash', 'rebase', 'merge', 'pr'] as const;

/** Losing a race is fine. */
const RACES =
  /no space left|conflict|closed|in progress already|being merged|on the hook|is not open|changed since|no open merge/;

/** Somebody looks at a change, and may not know that it is another by now. @returns whether the verdict counts */
export async function judge(life: Life, request: Bead, caller: CallContext): Promise<boolean> {
  const { world } = life;
  const merge = mergeOf(request);
  const patch = merge?.review?.patch;
  const verdict = world.chances.happens('a change is rejected', 0.12, merge?.source) ? 'rejected' : 'approved';
  // Noted before it is said: a server that dies over it may have written it down.
  if (verdict === 'approved' && patch !== undefined) world.repositories.get(merge!.rig)!.approved.add(patch);
  const shown = caller.kind === 'person' ? patch : undefined;
  const taken = await life.tolerate(`${caller.actor} judges`, UserError, () =>
    giveVerdict(life.context, caller, request.id, { verdict, message: 'because', patch: shown }),
  );
  return taken !== undefined;
}

/** What people do beside the agents: they approve, review, open gates; they also get in the way. */
export class People {
  constructor(private readonly world: World) {}

  /** What they do by and by, so that work goes on. @param haste how likely they see to something in one round */
  help(life: Life, haste: number): void {
    const { chances } = this.world;
    const names = [...this.world.repositories.keys(), ...life.runtimes];
    for (const name of names) if (!this.world.approvals.has(name) && chances.chance(haste)) this.world.approve(name);
    if (!this.world.up && chances.chance(haste)) this.switchOn(life);
    for (const convoy of life.beads.list('convoy', 'open'))
      if (convoyOf(convoy).paused && chances.chance(haste)) this.resume(life, convoy.id);
    if (chances.chance(0.4)) this.review(life);
    for (const [rig, repository] of this.world.repositories)
      if (!repository.isSound(repository.landing) && chances.happens('somebody repairs the target', haste, rig))
        repository.repairTarget();
    for (const convoy of unfinished(life)) if (chances.chance(haste)) this.reopen(life, convoy);
    for (const rig of this.world.repositories.keys()) this.world.providerOf(rig).help(haste, this.world.now);
    for (const request of life.beads.list('merge_request', 'failed'))
      if (chances.chance(haste)) this.retry(life, request);
    for (const gate of life.beads.list('gate', 'open'))
      if (isHumanGate(gate) && chances.chance(haste) && openBlockers(graphOf(life.store), gate).length === 0)
        this.write(life, 'a gate is opened', (tx) => tx.get(gate.id)?.status === 'open' && tx.close(gate.id, 'go on'));
    for (const convoy of life.beads.list('convoy', 'staged_ready'))
      if (planOf(convoy) && chances.chance(haste)) this.launch(life, convoy);
    if (chances.chance(0.15)) this.release(life);
    for (const escalation of life.beads.list('escalation', 'open'))
      if (escalation.id.startsWith('hq-esc-silent-') && chances.chance(haste)) this.restartSession(escalation);
    for (const bead of life.work('failed', 'hooked'))
      if (
        (bead.status === 'failed' || (workOf(bead).paused?.mark === undefined && workOf(bead).held)) &&
        chances.chance(haste)
      )
        this.slingAgain(life, bead);
  }

  /** They stop and start, file more, change their minds about reviews, close merge requests by hand. */
  interfere(life: Life, convoy: string): void {
    const { chances } = this.world;
    if (chances.happens('a person stops all agents', 0.01))
      void life.tolerate('all is stopped', RACES, () => stopWork(life.context, 'ann', { all: true }));
    if (chances.happens('the engine is switched off', 0.004)) this.world.up = false;
    for (const [rig, repository] of this.world.repositories) {
      if (chances.happens('the commands change and wait for approval', 0.003, rig)) this.world.approvals.delete(rig);
      if (repository.review !== 'off' && chances.happens('reviews are done in another way', 0.01, rig))
        repository.review = REVIEWS[chances.pick(REVIEWS.length, `${rig} ${chances.round}`)]!;
    }
    for (const [rig, repository] of this.world.repositories) {
      this.world.providerOf(rig).interfere(this.world.now);
      if (chances.happens('changes land in another way', 0.002, rig))
        repository.strategy = STRATEGIES[chances.pick(STRATEGIES.length, `${rig} ${chances.round}`)]!;
      if (chances.happens('other gate runs are allowed', 0.003, rig))
        repository.gateRuns = 1 + chances.pick(4, `gate runs of ${rig} ${chances.round}`);
      for (const [name, { bead }] of repository.worktrees)
        if (chances.happens('work is landed directly', 0.002, bead))
          this.landDirectly(life, `${rig}/polecats/${name}`, bead);
    }
    if (chances.happens('a convoy is paused', 0.003)) this.pause(life, convoy);
    if (chances.happens('a convoy is closed by hand', 0.002)) this.closeConvoy(life, convoy);
    for (const bead of life.work('open', 'hooked', 'in_progress', 'in_review', 'failed'))
      if (chances.happens('a bead is closed by hand', 0.0008, bead.id)) this.closeBead(life, bead);
    for (const request of life.beads.list('merge_request', 'open'))
      if (chances.happens('a change is moved in the queue', 0.004, mergeOf(request)?.source)) this.move(life, request);
    if (chances.happens('a bead is added late', 0.006)) this.addLate(life, convoy);
    if (life.hasMayor && chances.happens('the Mayor is asked for something', 0.005))
      this.ask(life, `request ${chances.round}`);
    for (const request of life.beads.list('merge_request', 'open'))
      if (chances.happens('a merge request is closed by hand', 0.01, mergeOf(request)?.source))
        this.write(life, 'closed by hand', (tx) => tx.close(request.id, 'by hand', { force: true }));
    for (const bead of life.work('hooked', 'in_progress')) {
      const step = openStepsOf(graphOf(life.store), bead)?.open.find(({ is_current }) => is_current)?.issue;
      if (step && chances.happens('a step is closed by hand', 0.01, bead.id))
        this.write(life, 'a step is closed by hand', (tx) => tx.close(step.id, 'by hand', { force: true }));
    }
  }

  /** `gt up`: it lets go on what was stopped. */
  private switchOn(life: Life): void {
    this.world.up = true;
    this.release(life);
  }

  private release(life: Life): void {
    void life.tolerate('what was stopped goes on', RACES, async () => {
      await releaseHeld(life.context, 'ann');
      if (life.hasMayor && this.world.chances.chance(0.2)) await releaseMayor(life.store, 'ann');
    });
  }

  /** A person looks at whatever lies there, asked or not. */
  private review(life: Life): void {
    const request = life.beads
      .list('merge_request', 'open')
      .find((candidate) => mergeOf(candidate)?.review?.state === 'waiting');
    if (request) void judge(life, request, ann);
  }

  private launch(life: Life, convoy: Bead): void {
    this.write(life, 'a plan is launched', (tx) => {
      const current = tx.require(convoy.id);
      if (current.status !== 'staged_ready') return;
      const launched_at = new Date(this.world.now).toISOString();
      tx.update(convoy.id, { status: 'open', metadata: withConvoy(current, { launched_at }) });
    });
  }

  private addLate(life: Life, convoy: string): void {
    const { chances } = this.world;
    const rigs = [...this.world.repositories.keys()];
    const title = `late${chances.round}`;
    const rig = rigs[chances.pick(rigs.length, title)]!;
    const bead = { id: `${rig}-${title}`, title, type: 'task', priority: chances.pick(5, title) };
    this.write(life, 'a bead is added', (tx) => {
      if (tx.get(convoy)?.status === 'open') tx.addDependency(convoy, tx.create(rig, bead).id, 'tracks');
    });
  }

  private slingAgain(life: Life, bead: Bead): void {
    if (bead.status === 'failed') this.world.begunAnew.add(bead.id);
    const rig = this.world.repositoryOf(bead.id).rig;
    const agent = bead.status === 'failed' && this.world.chances.chance(0.2) ? 'furiosa' : undefined;
    void life.tolerate('slung again', RACES, () => sling(life.store, ann, { beads: [bead.id], rig, agent }));
  }

  /** `gt session restart`, of an agent that does not go on by itself. */
  private restartSession(escalation: Bead): void {
    const { agent } = (escalation.metadata as { escalation: { agent?: string } }).escalation;
    for (const session of this.world.live)
      if (session.agent === agent && this.world.stalled.has(session.id)) session.exit = { kind: 'killed', code: null };
  }

  private landDirectly(life: Life, agent: string, bead: string): void {
    this.world.landedDirectly.add(bead);
    void life.landDirectly(agent, this.world.chances.chance(0.5));
  }

  private pause(life: Life, convoy: string): void {
    this.write(life, 'a convoy is paused', (tx) => {
      const current = tx.get(convoy);
      if (current?.status !== 'open') return;
      tx.update(convoy, { metadata: withConvoy(current, { paused: { by: 'ann', at: tx.now.toISOString() } }) });
    });
  }

  private resume(life: Life, convoy: string): void {
    this.write(life, 'a convoy goes on', (tx) => {
      const current = tx.require(convoy);
      tx.update(convoy, { metadata: withConvoy(current, { paused: undefined }) });
    });
  }

  private closeConvoy(life: Life, convoy: string): void {
    this.world.closedConvoys = true;
    const town = { store: life.store } as ConvoyTown;
    void life.tolerate('a convoy is closed', UserError, () => closeConvoy(town, ann, convoy, 'not now'));
  }

  /** `gt convoy add` reopens it. */
  private reopen(life: Life, convoy: Bead): void {
    const beads = trackedIds(convoy).filter((id) => !isClosed(life.store.get(id)?.status ?? 'closed'));
    const town = { store: life.store } as ConvoyTown;
    void life.tolerate('a convoy is reopened', UserError, () => addToConvoy(town, ann, convoy.id, beads));
  }

  private closeBead(life: Life, bead: Bead): void {
    this.world.closedByHand.add(bead.id);
    this.write(life, 'a bead is closed', (tx) => tx.close(bead.id, 'not needed', { force: true }));
  }

  /** `gt mq reorder` */
  private move(life: Life, request: Bead): void {
    const sources: QueueSources = {
      store: life.store,
      now: new Date(this.world.now),
      reviewSetting: (rig) => this.world.repositories.get(rig)!.review,
      targetBranch: () => 'main',
      filesOf: () => undefined,
    };
    const place = this.world.chances.chance(0.5) ? 'first' : 'last';
    void life.tolerate('a change is moved', UserError, () =>
      reorder(life.context, ann, sources, { id: request.id, place }),
    );
  }

  /** `gt mq retry` */
  private retry(life: Life, request: Bead): void {
    void life.tolerate('a merge is retried', UserError, () => retryMerge(life.context, ann, request.id));
  }

  private ask(life: Life, title: string): void {
    this.write(life, 'a request', (tx) => ask(tx, 'ann', 'do something', title));
  }

  private write(life: Life, what: string, work: Parameters<Life['store']['batch']>[1]): void {
    void life.tolerate(what, RACES, () => life.store.batch(ann, work));
  }
}

/** Convoys that a person has closed before their work was done. */
export function unfinished(life: Life): Bead[] {
  return life.beads
    .list('convoy', 'closed')
    .filter(
      (convoy) =>
        convoyOf(convoy).cancelled !== undefined &&
        trackedIds(convoy).some((id) => !isClosed(life.store.get(id)?.status ?? 'closed')),
    );
}

/** Who looks at changes. */
export const REVIEWS: readonly ReviewSetting[] = [
  'script',
  'agent',
  'person',
  { reviewers: ['script', 'agent'], needed: 'all' },
  { reviewers: ['agent', 'script', 'person'], needed: 'any' },
];
