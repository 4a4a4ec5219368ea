import { Option, type Command } from 'commander';
import { UserError } from '../../base/errors';
import {
  MoleculeBurn,
  MoleculeGet,
  MoleculePour,
  MoleculeSquash,
  StepClose,
  type ContinueResult,
  type MoleculeInfo,
  type PourResult,
} from '../../protocol/formula';
import { continueLines, moleculeLines, progressLine } from '../shared/moleculeText';
import { oneLine } from '../shared/output';
import type { Backend } from './backend';
import type { BdContext } from './context';
import { defined } from './options';
import { addVariables } from '../shared/variableOption';
import { formulaArgument } from './formula';

/** `bd mol`: molecules, poured from formulas and done step by step. */
export function addMolecules(program: Command, context: BdContext): void {
  const mol = program
    .command('mol')
    .alias('molecule')
    .description('molecules: poured from formulas, done step by step');
  addPour(mol, context, 'pour', 'make a molecule of a formula: a bead for it and one for each step');
  addPour(mol, context, 'wisp', 'the same without a trace in issues.jsonl');
  addShow(mol, context);
  addCurrent(mol, context);
  addProgress(mol, context);
  addSquash(mol, context);
  addBurn(mol, context);
}

interface PourOptions {
  var?: Record<string, string>;
  dryRun?: boolean;
  assignee?: string;
}

function addPour(mol: Command, context: BdContext, name: 'pour' | 'wisp', description: string): void {
  const command = addVariables(mol.command(name).description(description))
    .argument('<formula>', 'name of a formula, or a file')
    .option('--assignee <name>', 'assignee of the molecule')
    .option('--dry-run', 'only show what would be made')
    .action(async (formula: string, options: PourOptions) =>
      context.run(command, async (backend) => {
        const result = await backend.call(MoleculePour.spec, {
          formula: formulaArgument(formula, context),
          vars: options.var ?? {},
          ephemeral: name === 'wisp',
          ...defined({ dryRun: options.dryRun, assignee: options.assignee }),
        });
        const { warnings, ...poured } = result;
        for (const warning of warnings) context.note(`Warning: ${oneLine(warning)}`);
        context.print(command, options.dryRun ? { ...poured, dry_run: true } : poured, () =>
          pourLines(result, context, options.dryRun ?? false),
        );
      }),
    );
}

function pourLines(result: PourResult, context: BdContext, dryRun: boolean): string[] {
  const paint = context.paint();
  const steps = Object.entries(result.id_mapping).map(([step, id]) => `  ${paint('bold', id)} ${oneLine(step)}`);
  if (dryRun)
    return [
      `Would make ${result.created} beads:`,
      ...Object.keys(result.id_mapping).map((step) => `  ${oneLine(step)}`),
    ];
  return [
    `${paint('green', '✓')} Poured ${paint('bold', result.new_epic_id)} with ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}${result.phase === 'vapor' ? ' (wisp)' : ''}`,
    ...steps,
  ];
}

function addShow(mol: Command, context: BdContext): void {
  const command = mol
    .command('show')
    .description('show the steps of a molecule')
    .argument('<id>', 'the molecule, a step of it, or the bead that it is attached to')
    .option('--parallel', 'also what can be done at the same time')
    .action(async (id: string, options: { parallel?: boolean }) =>
      context.run(command, async (backend) => {
        const [molecule] = await backend.call(MoleculeGet.spec, { id });
        const ready = molecule!.steps
          .filter((step) => step.status === 'ready' || step.status === 'current')
          .map((step) => step.issue.id);
        context.print(command, options.parallel ? { ...molecule, parallel: ready } : molecule, () => [
          ...moleculeLines(molecule!, context.paint()),
          ...(options.parallel ? ['', `At the same time: ${ready.join(', ') || 'nothing'}`] : []),
        ]);
      }),
    );
}

function addCurrent(mol: Command, context: BdContext): void {
  const command = mol
    .command('current')
    .description('where you are in your molecules, and what comes next')
    .argument('[id]', 'a molecule; otherwise those that you are at')
    .option('--for <name>', 'somebody else')
    .action(async (id: string | undefined, options: { for?: string }) =>
      context.run(command, async (backend) => {
        const found = await backend.call(MoleculeGet.spec, defined({ id, actor: options.for }));
        context.print(command, found, () =>
          found.length === 0
            ? ['No molecule is in work. Pour one with "bd mol pour <formula>", or name one.']
            : found.flatMap((molecule, index) => [
                ...(index > 0 ? [''] : []),
                ...moleculeLines(molecule, context.paint()),
              ]),
        );
      }),
    );
}

function addProgress(mol: Command, context: BdContext): void {
  const command = mol
    .command('progress')
    .description('how far a molecule has come')
    .argument('[id]', 'a molecule; otherwise those that you are at')
    .action(async (id: string | undefined) =>
      context.run(command, async (backend) => {
        const found = await backend.call(MoleculeGet.spec, defined({ id }));
        context.print(command, found.map(progressOf), () =>
          found.length === 0
            ? ['No molecule is in work.']
            : found.map((molecule) => progressLine(molecule, context.paint())),
        );
      }),
    );
}

function progressOf({ steps: _steps, current_step: _current, next_step: _next, ...figures }: MoleculeInfo) {
  return figures;
}

function addSquash(mol: Command, context: BdContext): void {
  const command = mol
    .command('squash')
    .description('make one closed bead, the digest, of the wisps of a molecule')
    .argument('<id>', 'the molecule')
    .option('--summary <text>', 'the text of the digest')
    .option('--keep-children', 'keep the wisps')
    .option('--dry-run', 'only show')
    .action(async (id: string, options: { summary?: string; keepChildren?: boolean; dryRun?: boolean }) =>
      context.run(command, async (backend) => {
        const result = await backend.call(MoleculeSquash.spec, {
          id,
          ...defined({ summary: options.summary, keep: options.keepChildren, dryRun: options.dryRun }),
        });
        context.print(command, result, () => [
          result.digest_id === undefined
            ? 'No ephemeral children found'
            : `Squashed ${result.squashed_count} wisps → ${result.digest_id}`,
        ]);
      }),
    );
}

function addBurn(mol: Command, context: BdContext): void {
  const command = mol
    .command('burn')
    .description('delete a molecule with its steps; without --force only shows what would be deleted')
    .argument('<id>', 'the molecule')
    .option('-f, --force', 'really delete')
    .addOption(new Option('-y, --yes', 'same as --force').hideHelp())
    .option('--dry-run', 'only show')
    .action(async (id: string, options: { force?: boolean; yes?: boolean; dryRun?: boolean }) =>
      context.run(command, async (backend) => {
        const dryRun = options.dryRun === true || !(options.force || options.yes);
        const result = await backend.call(MoleculeBurn.spec, { id, dryRun });
        context.print(command, dryRun ? { ...result, dry_run: true } : result, () => [
          `${dryRun ? 'Would delete' : 'Deleted'} ${result.deleted_count} beads of ${result.molecule_id}`,
          ...(dryRun ? [`To delete for good: bd mol burn ${result.molecule_id} --force`] : []),
        ]);
      }),
    );
}

/** `bd close --continue`. */
export async function closeAndContinue(
  command: Command,
  context: BdContext,
  backend: Backend,
  ids: readonly string[],
  options: { reason?: string; force?: boolean; auto?: boolean },
): Promise<void> {
  const [id, ...more] = ids;
  if (id === undefined || more.length > 0) throw new UserError('--continue only works when closing a single issue');
  const result: ContinueResult = await backend.call(StepClose.spec, { id, ...defined(options) });
  context.print(command, result, () => continueLines(result, context.paint()));
}
