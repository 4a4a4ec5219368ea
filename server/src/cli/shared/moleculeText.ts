import type { ContinueResult, MoleculeInfo, StepState } from '../../protocol/formula';
import { oneLine, printable, type Colour, type Paint } from './output';

/** Molecules for people, as `bd mol` and `gt mol` print them. */

const marks: Readonly<Record<StepState, [mark: string, colour: Colour]>> = {
  done: ['✓', 'green'],
  current: ['▶', 'yellow'],
  ready: ['○', 'bold'],
  pending: ['·', 'dim'],
  blocked: ['●', 'red'],
};
/** Of longer ones only what is near the current step is shown. */
const MAX_STEPS = 100;
const NEAR = 5;

export function moleculeLines(molecule: MoleculeInfo, paint: Paint): string[] {
  const { steps } = molecule;
  const current = Math.max(
    0,
    steps.findIndex((step) => step.is_current),
  );
  const isShown = (index: number): boolean => steps.length <= MAX_STEPS || Math.abs(index - current) <= NEAR;
  const lines = [progressLine(molecule, paint)];
  for (const [index, step] of steps.entries()) {
    if (!isShown(index)) continue;
    const [mark, colour] = marks[step.status];
    const who =
      step.issue.assignee && step.status === 'current' ? paint('cyan', ` @${oneLine(step.issue.assignee)}`) : '';
    lines.push(
      `  ${paint(colour, mark)} ${index + 1}. ${paint('bold', oneLine(step.step))} ${oneLine(step.issue.title)} ${paint('dim', `[${oneLine(step.issue.id)}]`)}${who}`,
    );
  }
  if (steps.length > MAX_STEPS)
    lines.push(paint('dim', `  (${steps.length} steps; those around the current one are shown)`));
  const step = molecule.current_step;
  if (step?.description)
    lines.push(
      '',
      ...printable(step.description)
        .trimEnd()
        .split('\n')
        .map((line) => `    ${line}`),
    );
  if (step) lines.push('', `When it is done: bd close ${step.id} --continue`);
  return lines;
}

export function progressLine(molecule: MoleculeInfo, paint: Paint): string {
  const attached = molecule.attached_to === undefined ? '' : ` for ${oneLine(molecule.attached_to)}`;
  const closed = molecule.status === 'closed' ? paint('green', ' (closed)') : '';
  return `${paint('bold', oneLine(molecule.molecule_id))} ${oneLine(molecule.molecule_title)}${attached}: ${molecule.completed}/${molecule.total} (${molecule.percent} %)${closed}`;
}

/** What a step's end led to. */
export function continueLines(result: ContinueResult, paint: Paint): string[] {
  const {
    closed_step: closed,
    next_step: next,
    auto_advanced: begun,
    molecule_complete: complete,
    molecule_id: molecule,
  } = result.continue;
  const lines = [`${paint('green', '✓')} Closed ${closed.id}: ${oneLine(closed.close_reason ?? '')}`];
  if (complete) return [...lines, `${paint('green', '✓')} Molecule ${molecule} complete! All steps closed.`];
  if (molecule === undefined)
    return [...lines, `${closed.id} is no step of a molecule: there is nothing to go on with.`];
  if (!next) return [...lines, 'No ready steps in molecule (may be blocked).'];
  lines.push('', 'Next ready in molecule:', `  ${paint('bold', next.id)}: ${oneLine(next.title)}`);
  lines.push(
    begun
      ? '→ Marked in_progress (use --no-auto to skip)'
      : next.status === 'open'
        ? `Start with: bd update ${next.id} --claim`
        : '→ It is in progress already',
  );
  if (next.description)
    lines.push(
      '',
      ...printable(next.description)
        .trimEnd()
        .split('\n')
        .map((line) => `    ${line}`),
    );
  return [...lines, '', `When it is done: bd close ${next.id} --continue`];
}
