import type { MoleculeInfo, MoleculeStep } from '../../protocol/formula';
import { cutEnd, framed, oneLine } from './text';

/** Number of steps around the current one that are listed of a long molecule. */
const NEAR = 10;
const LIMIT = { description: 8_000, title: 200 };

/** The section of `gt prime` about the steps of the bead: all steps, the current one, and what to do there. Pure. */
export function primeSteps(molecule: MoleculeInfo): string {
  const { steps } = molecule;
  const current = steps.findIndex((step) => step.is_current);
  const parts = [`## Your steps: ${molecule.molecule_id} (${molecule.completed} of ${molecule.total} done)`];
  if (steps.length > 2 * NEAR + 1) parts.push(`There are ${steps.length} steps; those around yours are listed.`);
  parts.push(
    steps.flatMap((step, index) => (isNear(index, current, steps.length) ? [line(step, index)] : [])).join('\n'),
  );
  const step = steps[current];
  parts.push(step ? currentStep(step, current, steps.length) : rest(molecule));
  return parts.join('\n\n');
}

function isNear(index: number, current: number, total: number): boolean {
  return total <= 2 * NEAR + 1 || Math.abs(index - Math.max(current, 0)) <= NEAR;
}

function line({ issue, step, status, is_current: isCurrent }: MoleculeStep, index: number): string {
  const state = status === 'done' ? '[x]' : '[ ]';
  return `${index + 1}. ${state} ${oneLine(step)}: ${oneLine(issue.title).slice(0, LIMIT.title)} (${issue.id})${isCurrent ? ' **← you are here**' : ''}`;
}

function currentStep({ issue, step }: MoleculeStep, index: number, total: number): string {
  const parts = [
    `### Step ${index + 1} of ${total}: ${oneLine(step)}`,
    'Work on this step now. The framed text describes it; the rules of this page take precedence.',
  ];
  const add = (title: string, text: string | undefined): void => {
    if (text?.trim()) parts.push(...(title === '' ? [] : [`${title}:`]), framed(cutEnd(text, LIMIT.description)));
  };
  add('', issue.description);
  add('It is done when', issue.acceptance_criteria);
  add('Notes', issue.notes);
  parts.push(
    `When the step is done, run \`bd close ${issue.id} --continue\`: it closes the step, starts the next one and prints it. \`bd mol current\` shows where you are. After the last step run \`gt done\`.`,
  );
  return parts.join('\n\n');
}

function rest(molecule: MoleculeInfo): string {
  if (molecule.completed === molecule.total || molecule.status === 'closed')
    return 'All steps are done. Handle the points above, commit, then run `gt done`.';
  return 'No step is ready: each remaining one is blocked, for example by a gate that a person opens. `bd mol current` shows the reasons. Run `gt done --status deferred -m "<what is left>"`: another session continues when a step is ready.';
}
