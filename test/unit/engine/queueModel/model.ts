import type { MergeMode } from '../../../../server/src/protocol/town';
import { partsMeet } from '../../../../server/src/engine/mergeQueue/lanes';
import {
  conflict,
  failingGate,
  fails,
  GATES,
  lanesSince,
  patchOf,
  treeOf,
  type Change,
  type Lanes,
  type State,
} from './change';

/** A rule of the queue does not hold. */
export class Broken extends Error {}

/** A request as the order of the queue sees it. */
export interface Waiting {
  id: string;
  order: number;
  priority: number;
  retries: number;
  createdAt: number;
  lanes: Lanes;
}

/**
 * The merge queue as simple as can be: one change after another, everything computed anew. It is told what the real one does, and
 * says whether this queue could have done the same.
 */
export class QueueModel {
  /** What can be fetched, oldest first. */
  private readonly states: State[] = [[]];
  /** Patches that a person has approved. */
  private readonly approved = new Set<string>();
  private readonly rejected = new Set<string>();
  /** Gates that have passed, by the files. */
  private readonly passed = new Set<string>();
  /** All commits that were made. */
  private readonly made: State[] = [];
  /** Requests of batches that were prepared. */
  private readonly prepared = new Set<string>();

  get target(): State {
    return this.states.at(-1)!;
  }

  approve(patch: string): void {
    this.approved.add(patch);
  }

  reject(change: Change): void {
    this.rejected.add(change.name);
  }

  commitMade(state: State): void {
    this.made.push(state);
  }

  /** What has passed is known: no gate tests it again. */
  gateStarts(tree: string, gate: string): void {
    require(!this.passed.has(`${gate} ${tree}`), 'nothing is tested twice', `${gate} on ${tree}`);
  }

  gatePassed(tree: string, gate: string): void {
    this.passed.add(`${gate} ${tree}`);
  }

  pushedFromOutside(change: Change): void {
    this.states.push([...this.target, { change, part: change.parts }]);
  }

  /**
   * The queue moves the target.
   * @param commits what it adds, oldest first
   * @param mode undefined where it was changed since this turn began
   * @param hasLanes whether a part of the repository is tested alone
   */
  landed(base: State, commits: readonly State[], mode: MergeMode | undefined, hasLanes: boolean): void {
    const tip = commits.at(-1)!;
    require(treeOf(base) === treeOf(this.target), 'a landing stands on the target', treeOf(tip));
    const tree = treeOf(tip, hasLanes ? lanesSince(base, tip) : undefined);
    for (const { name } of GATES)
      require(this.passed.has(`${name} ${tree}`), 'what lands has passed its gates', `${name} ${tree}`);
    for (const state of mode === 'each' ? commits : [tip])
      require(failingGate(state) === undefined, 'no state of the target is red', treeOf(state));
    let before = base;
    for (const state of commits.filter((candidate) => isWhole(candidate))) {
      this.landOne(before, state);
      before = state;
    }
    require(before === tip, 'changes land as a whole', treeOf(tip));
    this.states.push(tip);
  }

  private landOne(before: State, after: State): void {
    const { change } = after.at(-1)!;
    require(treeOf(after.slice(0, -1)) === treeOf(before), 'commits add one change after another', treeOf(after));
    require(!before.some(({ change: { bead } }) => bead === change.bead), 'nothing lands twice', change.name);
    require(!before.some((part) => conflict(part.change, change)), 'what conflicts does not land', change.name);
    const patch = patchOf(change, before);
    require(this.approved.has(patch), 'what lands was approved', patch);
    require(!this.rejected.has(change.name), 'what was rejected does not land', change.name);
  }

  /** Work goes back to its author. */
  sentBack(change: Change, problem: string): void {
    const gate = GATES.find(({ name }) => problem.startsWith(`${name}: `))?.name;
    if (gate !== undefined)
      require(this.breaks(change, gate), 'no innocent change is sent back', `${change.name}: ${problem}`);
    else if (problem.startsWith('conflicts with the target'))
      require(this.target.some((part) =>
        conflict(part.change, change),
      ), 'only what conflicts goes back for it', change.name);
    else require(this.rejected.has(change.name), 'work goes back for a reason', `${change.name}: ${problem}`);
  }

  /** Whether a gate passes on some files without it, and fails with it. */
  private breaks(change: Change, gate: string): boolean {
    return this.made.some(
      (state) => state.at(-1)?.change === change && fails(state, gate) && !fails(state.slice(0, -1), gate),
    );
  }

  /**
   * @param ids requests of the batch
   * @param lanes parts that it changes
   * @param waiting all requests that could be merged now
   */
  batchBegins(ids: readonly string[], lanes: Lanes, waiting: readonly Waiting[], maxBatch: number): void {
    require(ids.length <= maxBatch, 'a batch is no larger than may be', ids.join(' '));
    if (ids.every((id) => this.prepared.has(id))) return;
    const inOrder = waiting
      .filter((each) => partsMeet(each.lanes, lanes))
      .sort(byTurn)
      .map(({ id }) => id);
    const first = inOrder.slice(0, ids.length).join(' ');
    require(first === ids.join(' '), 'the first of the queue come first', `${ids.join(' ')} before ${first}`);
  }

  batchPrepared(ids: readonly string[]): void {
    for (const id of ids) this.prepared.add(id);
  }

  /** A bead is closed. @param saysWhere whether it names the commit by which it has landed */
  ended(bead: string, saysWhere: boolean): void {
    require(saysWhere, 'a closed bead names its commit', bead);
    require(this.target.some(({ change }) => change.bead === bead), 'a closed bead has landed', bead);
  }
}

function byTurn(a: Waiting, b: Waiting): number {
  const lost = (waiting: Waiting): number => 100 * waiting.priority + 50 * Math.min(6, waiting.retries);
  return a.order - b.order || lost(a) - lost(b) || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

/** A commit with the last part of its change. */
function isWhole(state: State): boolean {
  const last = state.at(-1);
  return last !== undefined && last.part === last.change.parts;
}

function require(condition: boolean, rule: string, detail: string): void {
  if (!condition) throw new Broken(`${rule}: ${detail}`);
}
