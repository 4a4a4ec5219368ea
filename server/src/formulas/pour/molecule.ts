import {
  descendantsOf,
  edgesTo,
  isBlocked,
  isFinished,
  openBlockers,
  parentsOf,
  waitsFor,
  type Graph,
} from '../../beads/index/blocking';
import { above, attachedTo, MOLECULE, moleculeAbove } from '../../beads/model/molecule';
import type { BeadStore, Transaction } from '../../beads/store';
import { compareTimes } from '../../beads/model/time';
import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import type { ContinueResult, MoleculeInfo, MoleculeStep, StepState } from '../../protocol/formula';
import { topologicalOrder } from '../../base/graph';
import { originOf, stepNameOf } from './pour';

const IN_WORK = new Set(['in_progress', 'hooked']);

/** The store as a graph, for the rules about dependencies. */
export function graphOf(store: BeadStore): Graph {
  return {
    get: (id) => store.get(id),
    knows: (id) => store.ledgerOf(id) !== undefined,
    waitsForExternal: (reference) => store.externals.blocks(reference),
    dependents: (id) => store.dependents(id).flatMap((bead) => edgesTo(bead, id).map((edge) => ({ bead, edge }))),
  };
}

/**
 * The molecule that a bead is or belongs to. An epic with children counts too, for users who go through it step by
 * step.
 */
export function moleculeOf(graph: Pick<Graph, 'get'>, bead: Bead): Bead | undefined {
  if (bead.issue_type === MOLECULE) return bead;
  const top = above(graph, bead).at(-1);
  return moleculeAbove(graph, bead) ?? (top && (top.issue_type === 'epic' || top.ephemeral) ? top : undefined);
}

/** The parts of a molecule, looked up once. Takes time proportional to its parts and their dependencies. */
class MoleculeParts {
  private readonly parts: Map<string, Bead>;
  private readonly children = new Map<string, string[]>();
  private readonly waiting = new Map<string, boolean>();

  constructor(
    private readonly graph: Graph,
    private readonly root: Bead,
  ) {
    const parts = descendantsOf(graph, root.id).filter((bead) => bead.status !== 'tombstone');
    this.parts = new Map(parts.sort(byPlace(root.id)).map((bead) => [bead.id, bead]));
    for (const bead of parts) {
      for (const parent of parentsOf(bead)) {
        const siblings = this.children.get(parent);
        if (siblings) siblings.push(bead.id);
        else this.children.set(parent, [bead.id]);
      }
    }
  }

  /**
   * The steps that an agent or a person does, in an order that respects their needs: no containers, which close with
   * their last part, and no gates.
   */
  steps(): Bead[] {
    // Each part is two nodes: its start, which waits for what it and its parents need, and its end, which waits for its
    // parts.
    const start = (id: string): string => `start of ${id}`;
    const ids = [...this.parts.keys()];
    const needs = new Map<string, readonly string[]>();
    for (const [id, bead] of this.parts) {
      needs.set(id, [start(id), ...(this.children.get(id) ?? [])]);
      needs.set(start(id), [...targetsOf(bead), ...parentsOf(bead).map(start)]);
    }
    return topologicalOrder([...ids, ...ids.map(start)], (id) => needs.get(id) ?? []).flatMap((id) => {
      const bead = this.parts.get(id);
      return bead && bead.issue_type !== 'gate' && !this.children.has(id) ? [bead] : [];
    });
  }

  stateOf(bead: Bead): StepState {
    if (isFinished(bead)) return 'done';
    if (IN_WORK.has(bead.status)) return 'current';
    if (bead.status !== 'open') return 'blocked';
    return this.isWaiting(bead) ? 'pending' : 'ready';
  }

  /** Whether a part, or one of its ancestors, is blocked. */
  private isWaiting(bead: Bead): boolean {
    const known = this.waiting.get(bead.id);
    if (known !== undefined) return known;
    this.waiting.set(bead.id, false); // breaks cycles of parents
    const isWaiting =
      bead.id === this.root.id
        ? isBlocked(this.graph, bead)
        : openBlockers(this.graph, bead).length > 0 ||
          parentsOf(bead).some((id) => {
            const parent = id === this.root.id ? this.root : this.parts.get(id);
            return parent !== undefined && !isFinished(parent) && this.isWaiting(parent);
          });
    this.waiting.set(bead.id, isWaiting);
    return isWaiting;
  }
}

/** The beads that a bead itself waits for. */
function targetsOf(bead: Bead): string[] {
  return (bead.dependencies ?? []).flatMap((edge) => {
    if (edge.type === 'blocks' || edge.type === 'conditional-blocks') return [edge.depends_on_id];
    return edge.type === 'waits-for' ? [waitsFor(edge).spawner] : [];
  });
}

/** Compares steps in formula order, by the numbers in their ids; by age if the ids have no numbers. */
export function byPlace(root: string): (a: Bead, b: Bead) => number {
  const number = (bead: Bead): number =>
    bead.id.startsWith(`${root}.`) ? Number(/^\d+$/.exec(bead.id.slice(root.length + 1))?.[0] ?? Infinity) : Infinity;
  return (a, b) => {
    const [left, right] = [number(a), number(b)];
    if (left !== right) return left - right;
    return compareTimes(a.created_at, b.created_at) || (a.id < b.id ? -1 : 1);
  };
}

/** The state of a molecule and of its steps. */
export function inspectMolecule(graph: Graph, root: Bead): MoleculeInfo {
  const parts = new MoleculeParts(graph, root);
  const beads = parts.steps();
  const states = beads.map((issue) => parts.stateOf(issue));
  const first = (state: StepState): number => states.indexOf(state);
  // The current step is the one in progress, else the next that is ready.
  const current = first('current') >= 0 ? first('current') : isFinished(root) ? -1 : first('ready');
  const steps = beads.map(
    (issue, index): MoleculeStep => ({
      issue,
      step: stepNameOf(issue),
      status: states[index]!,
      is_current: index === current,
    }),
  );
  const next = steps.find((step, index) => step.status === 'ready' && index !== current);
  const completed = states.filter((state) => state === 'done').length;
  const closed = beads
    .map((bead) => bead.closed_at)
    .filter((time) => time !== undefined)
    .sort(compareTimes);
  const attached = attachedTo(root);
  return {
    molecule_id: root.id,
    molecule_title: root.title,
    status: root.status,
    formula: originOf(root).name,
    ...(root.assignee ? { assignee: root.assignee } : {}),
    ...(attached === undefined ? {} : { attached_to: attached }),
    ...(current >= 0 ? { current_step: beads[current]!, current_step_id: beads[current]!.id } : {}),
    ...(next ? { next_step: next.issue } : {}),
    steps,
    completed,
    total: beads.length,
    in_progress: states.filter((state) => state === 'current').length,
    percent: beads.length === 0 ? 100 : Math.floor((completed * 100) / beads.length),
    ...(closed.length > 0 ? { first_closed: closed[0]!, last_closed: closed.at(-1)! } : {}),
  };
}

/** The molecule with this id, or the one to which a step with this id belongs. @throws UserError if there is none */
export function requireMolecule(store: BeadStore, id: string): Bead {
  const bead = store.get(id);
  const root = bead && (moleculeOf(store, bead) ?? (bead.issue_type === 'epic' ? bead : undefined));
  if (!root)
    throw new UserError(
      `${id} is neither a molecule nor a step of one`,
      'pour one with "bd mol pour <formula>"',
      'not-found',
    );
  return root;
}

export interface CloseStepOptions {
  reason: string;
  force: boolean;
  /** Whether to start the next step at once. */
  auto: boolean;
  actor: string;
}

/** Closes a step and starts the next one that is ready; the molecule closes with its last step. */
export function closeStep(tx: Transaction, id: string, options: CloseStepOptions): ContinueResult {
  const closed = tx.close(id, options.reason, { force: options.force });
  const root = moleculeOf(tx.view, closed);
  const result: ContinueResult['continue'] = {
    closed_step: tx.require(id),
    auto_advanced: false,
    molecule_complete: false,
  };
  if (root) {
    const now = inspectMolecule(tx.view, tx.require(root.id));
    result.molecule_id = root.id;
    result.molecule_complete = now.status === 'closed' || now.completed === now.total;
    // A step that is already in progress, else the first that is ready.
    const next = result.molecule_complete ? undefined : now.current_step;
    if (next) {
      result.auto_advanced = options.auto && next.status === 'open';
      result.next_step = result.auto_advanced ? begin(tx, next, options.actor) : next;
    }
  }
  return { closed: [tx.require(id)], continue: result };
}

function begin(tx: Transaction, step: Bead, actor: string): Bead {
  return tx.update(step.id, { status: 'in_progress', assignee: step.assignee || actor });
}

/** Starts the current step for an agent. A step that is in progress already gets the agent as its assignee. */
export function beginCurrent(tx: Transaction, root: Bead, actor: string): void {
  const { current_step: step } = inspectMolecule(tx.view, root);
  if (step && !(IN_WORK.has(step.status) && step.assignee === actor))
    tx.update(step.id, { status: 'in_progress', assignee: actor });
}

/** Reopens all steps, for work that starts over. The events keep the history. */
export function restartMolecule(tx: Transaction, root: Bead): void {
  for (const bead of [root, ...descendantsOf(tx.view, root.id)]) {
    if (bead.status === 'tombstone' || (bead.status === 'open' && !bead.assignee)) continue;
    tx.update(bead.id, { status: 'open', assignee: undefined, defer_until: undefined });
  }
}
