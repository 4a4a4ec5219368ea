import { UserError } from '../../base/errors';
import { BeadList, BeadShow } from '../../protocol/bead';
import {
  bondTypes,
  FormulaCook,
  FormulaList,
  MoleculeBond,
  type BondResult,
  type BondType,
} from '../../protocol/formula';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { withVariableOption } from './cook';
import type { Backend } from './localBackend';
import { defined } from './options';

/** `bd mol bond` and `bd mol seed`. */

interface BondOptions {
  type: BondType;
  as?: string;
  var?: Record<string, string>;
  ref?: string;
  ephemeral?: boolean;
  pour?: boolean;
  dryRun?: boolean;
}

export function addBond(mol: CliCommand, context: BdContext): void {
  withVariableOption(mol.command('bond').description('join two molecules, or a formula and a molecule'))
    .argument('<a>', 'a molecule or an epic, or the name of a formula')
    .argument('<b>', 'the same')
    .option(
      '--type <type>',
      'sequential, parallel or conditional: b after a, in parallel with it, or if it fails',
      parseBondType,
      'sequential',
    )
    .option('--as <title>', 'title of the molecule that two formulas become')
    .option('--ref <name>', 'last part of the ids of the poured beads, such as arm-{{agent}}')
    .option('--ephemeral', 'pour as a wisp, which is never written to issues.jsonl')
    .option('--pour', 'pour as ordinary beads, also onto a wisp')
    .option('--dry-run', 'only show what would be done')
    .withHelp({
      text: 'A formula is poured first, and the poured beads depend on the molecule. By default they are wisps if the molecule is one.',
      examples: [
        ['bd mol bond app-m1n2o app-p3q4r', 'the second molecule waits for the first one'],
        ['bd mol bond shiny app-m1n2o --var feature=login', 'pour a formula that waits for a molecule'],
        ['bd mol bond arm app-m1n2o --ref arm-{{who}} --var who=ace --type parallel', 'a part with a readable id'],
      ],
      see: ['bd mol pour', 'bd dep add'],
    })
    .action(async (a: string, b: string, options: BondOptions, invocation: Invocation) => {
      if (options.ephemeral && options.pour) throw new UserError('cannot use both --ephemeral and --pour');
      if (options.dryRun) {
        const [left, right] = await context.withLedger(invocation, async (backend) => [
          await operandOf(backend, a),
          await operandOf(backend, b),
        ]);
        const value = {
          a: left.id,
          b: right.id,
          bond_type: options.type,
          result: resultText(left, right),
          dry_run: true,
        };
        return context.print(invocation, value, () => previewLines(left, right, options));
      }
      const result = await context.call(invocation, MoleculeBond.spec, {
        a,
        b,
        type: options.type,
        vars: options.var ?? {},
        ...defined({ ref: options.ref, title: options.as }),
        ...(options.ephemeral || options.pour ? { ephemeral: options.ephemeral === true } : {}),
      });
      context.print(invocation, result, () => bondedLines(a, b, result));
    });
}

export function parseBondType(text: string): BondType {
  const type = bondTypes.find((name) => name === text);
  if (!type) throw new UserError(`invalid bond type '${text}', must be: sequential, parallel, or conditional`);
  return type;
}

interface Operand {
  id: string;
  title: string;
  isFormula: boolean;
}

/** Resolves an operand: a bead by its id, else a formula by its name, else a bead by a part of its id. */
async function operandOf(backend: Backend, given: string): Promise<Operand> {
  const [exact] = await backend.call(BeadList.spec, { ids: [given], all: true, limit: 1 });
  if (exact) return { id: exact.id, title: exact.title, isFormula: false };
  const formulas = await backend.call(FormulaList.spec, {});
  if (formulas.some(({ name }) => name === given)) return { id: given, title: given, isFormula: true };
  try {
    const [bead] = await backend.call(BeadShow.spec, { ids: [given] });
    return { id: bead!.id, title: bead!.title, isFormula: false };
  } catch (error) {
    if (!(error instanceof UserError && error.code === 'not-found')) throw error;
    throw new UserError(`'${given}' not found (not an issue ID or formula name)`, undefined, 'not-found');
  }
}

function resultText(a: Operand, b: Operand): string {
  if (a.isFormula && b.isFormula) return 'pour both, compound molecule';
  return a.isFormula || b.isFormula ? 'spawn proto, attach to molecule' : 'compound molecule';
}

function previewLines(a: Operand, b: Operand, options: BondOptions): string[] {
  const kind = ({ isFormula }: Operand): string => (isFormula ? 'formula → will cook as proto' : 'molecule');
  return [
    '',
    `Dry run: bond ${oneLine(a.id)} + ${oneLine(b.id)}`,
    `  A: ${oneLine(a.title)} (${kind(a)})`,
    `  B: ${oneLine(b.title)} (${kind(b)})`,
    `  Bond type: ${options.type}`,
    ...(options.ephemeral ? ['  Phase override: vapor (--ephemeral)'] : []),
    ...(options.pour ? ['  Phase override: liquid (--pour)'] : []),
    ...(options.ref === undefined ? [] : [`  Child ref: ${oneLine(options.ref)}`]),
    `  Result: ${resultText(a, b)}`,
    '',
  ];
}

function bondedLines(a: string, b: string, result: BondResult): string[] {
  return [
    `✓ Bonded: ${oneLine(a)} + ${oneLine(b)}`,
    `  Result: ${result.result_id} (${result.result_type})`,
    ...(result.spawned === undefined ? [] : [`  Spawned: ${result.spawned} issues`]),
  ];
}

interface SeedOptions {
  var?: Record<string, string>;
  patrol?: boolean;
}

export function addSeed(mol: CliCommand, context: BdContext): void {
  withVariableOption(mol.command('seed').description('check that a formula can be found and cooked'))
    .argument('[formula]')
    .hiddenOption('--patrol', 'the formulas of patrols, which a town does not need here')
    .withHelp({
      examples: [['bd mol seed shiny', 'fails with the problems of the formula']],
      see: ['bd formula show', 'bd cook'],
    })
    .action(async (formula: string | undefined, options: SeedOptions, invocation: Invocation) => {
      if (options.patrol)
        throw new UserError(
          'there are no formulas for patrols',
          'Rules of the engine do the work of patrols, without a model: see gt patrol.',
          'unavailable',
        );
      if (formula === undefined) throw new UserError('no formula given', 'bd mol seed <formula>');
      const { cooked } = await context.call(invocation, FormulaCook.spec, {
        formula,
        vars: options.var ?? {},
        keepVariables: options.var === undefined,
      });
      const value = { status: 'ok', formula, source: cooked.source, steps: cooked.steps.length };
      context.print(invocation, value, () => [
        `✓ Formula ${oneLine(formula)} accessible`,
        `  Source: ${oneLine(cooked.source)}`,
      ]);
    });
}
