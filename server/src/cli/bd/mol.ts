import path from 'node:path';
import { UserError } from '../../base/errors';
import { BeadShow } from '../../protocol/bead';
import { MoleculeBond, FormulaShow, MoleculePour, type BondType, type PourResult } from '../../protocol/formula';
import type { Params } from '../../protocol/request';
import type { CliCommand, HelpDetails, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';
import { readFormula, withVariableOption } from './cook';
import { addDistill } from './distill';
import { addBurn, addSquash } from './moleculeEnd';
import { addMoleculeLists } from './moleculeLists';
import { addWispGc, addWispList } from './wisps';
import { addBond, addSeed, parseBondType } from './moleculeBond';
import { addMoleculeViews } from './moleculeView';
import { collect, defined } from './options';

/** `bd mol`: molecules, poured from formulas and done step by step. */
export function addMol(program: CliCommand, context: BdContext): void {
  const mol = program
    .command('mol')
    .alias('molecule')
    .description('molecules: poured from formulas, done step by step');
  addPour(mol, context);
  addWisp(mol, context);
  addMoleculeViews(mol, context);
  addSquash(mol, context);
  addBurn(mol, context);
  addMoleculeLists(mol, context);
  addBond(mol, context);
  addDistill(mol, context);
  addSeed(mol, context);
}

interface PourOptions {
  var?: Record<string, string>;
  dryRun?: boolean;
  rootOnly?: boolean;
  assignee?: string;
  attach?: string[];
  attachType?: BondType;
}

function addPour(mol: CliCommand, context: BdContext): void {
  const command = mol
    .command('pour')
    .description('create a molecule from a formula: a bead for it and one for each step');
  withPourOptions(command, context, false)
    .option('--attach <formula>', 'pour this one too, so that it follows; may be repeated', collect)
    .option('--attach-type <type>', 'sequential, parallel or conditional', parseBondType, 'sequential')
    .withHelp({
      examples: [
        ['bd mol pour shiny --var feature=login', 'a bead for each step'],
        ['bd mol pour shiny --var feature=login --dry-run', 'only show them'],
      ],
      see: ['bd mol wisp', 'bd cook', 'gt sling --formula'],
    });
}

function addWisp(mol: CliCommand, context: BdContext): void {
  const wisp = mol.command('wisp').description('same as pour, but never written to issues.jsonl');
  const help: HelpDetails = {
    text: 'For work that leaves nothing to keep, such as a patrol.',
    examples: [['bd mol wisp shiny --var feature=login', 'steps that never reach git']],
    see: ['bd mol squash', 'bd mol burn'],
  };
  addWispList(wisp, context);
  addWispGc(wisp, context);
  withPourOptions(wisp.command('create').description('same as bd mol wisp <formula>'), context, true).withHelp(help);
  withPourOptions(wisp, context, true).withHelp(help);
}

function withPourOptions(command: CliCommand, context: BdContext, ephemeral: boolean): CliCommand {
  const isWisp = command.name === 'wisp';
  if (ephemeral) command.option('--root-only', 'one bead, with the steps in its description');
  return withVariableOption(command)
    .argument(isWisp ? '[formula]' : '<formula>')
    .option('--assignee <name>', 'assignee of the molecule')
    .option('--dry-run', 'only show what would be created')
    .action((formula: string | undefined, options: PourOptions, invocation: Invocation) => {
      if (formula === undefined) return invocation.printHelp(command);
      return pourFormula({ formula, options, ephemeral }, invocation, context);
    });
}

async function pourFormula(
  { formula, options, ephemeral }: { formula: string; options: PourOptions; ephemeral: boolean },
  invocation: Invocation,
  context: BdContext,
): Promise<void> {
  const source = readFormula(formula, context);
  const vars = options.var ?? {};
  const { result, attached } = await context.withLedger(invocation, async (backend) => {
    for (const other of options.attach ?? []) await checkAttached(backend, other, vars);
    const poured = await pourOrNotFound(backend, {
      formula: source,
      vars,
      ephemeral,
      ...defined({ dryRun: options.dryRun, assignee: options.assignee, rootOnly: options.rootOnly }),
    });
    return { result: poured, attached: options.dryRun ? 0 : await attach(backend, poured.new_epic_id, options) };
  });
  const { warnings, titles: _titles, ...poured } = result;
  for (const warning of warnings) context.note(`Warning: ${oneLine(warning)}`);
  const name = formulaName(formula);
  const value = { ...poured, attached, id_mapping: qualified(name, result) };
  if (options.dryRun) context.print(invocation, { ...value, dry_run: true }, () => dryRunLines(name, result));
  else context.print(invocation, value, () => pouredLines(result, attached, context));
}

/** Pours a formula; if it is not found, the message is that of the other molecule commands. */
async function pourOrNotFound(backend: Backend, params: Params<typeof MoleculePour.spec>): Promise<PourResult> {
  try {
    return await backend.call(MoleculePour.spec, params);
  } catch (error) {
    const { formula } = params;
    if (!(error instanceof UserError) || error.message !== `formula ${JSON.stringify(formula)} not found`) throw error;
    const name = JSON.stringify(formula).slice(1, -1);
    throw new UserError(
      params.ephemeral ? `'${name}' not found as formula or proto` : `${name} not found as formula or proto ID`,
      error.hint,
      error.code,
    );
  }
}

/**
 * Checks an argument of `--attach` before the first pour. @throws UserError if it is neither a formula that can be
 * poured nor a bead
 */
async function checkAttached(backend: Backend, name: string, vars: Record<string, string>): Promise<void> {
  try {
    const { variables } = await backend.call(FormulaShow.spec, { name });
    const own = variables.flatMap((each) => (Object.hasOwn(vars, each.name) ? [[each.name, vars[each.name]!]] : []));
    await backend.call(MoleculePour.spec, {
      formula: name,
      vars: Object.fromEntries(own) as Record<string, string>,
      dryRun: true,
    });
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'not-found') throw error;
    await backend.call(BeadShow.spec, { ids: [name] });
  }
}

/** Pours the formulas of `--attach` as continuations. @returns number of created beads */
async function attach(backend: Backend, root: string, options: PourOptions): Promise<number> {
  let count = 0;
  for (const formula of options.attach ?? []) {
    const bonded = await backend.call(MoleculeBond.spec, {
      a: root,
      b: formula,
      type: options.attachType ?? 'sequential',
      vars: options.var ?? {},
    });
    count += bonded.spawned ?? 0;
  }
  return count;
}

/** The name of a formula, even if it was given as a file. */
function formulaName(given: string): string {
  return path.basename(given).replace(/(?:\.formula)?\.(?:toml|json)$/, '');
}

/** Id mapping with keys `formula` and `formula.step`. */
function qualified(name: string, { new_epic_id: root, id_mapping: ids }: PourResult): Record<string, string> {
  const steps = Object.entries(ids).map(([step, id]): [string, string] => [`${name}.${step}`, id]);
  return Object.fromEntries([[name, root], ...steps]);
}

function dryRunLines(name: string, result: PourResult): string[] {
  const isWisp = result.phase === 'vapor';
  const count = `${result.created} issues from proto ${oneLine(name)}`;
  const row = (title: string, place: string): string => `  - ${oneLine(title)} (from ${oneLine(place)})`;
  return [
    '',
    `Dry run: would ${isWisp ? `create wisp with ${count}` : `pour ${count}`}`,
    '',
    `Storage: ${isWisp ? 'main database (ephemeral=true, not exported to JSONL)' : 'permanent (.beads/)'}`,
    '',
    row(name, name),
    ...Object.entries(result.titles).map(([step, title]) => row(title, `${name}.${step}`)),
  ];
}

function pouredLines(result: PourResult, attached: number, { paint }: BdContext): string[] {
  const steps = Object.entries(result.id_mapping).map(([step, id]) => `  ${paint('bold', id)} ${oneLine(step)}`);
  const isWisp = result.phase === 'vapor';
  const root = result.new_epic_id;
  return [
    `${paint('green', '✓')} ${isWisp ? `Created wisp: ${result.created} issues` : `Poured mol: created ${result.created} issues`}`,
    `  Root issue: ${paint('bold', root)}`,
    `  Phase: ${isWisp ? 'vapor (ephemeral, not exported to JSONL)' : 'liquid (persistent in .beads/)'}`,
    ...(attached > 0 ? [`  Attached: ${attached} issues`] : []),
    ...steps,
    ...(isWisp
      ? [
          '',
          'Next steps:',
          `  bd close ${root}.<step>       # Complete steps`,
          `  bd mol squash ${root}         # Condense to digest (promotes to persistent)`,
          `  bd mol burn ${root}           # Discard without creating digest`,
        ]
      : []),
  ];
}
