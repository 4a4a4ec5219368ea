import path from 'node:path';
import { plural } from '../../base/text';
import {
  MoleculeBurn,
  MoleculeGet,
  MoleculePour,
  MoleculeSquash,
  type MoleculeInfo,
  type PourResult,
} from '../../protocol/formula';
import type { CliCommand, HelpDetails, Invocation } from '../shared/command';
import { moleculeLines, progressLine } from '../shared/moleculeText';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { readFormula, withVariableOption } from './cook';
import { addMoleculeLists, addWispList } from './moleculeLists';
import { defined } from './options';

/** `bd mol`: molecules, poured from formulas and done step by step. */
export function addMol(program: CliCommand, context: BdContext): void {
  const mol = program
    .command('mol')
    .alias('molecule')
    .description('molecules: poured from formulas, done step by step');
  addPour(mol, context, false, {
    examples: [
      ['bd mol pour shiny --var feature=login', 'a bead for each step'],
      ['bd mol pour shiny --var feature=login --dry-run', 'only show them'],
    ],
    see: ['bd mol wisp', 'bd cook', 'gt sling --formula'],
  });
  addPour(mol, context, true, {
    text: 'For work that leaves nothing to keep, such as a patrol.',
    examples: [['bd mol wisp shiny --var feature=login', 'steps that never reach git']],
    see: ['bd mol squash', 'bd mol burn'],
  });
  addShow(mol, context);
  addCurrent(mol, context);
  addProgress(mol, context);
  addSquash(mol, context);
  addBurn(mol, context);
  addMoleculeLists(mol, context);
}

interface PourOptions {
  var?: Record<string, string>;
  dryRun?: boolean;
  assignee?: string;
}

function addPour(mol: CliCommand, context: BdContext, ephemeral: boolean, help: HelpDetails): void {
  const command = ephemeral
    ? mol.command('wisp').description('same as pour, but never written to issues.jsonl')
    : mol.command('pour').description('create a molecule from a formula: a bead for it and one for each step');
  if (ephemeral) addWispList(command, context);
  withVariableOption(command)
    .argument('<formula>')
    .option('--assignee <name>', 'assignee of the molecule')
    .option('--dry-run', 'only show what would be created')
    .withHelp(help)
    .action(async (formula: string, options: PourOptions, invocation: Invocation) => {
      const result = await context.call(invocation, MoleculePour.spec, {
        formula: readFormula(formula, context),
        vars: options.var ?? {},
        ephemeral,
        ...defined({ dryRun: options.dryRun, assignee: options.assignee }),
      });
      const { warnings, ...poured } = result;
      for (const warning of warnings) context.note(`Warning: ${oneLine(warning)}`);
      const name = formulaName(formula);
      const value = { ...poured, id_mapping: qualified(name, result) };
      if (options.dryRun) context.print(invocation, { ...value, dry_run: true }, () => dryRunLines(name, result));
      else context.print(invocation, value, () => pouredLines(result, context));
    });
}

/** The name of a formula, also of one that is given as a file. */
function formulaName(given: string): string {
  return path.basename(given).replace(/(?:\.formula)?\.(?:toml|json)$/, '');
}

/** Ids by `formula` and `formula.step`. */
function qualified(name: string, { new_epic_id: root, id_mapping: ids }: PourResult): Record<string, string> {
  const steps = Object.entries(ids).map(([step, id]): [string, string] => [`${name}.${step}`, id]);
  return Object.fromEntries([[name, root], ...steps]);
}

function dryRunLines(name: string, result: PourResult): string[] {
  const steps = Object.keys(result.id_mapping).map(
    (step) => `  - ${oneLine(step)} (from ${oneLine(`${name}.${step}`)})`,
  );
  return ['', `Dry run: would pour ${result.created} issues from proto ${oneLine(name)}`, '', ...steps];
}

function pouredLines(result: PourResult, { paint }: BdContext): string[] {
  const steps = Object.entries(result.id_mapping).map(([step, id]) => `  ${paint('bold', id)} ${oneLine(step)}`);
  const isWisp = result.phase === 'vapor';
  return [
    `${paint('green', '✓')} ${isWisp ? 'Created wisp' : 'Poured mol'}: created ${result.created} issues`,
    `  Root issue: ${paint('bold', result.new_epic_id)}`,
    `  Phase: ${isWisp ? 'vapor (never in issues.jsonl)' : 'liquid (persistent in .beads/)'}`,
    ...steps,
  ];
}

function addShow(mol: CliCommand, context: BdContext): void {
  mol
    .command('show')
    .description('show the steps of a molecule')
    .argument('<id>', 'the molecule, a step of it, or the bead that it is attached to')
    .option('--parallel', 'also list steps that can be done at the same time')
    .withHelp({
      examples: [
        ['bd mol show app-m1n2o', 'its steps'],
        ['bd mol show app-m1n2o --parallel', 'and those that can be done at the same time'],
      ],
      see: ['bd mol current'],
    })
    .action(async (id: string, options: { parallel?: boolean }, invocation: Invocation) => {
      const [molecule] = await context.call(invocation, MoleculeGet.spec, { id });
      const parallel = molecule!.steps
        .filter((step) => step.status === 'ready' || step.status === 'current')
        .map((step) => step.issue.id);
      context.print(invocation, options.parallel ? { ...molecule, parallel } : molecule, () => [
        ...moleculeLines(molecule!, context.paint),
        ...(options.parallel ? ['', `At the same time: ${parallel.join(', ') || 'nothing'}`] : []),
      ]);
    });
}

function addCurrent(mol: CliCommand, context: BdContext): void {
  mol
    .command('current')
    .description('show your molecules in progress, with the current step of each')
    .argument('[id]', 'a molecule (default: those that you are working on)')
    .option('--for <name>', 'those of somebody else')
    .withHelp({
      examples: [
        ['bd mol current', 'your own'],
        ['bd mol current --for toy/polecats/rust', "another agent's"],
      ],
      see: ['bd close', 'gt mol status'],
    })
    .action(async (id: string | undefined, options: { for?: string }, invocation: Invocation) => {
      const found = await context.call(invocation, MoleculeGet.spec, defined({ id, actor: options.for }));
      context.print(invocation, found, () =>
        found.length === 0
          ? [
              `No molecules in progress for ${oneLine(options.for ?? 'you')}.`,
              '',
              'To start work on a molecule:',
              '  bd mol pour <formula>',
            ]
          : found.flatMap((molecule, index) => [...(index > 0 ? [''] : []), ...moleculeLines(molecule, context.paint)]),
      );
    });
}

function addProgress(mol: CliCommand, context: BdContext): void {
  mol
    .command('progress')
    .description('show the progress of a molecule')
    .argument('[id]', 'a molecule (default: those that you are working on)')
    .withHelp({ examples: [['bd mol progress app-m1n2o', 'steps done of all']], see: ['bd mol show'] })
    .action(async (id: string | undefined, _options: unknown, invocation: Invocation) => {
      const found = await context.call(invocation, MoleculeGet.spec, defined({ id }));
      const figures = found.map(figuresOf);
      context.print(invocation, id === undefined ? figures : figures[0], () =>
        found.length === 0
          ? 'No molecule in progress.'
          : found.map((molecule) => progressLine(molecule, context.paint)),
      );
    });
}

function figuresOf({ steps: _steps, current_step: _current, next_step: _next, ...figures }: MoleculeInfo) {
  return { current_step_id: '', ...figures };
}

function addSquash(mol: CliCommand, context: BdContext): void {
  mol
    .command('squash')
    .description('replace the wisps of a molecule by one closed bead, the digest')
    .argument('<id>', 'the molecule')
    .option('--summary <text>', 'the text of the digest')
    .option('--keep-children', 'keep the wisps')
    .option('--dry-run', 'only show')
    .withHelp({
      examples: [['bd mol squash app-m1n2o --summary "Nothing to report"', 'one closed bead instead of its wisps']],
      see: ['bd mol wisp'],
    })
    .action(
      async (
        id: string,
        options: { summary?: string; keepChildren?: boolean; dryRun?: boolean },
        invocation: Invocation,
      ) => {
        const result = await context.call(invocation, MoleculeSquash.spec, {
          id,
          ...defined({ summary: options.summary, keep: options.keepChildren, dryRun: options.dryRun }),
        });
        context.print(invocation, result, () =>
          result.digest_id === undefined
            ? 'No ephemeral children found'
            : `Squashed ${plural(result.squashed_count, 'wisp')} → ${result.digest_id}`,
        );
      },
    );
}

function addBurn(mol: CliCommand, context: BdContext): void {
  mol
    .command('burn')
    .description('delete a molecule with its steps; without --force only show what would be deleted')
    .argument('<id>', 'the molecule')
    .option('-f, --force', 'delete it')
    .hiddenOption('-y, --yes', 'same as --force')
    .option('--dry-run', 'only show')
    .withHelp({
      examples: [
        ['bd mol burn app-m1n2o', 'show what would be deleted'],
        ['bd mol burn app-m1n2o --force', 'delete it'],
      ],
      see: ['bd mol squash'],
    })
    .action(
      async (id: string, options: { force?: boolean; yes?: boolean; dryRun?: boolean }, invocation: Invocation) => {
        const dryRun = options.dryRun === true || !(options.force || options.yes);
        const result = await context.call(invocation, MoleculeBurn.spec, { id, dryRun });
        const done = `${dryRun ? 'Would delete' : 'Deleted'} ${plural(result.deleted_count, 'bead')} of ${result.molecule_id}`;
        context.print(invocation, dryRun ? { ...result, dry_run: true } : result, () => [
          done,
          ...(dryRun ? [`To delete: bd mol burn ${result.molecule_id} --force`] : []),
        ]);
      },
    );
}
