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
import { workOf } from '../state/work';

/**
 * A bead may have a molecule that says how to do it, named in its own metadata. Its steps are the agent's bookkeeping:
 * they are never slung. What was closed stays closed through crashes, and through attempts that are sent back; work
 * that starts over in a fresh worktree starts its molecule over too.
 */
export interface SlungFormula {
  name: string;
  /** Asks elsewhere than in the thread of the engine. @throws UserError with what is wrong with the formula */
  cook(bead: Bead): Promise<Proto>;
}

type Reader = { get(id: string): Bead | undefined };

export function isStep(reader: Reader, bead: Bead): boolean {
  return moleculeAbove(reader, bead) !== undefined;
}

/** Steps are done by whoever has the bead that their molecule belongs to. */
export function refuseStep(reader: Reader, bead: Bead): void {
  const molecule = moleculeAbove(reader, bead);
  if (molecule)
    throw new UserError(
      `${bead.id} is a step of ${molecule.id}`,
      'a step is not slung on its own; sling the bead that the molecule is attached to',
      'refused',
    );
}

/** The molecule of a bead, as long as it is there. */
export function moleculeOfBead(reader: Reader, bead: Bead): Bead | undefined {
  const { molecule } = workOf(bead);
  const root = molecule === undefined ? undefined : reader.get(molecule);
  return root?.issue_type === MOLECULE ? root : undefined;
}

/** Pours what was cooked for a bead; the molecule that it had before is over. @returns the new one's id */
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

/** Before a bead goes to a fresh worktree: nothing of what an earlier agent has done is there. */
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

/** The agent is at the step that is next: so windows show it, and `gt prime` after a crash. */
export function beginStep(tx: Transaction, bead: Bead, agent: string): void {
  const root = moleculeOfBead(tx, bead);
  if (root && !isFinished(root)) beginCurrent(tx, root, agent);
}

/** The last step is about submitting: it needs no close of its own. */
export function finishLastStep(tx: Transaction, bead: Bead): void {
  const root = moleculeOfBead(tx, bead);
  if (!root || isFinished(root)) return;
  const open = inspectMolecule(tx.view, root).steps.filter((step) => step.status !== 'done');
  const [last] = open;
  if (open.length === 1 && last?.status === 'current') tx.close(last.issue.id, 'submitted with gt done');
}

/** How far a bead's molecule has come; empty where it has none. */
export function stepMark(store: BeadStore, id: string): string {
  const bead = store.get(id);
  const root = bead && moleculeOfBead(store, bead);
  return root ? ` ${root.id}:${inspectMolecule(graphOf(store), root).completed}` : '';
}

/** What the `script` runtime runs: blocks one after another, or those of the steps as each step becomes ready. */
export interface Script {
  blocks: string[];
  /** How many of the blocks belong to which step, in the same order; undefined where they are the bead's own. */
  steps?: { step: string; blocks: number }[];
}

/**
 * What the `script` runtime runs for a bead: its own blocks, else those of its molecule's steps.
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

/** Where a bead is while it is in work. */
export function stepOf(store: BeadStore, bead: Bead): StepInfo | undefined {
  const root = isHooked(bead) ? moleculeOfBead(store, bead) : undefined;
  if (!root) return undefined;
  const { steps, total } = inspectMolecule(graphOf(store), root);
  const index = steps.findIndex((step) => step.is_current);
  const step = steps[index];
  return step && { id: step.step, title: step.issue.title, index: index + 1, total };
}
