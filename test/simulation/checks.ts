import { actionKey, type Action } from '../../server/src/engine/loop/action';
import { featureOf } from '../../server/src/engine/convoys/feature';
import type { Bead } from '../../server/src/protocol/bead';
import { NOTHING_LEFT } from '../../server/src/engine/mergeQueue/finishMerge';
import { isHooked, type TownView } from '../../server/src/engine/state/townView';
import { convoyOf, mergeOf, workOf } from '../../server/src/engine/state/work';
import type { Life } from './life';
import { MAX_WORKERS, type World } from './world';

/** An invariant does not hold. */
export class Broken extends Error {
  constructor(
    readonly rule: string,
    detail: string,
  ) {
    super(`broken: ${rule}\n${detail}`);
  }
}

function hold(condition: boolean, rule: string, detail: () => string): void {
  if (!condition) throw new Broken(rule, detail());
}

/** Actions that run an agent, or commands of the rig. */
const BEGINS = new Set<Action['type']>(['hook', 'start-session', 'review-by-script', 'review-by-agent', 'merge']);

/** What an action is decided on, at the very moment at which it is. */
export function checkDecision(world: World, view: TownView, action: Action): void {
  if (BEGINS.has(action.type) && 'rig' in action && !world.approvals.has(action.rig))
    world.violate('nothing begins in a rig whose commands wait for approval', actionKey(action));
  if (action.type !== 'hook') return;
  const hooked = view.work.filter((work) => work.rig === action.rig && isHooked(work) && !work.held);
  if (hooked.length >= MAX_WORKERS[action.rig]!)
    world.violate('no more beads are hooked than there are workers', hooked.map((work) => work.id).join(' '));
}

/** What must hold at every moment. */
export class Checks {
  /** What the beads and the targets were when they were last checked. */
  private checked = '';

  constructor(private readonly world: World) {}

  check(life: Life, crashes: number): void {
    const [violation] = this.world.violations;
    if (violation) throw new Broken(violation.rule, violation.detail);
    this.checkSessions();
    let state = `${crashes} ${life.store.revision}`;
    for (const { landing, features } of this.world.repositories.values())
      state += ` ${landing} ${[...features.values()].join(' ')}`;
    if (state === this.checked) return;
    this.checked = state;
    this.checkHooks(life);
    this.checkMerges(life);
    this.checkConvoys(life);
    this.checkFailures(life);
    this.checkInnocents(life);
  }

  /** Work goes back for a gate only where a change of it makes that fail, or the target that it merges does. */
  private checkInnocents(life: Life): void {
    for (const bead of life.work('hooked', 'in_progress', 'in_review', 'failed'))
      if (/^(lint|test): /.test(workOf(bead).problem ?? '') && workOf(bead).mergesTarget === undefined)
        hold(
          this.world.repositoryOf(bead.id).everBroken.has(bead.id),
          'no innocent change is rejected',
          () => `${bead.id}: ${workOf(bead).problem}`,
        );
  }

  private checkSessions(): void {
    const counts = new Map<string, number>();
    for (const { role, rig } of this.world.live) {
      const kind = rig === undefined ? role : `${role} of ${rig}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    for (const rig of this.world.repositories.keys())
      hold((counts.get(`polecat of ${rig}`) ?? 0) <= MAX_WORKERS[rig]!, 'max_workers', () => `live in ${rig}`);
    for (const [kind, count] of counts)
      hold(count <= 1 || kind.startsWith('polecat'), 'one reviewer a rig and one Mayor', () => `${count} ${kind}`);
    for (const [request, count] of this.world.answers) hold(count <= 1, 'a request is answered once', () => request);
  }

  private checkHooks(life: Life): void {
    const hooks = life.work('hooked', 'in_progress').map((bead) => bead.assignee);
    hold(new Set(hooks).size === hooks.length, 'an agent has one hooked bead', () => hooks.join(' '));
  }

  private checkMerges(life: Life): void {
    for (const { rig, landedWork } of this.world.repositories.values()) {
      const work = landedWork.filter((bead) => bead.startsWith(`${rig}-`));
      hold(new Set(work).size === work.length, 'nothing is merged twice', () => work.join(' '));
    }
    for (const bead of life.work('closed')) {
      if (this.world.closedByHand.has(bead.id)) continue;
      const { landed, collected, collectedWork } = this.world.repositoryOf(bead.id);
      const merged = workOf(bead).merged;
      // Work of a convoy that was closed may land by itself, and is found there when the convoy is opened again.
      const isFound = this.world.closedConvoys && bead.close_reason === `No change: ${NOTHING_LEFT}`;
      const isRecorded = isFound || (merged !== undefined && (landed.has(merged) || collected.has(merged)));
      const isIn = collectedWork.includes(bead.id);
      hold(
        isIn ? isRecorded : this.world.unchanged.has(bead.id),
        'a closed bead has landed, and says where',
        () => `${bead.id}: landed ${isIn}, merged as ${merged}`,
      );
    }
  }

  private checkConvoys(life: Life): void {
    for (const convoy of life.beads.list('convoy', 'closed').filter((each) => convoyOf(each).cancelled === undefined))
      for (const { depends_on_id: id } of convoy.dependencies ?? []) {
        hold(
          life.store.get(id)?.status === 'closed',
          'a convoy lands when all that it tracks is closed',
          () => `${convoy.id}: ${id}`,
        );
        hold(
          this.world.unchanged.has(id) || this.world.closedByHand.has(id) || this.isOn(convoy, id),
          'all of a convoy that has landed is on the target',
          () => `${convoy.id}: ${id}`,
        );
      }
    this.checkLandings(life);
  }

  /** A bead of two convoys lands on the feature branch of one. */
  private isOn(convoy: Bead, bead: string): boolean {
    const { landedWork, collectedWork } = this.world.repositoryOf(bead);
    return (featureOf(convoy) ? landedWork : collectedWork).includes(bead);
  }

  /** A feature branch lands in each rig by one merge; another one brings what was added to the convoy since. */
  private checkLandings(life: Life): void {
    const landed = life.beads
      .list('merge_request', 'closed')
      .map((request) => mergeOf(request))
      .filter((request) => request?.landing && request.ending === 'merged')
      .map((request) => `${request!.source} in ${request!.rig} from ${request!.commit}`);
    hold(new Set(landed).size === landed.length, 'a feature branch lands once', () => landed.join(', '));
  }

  private checkFailures(life: Life): void {
    const failed = life.work('failed');
    if (failed.length === 0) return;
    const escalations = life.beads.list('escalation').filter((item) => item.status !== 'closed');
    const told = escalations.map((item) => JSON.stringify(item.metadata)).join('\n');
    for (const bead of failed) hold(told.includes(bead.id), 'a failure calls a person', () => bead.id);
  }
}
