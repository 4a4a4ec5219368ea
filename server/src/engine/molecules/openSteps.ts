import { descendantsOf, isFinished, type Graph } from '../../beads/index/blocking';
import { UserError } from '../../base/errors';
import { inspectMolecule } from '../../formulas/pour/molecule';
import type { Bead } from '../../protocol/bead';
import type { MoleculeStep } from '../../protocol/formula';
import { actors } from '../loop/context';
import { moleculeOfBead } from './molecules';

/** The open part of a bead's molecule. */
export interface OpenSteps {
  open: readonly MoleculeStep[];
  /** Gates that are still closed. */
  gates: readonly Bead[];
  /** Whether a step is ready or in progress. */
  canGoOn: boolean;
  /** Changes whenever a step is closed or becomes ready. */
  mark: string;
}

/** Maximum number of steps that a message names. */
const NAMED = 5;

/** @returns undefined if the bead has no molecule, or all its steps are done */
export function openStepsOf(graph: Graph, bead: Bead): OpenSteps | undefined {
  const root = moleculeOfBead(graph, bead);
  if (!root || isFinished(root)) return undefined;
  const { steps } = inspectMolecule(graph, root);
  const open = steps.filter(({ status }) => status !== 'done');
  const gates = descendantsOf(graph, root.id).filter((part) => part.issue_type === 'gate' && !isFinished(part));
  if (open.length === 0 && gates.length === 0) return undefined;
  return {
    open,
    gates,
    canGoOn: open.some(({ status }) => status === 'ready' || status === 'current'),
    mark: open.map(({ issue, status }) => `${issue.id}:${status === 'current' ? 'ready' : status}`).join(' '),
  };
}

/**
 * Whether the molecule of a bead has since been changed by others than the agent: a step was closed, reopened, added or
 * edited, or a gate opened.
 * @param since milliseconds since 1970
 */
export function hasChangedSince(graph: Graph, bead: Bead, { agent, since }: { agent: string; since: number }): boolean {
  const root = moleculeOfBead(graph, bead);
  return root !== undefined && descendantsOf(graph, root.id).some((part) => isChangedByOther(part, agent, since));
}

function isChangedByOther(part: Bead, agent: string, since: number): boolean {
  const by = part.updated_by ?? part.created_by ?? '';
  if (by === agent || !(Date.parse(part.updated_at) >= since)) return false;
  // The engine opens gates; on an open step it only records the agent's progress.
  return isFinished(part) || !isRule(by);
}

function isRule(actor: string): boolean {
  return actor === actors.engine || /^[^/]+\/(?:witness|refinery)$/.test(actor);
}

/** Whether only the last step is left, which is submitting. */
export function isLastStep({ open, gates }: OpenSteps): boolean {
  return gates.length === 0 && open.length === 1 && open[0]?.status === 'current';
}

/**
 * Describes the open steps for people and agents, such as `2 steps are open: test, deploy; closed gate: toy-mol-1.3`.
 */
export function describeOpenSteps({ open, gates }: OpenSteps): string {
  const parts: string[] = [];
  if (open.length > 0)
    parts.push(
      `${open.length === 1 ? '1 step is' : `${open.length} steps are`} open: ${named(open.map(({ step }) => step))}`,
    );
  if (gates.length > 0)
    parts.push(`${gates.length === 1 ? 'closed gate' : 'closed gates'}: ${named(gates.map((gate) => gate.id))}`);
  return parts.join('; ');
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${shown} and ${names.length - NAMED} more` : shown;
}

/**
 * Refuses to submit a bead until the steps of its molecule are done.
 * @throws UserError `refused` that names the open steps
 */
export function refuseOpenSteps(graph: Graph, bead: Bead): void {
  const steps = openStepsOf(graph, bead);
  if (!steps || isLastStep(steps)) return;
  throw new UserError(
    `${bead.id} is not done: ${describeOpenSteps(steps)}`,
    steps.canGoOn
      ? 'do the next step and close it with "bd close <step> --continue"; "bd mol current" shows it'
      : 'end this session with "gt done --status deferred -m <what is left>"; another one starts when the gate opens',
    'refused',
  );
}
