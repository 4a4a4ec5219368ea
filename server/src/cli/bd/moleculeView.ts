import { asUserError, UserError } from '../../base/errors';
import { BeadList, BeadShow, type Bead, type Dependency } from '../../protocol/bead';
import { MoleculeGet, type MoleculeInfo } from '../../protocol/formula';
import { treeBranches } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import { actorName } from '../shared/connect';
import { indent, oneLine, printable } from '../shared/output';
import type { BdContext, GlobalOptions } from './context';
import type { Backend } from './localBackend';
import { analyseParallel, plainBead, type ParallelInfo } from './moleculeSteps';
import { defined, parseLimit } from './options';

/** `bd mol show`, `bd mol current` and `bd mol progress`: the steps and the progress of a molecule. */

/** Maximum number of steps in `bd mol current`; of longer molecules it shows a part. */
const MAX_STEPS = 100;
const STEPS_AROUND_CURRENT = 5;
const MS_PER_HOUR = 3_600_000;

export function addMoleculeViews(mol: CliCommand, context: BdContext): void {
  addShow(mol, context);
  addCurrent(mol, context);
  addProgress(mol, context);
  addLastActivity(mol, context);
}

function addLastActivity(mol: CliCommand, context: BdContext): void {
  mol
    .command('last-activity <id>')
    .description('show when a molecule or one of its steps changed last')
    .withHelp({ examples: [['bd mol last-activity app-m1n2o', 'the time and the step']], see: ['bd mol progress'] })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const issues = await context.withLedger(invocation, (backend) => moleculeParts(backend, id));
      const root = issues[0]!;
      const last = issues.reduce((newest, bead) => (bead.updated_at > newest.updated_at ? bead : newest), root);
      const kind = last === root ? 'molecule_updated' : last.status === 'closed' ? 'step_closed' : 'step_updated';
      const value = {
        molecule_id: root.id,
        last_activity: last.updated_at,
        source: kind,
        ...(last === root ? {} : { source_step_id: last.id }),
      };
      context.print(invocation, value, () => `${last.updated_at}  ${last.id}: ${oneLine(last.title)} (${kind})`);
    });
}

function addShow(mol: CliCommand, context: BdContext): void {
  mol
    .command('show <id>')
    .description('show what a molecule or an epic consists of')
    .option('-p, --parallel', 'with the steps that can be done at the same time')
    .withHelp({
      examples: [
        ['bd mol show app-m1n2o', 'its steps'],
        ['bd mol show app-m1n2o --parallel', 'and those that can be done at the same time'],
      ],
      see: ['bd mol current'],
    })
    .action(async (id: string, options: { parallel?: boolean }, invocation: Invocation) => {
      const issues = await context.withLedger(invocation, (backend) => moleculeParts(backend, id));
      const root = issues[0]!;
      const value = moleculeData(root, issues);
      if (!options.parallel) return context.print(invocation, value, () => structureLines(root, issues));
      const analysis = analyseParallel(issues);
      context.print(invocation, { ...value, parallel: analysis }, () => [
        '',
        `🧪 Molecule: ${oneLine(root.title)}`,
        `   ID: ${root.id}`,
        `   Steps: ${issues.length} (${analysis.ready_steps} ready)`,
        ...groupLines(analysis.parallel_groups),
        ...treeLines(root, issues, (bead) => annotation(analysis.steps[bead.id]!)),
      ]);
    });
}

/** Resolves a part of an id. @throws UserError with this message if it matches no bead */
async function idOf(backend: Backend, id: string, message: string): Promise<string> {
  try {
    const [bead] = await backend.call(BeadShow.spec, { ids: [id] });
    return bead!.id;
  } catch (error) {
    if (asUserError(error)?.code !== 'not-found') throw error;
    throw new UserError(message, undefined, 'not-found');
  }
}

/** A molecule and its descendants. @throws UserError with this message if it does not exist */
export async function moleculeParts(
  backend: Backend,
  given: string,
  message = `molecule '${given}' not found`,
): Promise<Bead[]> {
  const root = await idOf(backend, given, message);
  const found: Bead[] = await backend.call(BeadList.spec, { ids: [root], all: true, limit: 1 });
  const known = new Set([root]);
  for (let index = 0; index < found.length; index++) {
    const filter = { parent: found[index]!.id, all: true, limit: 0, sort: 'created', reverse: true };
    const below = await backend.call(BeadList.spec, filter);
    for (const bead of below.sort(byCreation)) {
      if (!known.has(bead.id)) found.push(bead);
      known.add(bead.id);
    }
  }
  return found;
}

/** Compares steps: those of a molecule are created at the same moment, and numbered. */
function byCreation(a: Bead, b: Bead): number {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  return a.id.localeCompare(b.id, 'en', { numeric: true });
}

/** The named molecule, else those in progress. */
function moleculesOf(
  invocation: Invocation,
  context: BdContext,
  { id, actor }: { id: string | undefined; actor?: string | undefined },
): Promise<MoleculeInfo[]> {
  return context.withLedger(invocation, async (backend) => {
    const named = id === undefined ? {} : { id: await idOf(backend, id, `molecule '${id}' not found`) };
    return backend.call(MoleculeGet.spec, { ...named, ...defined({ actor }) });
  });
}

function moleculeData(root: Bead, issues: readonly Bead[]) {
  const ids = new Set(issues.map((bead) => bead.id));
  const dependencies = issues.flatMap((bead): readonly Dependency[] => bead.dependencies ?? []);
  const bonds = Array.isArray(root.bonded_from) ? root.bonded_from : [];
  return {
    root: plainBead(root),
    issues: issues.map(plainBead),
    dependencies: dependencies.filter((edge) => ids.has(edge.depends_on_id)),
    variables: [],
    is_compound: bonds.length > 0,
    bonded_from: bonds,
  };
}

function structureLines(root: Bead, issues: readonly Bead[]): string[] {
  return [
    '',
    `🧪 Molecule: ${oneLine(root.title)}`,
    `   ID: ${root.id}`,
    `   Steps: ${issues.length}`,
    ...treeLines(root, issues, (bead) => (bead === root ? ' (root)' : '')),
  ];
}

function treeLines(root: Bead, issues: readonly Bead[], after: (bead: Bead) => string): string[] {
  const childrenOf = (id: string): Bead[] =>
    issues.filter((bead) =>
      bead.dependencies?.some((edge) => edge.type === 'parent-child' && edge.depends_on_id === id),
    );
  const seen = new Set<string>();
  const nodes: { bead: Bead; depth: number }[] = [];
  const visit = (bead: Bead, depth: number): void => {
    if (seen.has(bead.id)) return;
    seen.add(bead.id);
    nodes.push({ bead, depth });
    for (const child of childrenOf(bead.id)) visit(child, depth + 1);
  };
  visit(root, 0);
  const branches = treeBranches(nodes.map(({ depth }) => depth));
  return [
    '',
    '🌲 Structure:',
    ...nodes.map(({ bead }, index) => `   ${branches[index] ?? ''}${oneLine(bead.title)}${after(bead)}`),
    '',
  ];
}

function groupLines(groups: Readonly<Record<string, readonly string[]>>): string[] {
  const lines = Object.entries(groups).map(([name, ids]) => `   ${name}: ${ids.join(', ')}`);
  return lines.length > 0 ? ['', '⚡ Parallel Groups:', ...lines] : [];
}

function annotation({ status, is_ready: isReady, parallel_group: group, blocked_by: needs }: ParallelInfo): string {
  const state = status === 'closed' ? 'completed' : status === 'open' ? (isReady ? 'ready' : 'blocked') : status;
  const parts = [
    state,
    ...(group === undefined ? [] : [group]),
    ...(needs.length > 0 ? [`needs: ${needs.join(', ')}`] : []),
  ];
  return ` [${parts.join(' | ')}]`;
}

interface CurrentOptions {
  for?: string;
  limit?: number;
  range?: [first: number, last: number];
}

function addCurrent(mol: CliCommand, context: BdContext): void {
  mol
    .command('current')
    .description('show your molecules in progress, with the current step of each')
    .argument('[id]', 'a molecule (default: those that you are working on)')
    .option('--for <name>', 'those of another person or agent')
    .option('--limit <count>', 'maximum number of steps', parseLimit)
    .option('--range <first-last>', 'only these steps, such as 10-20', parseRange)
    .withHelp({
      examples: [
        ['bd mol current', 'your own'],
        ['bd mol current --for toy/polecats/rust', "another agent's"],
      ],
      see: ['bd close', 'gt mol status'],
    })
    .action(async (id: string | undefined, options: CurrentOptions, invocation: Invocation) => {
      const found = (await moleculesOf(invocation, context, { id, actor: options.for })).map(positionOf);
      const { actor } = invocation.options as GlobalOptions;
      const { env, cwd } = context.process;
      const name = options.for ?? (found.length > 0 ? '' : await actorName(actor, env, cwd));
      context.print(invocation, found, () =>
        found.length === 0
          ? noMoleculeLines(name)
          : found.flatMap((molecule, index) => [...(index > 0 ? [''] : []), ...currentLines(molecule, options)]),
      );
    });
}

function parseRange(text: string): [number, number] {
  const match = /^(\d+)-(\d+)$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || first < 1 || last < first)
    throw new UserError(`invalid range '${text}', expected 'start-end' (e.g., '1-50')`);
  return [first, last];
}

type Position = ReturnType<typeof positionOf>;

/** Position in a molecule: the step in progress, else the ready one. */
function positionOf({ steps, molecule_id, molecule_title, assignee, attached_to, completed, total }: MoleculeInfo) {
  const current = steps.find(({ status }) => status === 'current');
  const next = steps.find(({ status }) => status === 'ready');
  return {
    molecule_id,
    molecule_title,
    ...(assignee === undefined ? {} : { assignee }),
    ...(attached_to === undefined ? {} : { attached_to }),
    ...(current ? { current_step: plainBead(current.issue), current_step_id: current.issue.id } : {}),
    ...(!current && next ? { next_step: plainBead(next.issue) } : {}),
    steps: steps.map(({ issue, status }) => ({
      issue: plainBead(issue),
      status,
      is_current: issue.id === current?.issue.id,
    })),
    completed,
    total,
  };
}

function noMoleculeLines(name: string): string[] {
  return [
    `No molecules in progress for ${oneLine(name)}.`,
    '',
    'To start work on a molecule:',
    '  bd mol pour <proto-id>               # Instantiate a molecule from template',
    '  bd update <step-id> --status in_progress  # Claim a step',
  ];
}

function currentLines(molecule: Position, options: CurrentOptions): string[] {
  const { steps, current_step: current, next_step: next, attached_to: attached } = molecule;
  const [first, last] = shownRange(molecule, options);
  const shown = steps.slice(first - 1, last);
  const step = current ?? next;
  return [
    `You're working on molecule ${oneLine(molecule.molecule_id)}`,
    `  ${oneLine(molecule.molecule_title)}`,
    ...(attached === undefined ? [] : [`  for ${oneLine(attached)}`]),
    '',
    ...shown.map(
      ({ issue, status, is_current: isCurrent }) =>
        `  [${status}] ${issue.id}: ${oneLine(issue.title)}${isCurrent ? ' <- YOU ARE HERE' : ''}`,
    ),
    ...(shown.length < steps.length ? [`  (steps ${first} to ${first + shown.length - 1} of ${steps.length})`] : []),
    '',
    `Progress: ${molecule.completed}/${molecule.total} steps complete`,
    ...(next
      ? [
          '',
          `Next ready: ${next.id} - ${oneLine(next.title)}`,
          `  Start with: bd update ${next.id} --status in_progress`,
        ]
      : []),
    ...(step ? ['', `💡 Run \`bd show ${step.id}\` to see detailed instructions.`] : []),
    ...(current?.description ? ['', indent(printable(current.description), 4)] : []),
    ...(current ? ['', `When it is done: bd close ${current.id} --continue`] : []),
  ];
}

/** The steps that are shown; of a long molecule those around the current one. Numbers start at 1. */
function shownRange({ steps, current_step: current, next_step: next }: Position, options: CurrentOptions) {
  const { range, limit } = options;
  if (range) return range;
  if (limit !== undefined) return [1, limit || steps.length] as const;
  if (steps.length <= MAX_STEPS) return [1, steps.length] as const;
  const place = Math.max(1, 1 + steps.findIndex(({ issue }) => issue.id === (current ?? next)?.id));
  return [Math.max(1, place - STEPS_AROUND_CURRENT), place + STEPS_AROUND_CURRENT] as const;
}

function addProgress(mol: CliCommand, context: BdContext): void {
  mol
    .command('progress')
    .description('show the progress of a molecule')
    .argument('[id]', 'a molecule (default: those that you are working on)')
    .withHelp({ examples: [['bd mol progress app-m1n2o', 'steps done of all']], see: ['bd mol show'] })
    .action(async (id: string | undefined, _options: unknown, invocation: Invocation) => {
      const figures = (await moleculesOf(invocation, context, { id })).map(figuresOf);
      context.print(invocation, id === undefined ? figures : figures[0], () =>
        figures.length === 0 ? 'No molecule in progress.' : figures.flatMap(progressLines),
      );
    });
}

type Figures = ReturnType<typeof figuresOf>;

function figuresOf(molecule: MoleculeInfo) {
  const { molecule_id, molecule_title, completed, total, in_progress, percent, steps } = molecule;
  return {
    molecule_id,
    molecule_title,
    completed,
    in_progress,
    total,
    percent,
    current_step_id: steps.find(({ status }) => status === 'current')?.issue.id ?? '',
    ...paceOf(molecule),
  };
}

/** Closed steps per hour, from the first to the last one, and the estimated hours for the rest. */
function paceOf({ first_closed: first, last_closed: last, completed, total }: MoleculeInfo): {
  rate_per_hour?: number;
  eta_hours?: number;
} {
  const hours = first && last ? (Date.parse(last) - Date.parse(first)) / MS_PER_HOUR : 0;
  if (hours <= 0 || completed < 2) return {};
  const rate = completed / hours;
  return { rate_per_hour: rate, ...(completed < total ? { eta_hours: (total - completed) / rate } : {}) };
}

function progressLines(figures: Figures): string[] {
  const { completed, total, current_step_id: current } = figures;
  const percent = total === 0 ? 100 : (completed * 100) / total;
  return [
    `Molecule: ${figures.molecule_id} (${oneLine(figures.molecule_title)})`,
    `Progress: ${completed} / ${total} (${percent.toFixed(1)}%)`,
    ...(current ? [`Current step: ${current}`] : []),
    ...(figures.rate_per_hour === undefined ? [] : [`Rate: ~${figures.rate_per_hour.toFixed(0)} steps/hour`]),
    ...(figures.eta_hours === undefined ? [] : [`ETA: ~${hoursText(figures.eta_hours)}`]),
  ];
}

function hoursText(hours: number): string {
  return hours >= 1 ? `${hours.toFixed(1)} hours` : `${Math.ceil(hours * 60)} minutes`;
}
