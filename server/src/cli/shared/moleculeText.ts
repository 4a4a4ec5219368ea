import type { ContinueResult, MoleculeInfo, StepState } from '../../protocol/formula';
import { indent, oneLine, printable, type Colour, type Paint } from './output';

/** Molecules as lines for people, for `bd mol` and `gt mol`. */

const marks: Readonly<Record<StepState, [mark: string, colour: Colour]>> = {
  done: ['✓', 'green'],
  current: ['▶', 'yellow'],
  ready: ['○', 'bold'],
  pending: ['·', 'dim'],
  blocked: ['●', 'red'],
};
/** Maximum number of steps; of longer molecules only those around the current step are shown. */
const MAX_STEPS = 100;
const STEPS_AROUND_CURRENT = 5;

export function moleculeLines(molecule: MoleculeInfo, paint: Paint): string[] {
  const { steps, current_step: step } = molecule;
  const current = Math.max(
    0,
    steps.findIndex((candidate) => candidate.is_current),
  );
  const isLong = steps.length > MAX_STEPS;
  const shown = [...steps.entries()].filter(([index]) => !isLong || Math.abs(index - current) <= STEPS_AROUND_CURRENT);
  return [
    progressLine(molecule, paint),
    ...shown.map(([index, entry]) => stepLine(index, entry, paint)),
    ...(isLong ? [paint('dim', `  (${steps.length} steps; only those around the current one are shown)`)] : []),
    ...(step?.description ? ['', indent(printable(step.description), 4)] : []),
    ...(step ? ['', whenDone(step.id)] : []),
  ];
}

function stepLine(index: number, { status, step, issue }: MoleculeInfo['steps'][number], paint: Paint): string {
  const [mark, colour] = marks[status];
  const assignee = issue.assignee && status === 'current' ? paint('cyan', ` @${oneLine(issue.assignee)}`) : '';
  const id = paint('dim', `[${oneLine(issue.id)}]`);
  return `  ${paint(colour, mark)} ${index + 1}. ${paint('bold', oneLine(step))} ${oneLine(issue.title)} ${id}${assignee}`;
}

function whenDone(id: string): string {
  return `When it is done: bd close ${id} --continue`;
}

export function progressLine(molecule: MoleculeInfo, paint: Paint): string {
  const attached = molecule.attached_to === undefined ? '' : ` for ${oneLine(molecule.attached_to)}`;
  const closed = molecule.status === 'closed' ? paint('green', ' (closed)') : '';
  const progress = `${molecule.completed}/${molecule.total} (${molecule.percent} %)`;
  const title = oneLine(molecule.molecule_title);
  return `${paint('bold', oneLine(molecule.molecule_id))} ${title}${attached}: ${progress}${closed}`;
}

/** What happens after the end of a step. */
export function continueLines({ continue: result }: ContinueResult, paint: Paint): string[] {
  const { closed_step: closed, next_step: next, molecule_id: molecule } = result;
  const done = paint('green', '✓');
  const lines = [`${done} Closed ${closed.id}: ${oneLine(closed.close_reason ?? '')}`];
  if (result.molecule_complete) return [...lines, `${done} Molecule ${molecule} complete! All steps closed.`];
  if (molecule === undefined) return [...lines, `${closed.id} is not a step of a molecule, so there is no next step.`];
  if (!next) return [...lines, 'No ready steps in molecule (may be blocked).'];
  return [
    ...lines,
    '',
    'Next ready in molecule:',
    `  ${paint('bold', next.id)}: ${oneLine(next.title)}`,
    nextStepNote(next, result.auto_advanced),
    ...(next.description ? ['', indent(printable(next.description), 4)] : []),
    '',
    whenDone(next.id),
  ];
}

function nextStepNote(next: { id: string; status: string }, started: boolean): string {
  if (started) return '→ Marked in_progress (use --no-auto to skip)';
  return next.status === 'open' ? `Start with: bd update ${next.id} --claim` : '→ It is already in progress';
}
