import { scriptBlocks } from '../../base/scriptBlocks';
import { isFinished } from '../../beads/index/blocking';
import { MOLECULE, moleculeAbove } from '../../beads/model/molecule';
import type { BeadStore, Transaction } from '../../beads/store';
import { UserError } from '../../base/errors';
import { cutBytes } from '../../base/text';
import type { Proto } from '../../formulas/cook/proto';
import { beginCurrent, graphOf, inspectMolecule, restartMolecule } from '../../formulas/pour/molecule';
import { pour, stepScriptOf } from '../../formulas/pour/pour';
import type { Bead } from '../../protocol/bead';
import type { StepInfo } from '../../protocol/town';
import { parseAddress } from '../../town/layout';
import { isHooked } from '../state/townView';
import { isClosed, workOf } from '../state/work';

/**
 * A bead may have a molecule with the steps of the work, named in its metadata. Steps are tracked by the agent and
 * never slung. Closed steps stay closed through crashes and rejected attempts; work that starts over in a fresh
 * worktree also starts its molecule over.
 */
export interface SlungFormula {
  name: string;
  /** Cooks in another thread than the engine's. @throws UserError with the problems of the formula */
  cook(bead: Bead): Promise<Proto>;
}

type Reader = { get(id: string): Bead | undefined };

export function isStep(reader: Reader, bead: Bead): boolean {
  return moleculeAbove(reader, bead) !== undefined;
}

/** Steps belong to the assignee of the bead that their molecule is attached to. */
export function refuseStep(reader: Reader, bead: Bead): void {
  const molecule = moleculeAbove(reader, bead);
  if (molecule)
    throw new UserError(
      `${bead.id} is a step of ${molecule.id}`,
      'a step is not slung on its own; sling the bead that the molecule is attached to',
      'refused',
    );
}

/** The molecule of a bead, if it still exists. */
export function moleculeOfBead(reader: Reader, bead: Bead): Bead | undefined {
  const { molecule } = workOf(bead);
  const root = molecule === undefined ? undefined : reader.get(molecule);
  return root?.issue_type === MOLECULE ? root : undefined;
}

/** Pours a cooked formula for a bead and closes the molecule that it had before. @returns id of the new molecule */
export function attachMolecule(tx: Transaction, bead: Bead, ledger: string, proto: Proto): string {
  const { root } = pour(tx, proto, {
    ledger,
    ephemeral: proto.phase === 'vapor',
    attachTo: bead.id,
    title: cutBytes(`${proto.formula}: ${bead.title}`, 400),
  });
  const before = moleculeOfBead(tx, bead);
  if (before && !isFinished(before)) tx.close(before.id, `replaced by ${root}`, { force: true });
  tx.event({ type: 'molecule_attached', bead: bead.id, new: root, message: proto.formula });
  return root;
}

/** Starts the molecule over before a bead gets a fresh worktree, which has no work of earlier agents. */
export function restartIfBegun(tx: Transaction, bead: Bead): void {
  const root = moleculeOfBead(tx, bead);
  if (!root) return;
  const begun =
    isFinished(root) ||
    inspectMolecule(tx.view, root).steps.some(
      ({ issue }) => issue.assignee !== undefined && parseAddress(issue.assignee),
    );
  if (!begun) return;
  restartMolecule(tx, root);
  tx.event({ type: 'molecule_restarted', bead: bead.id, new: root.id });
}

/** Marks the next step as current, for windows and for `gt prime` after a crash. */
export function beginStep(tx: Transaction, bead: Bead, agent: string): void {
  const root = moleculeOfBead(tx, bead);
  if (root && !isFinished(root)) beginCurrent(tx, root, agent);
}

/**
 * Closes the last step, which is submitting: it needs no separate close.
 * @returns what was closed, as it was before: the step, and the molecule with it
 */
export function finishLastStep(tx: Transaction, bead: Bead, reason = 'submitted with gt done'): Bead[] {
  const root = moleculeOfBead(tx, bead);
  if (!root || isFinished(root)) return [];
  const open = inspectMolecule(tx.view, root).steps.filter((step) => step.status !== 'done');
  const [last] = open;
  if (open.length !== 1 || last?.status !== 'current') return [];
  tx.close(last.issue.id, reason);
  return [root, last.issue].filter(({ id }) => isClosed(tx.get(id)?.status ?? 'open'));
}

/** Fingerprint of a molecule's progress; empty without a molecule. */
export function stepMark(store: BeadStore, id: string): string {
  const bead = store.get(id);
  const root = bead && moleculeOfBead(store, bead);
  return root ? ` ${root.id}:${inspectMolecule(graphOf(store), root).completed}` : '';
}

/** Blocks of the `script` runtime: in order, or those of each step when it becomes ready. */
export interface Script {
  blocks: string[];
  /** Number of blocks of each step, in the same order; undefined if the blocks are the bead's own. */
  steps?: { step: string; blocks: number }[];
}

/**
 * Blocks that the `script` runtime runs for a bead: its own, else those of its molecule's steps.
 * @throws UserError for a block that is not closed
 */
export function scriptOf(store: BeadStore, bead: Bead): Script {
  const own = scriptBlocks(bead.description ?? '');
  const root = own.length > 0 ? undefined : moleculeOfBead(store, bead);
  if (!root) return { blocks: own };
  const scripts = inspectMolecule(graphOf(store), root).steps.map(({ issue, step }) => ({
    step,
    texts: stepScriptOf(issue),
  }));
  if (scripts.every(({ texts }) => texts.length === 0)) return { blocks: [] };
  return {
    blocks: scripts.flatMap(({ texts }) => texts),
    steps: scripts.map(({ step, texts }) => ({ step, blocks: texts.length })),
  };
}

/** Current step of a bead in progress. */
export function stepOf(store: BeadStore, bead: Bead): StepInfo | undefined {
  const root = isHooked(bead) ? moleculeOfBead(store, bead) : undefined;
  if (!root) return undefined;
  const { steps, total } = inspectMolecule(graphOf(store), root);
  const index = steps.findIndex((step) => step.is_current);
  const step = steps[index];
  return step && { id: step.step, title: step.issue.title, index: index + 1, total };
}
