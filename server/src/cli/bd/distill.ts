import path from 'node:path';
import { UserError } from '../../base/errors';
import { writeFileAtomic } from '../../base/safeFiles';
import { isPresent } from '../../base/safePaths';
import { type Bead } from '../../protocol/bead';
import { LedgerInfoGet } from '../../protocol/ledger';
import { treeBranches } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import { collectVariable } from '../shared/variableArgument';
import type { BdContext } from './context';
import { formulaOfBeads, type DistilledFormula, type DistilledStep } from './distilledFormula';
import { moleculeParts } from './moleculeView';

/** `bd mol distill`: an epic or a molecule as a formula file. */

interface DistillOptions {
  var?: Record<string, string>;
  output?: string;
  force?: boolean;
  dryRun?: boolean;
}

export function addDistill(mol: CliCommand, context: BdContext): void {
  mol
    .command('distill')
    .description('write a formula from an epic or a molecule and its descendants')
    .argument('<id>')
    .argument('[name]', 'name of the formula (default: from the title)')
    .option('--var <name=text>', 'the text becomes the placeholder {{name}}', collectVariable)
    .option('--output <folder>', 'folder of the file (default: formulas in the ledger)')
    .option('-f, --force', 'replace a formula of this name')
    .option('--dry-run', 'only show the steps')
    .withHelp({
      examples: [
        ['bd mol distill app-a1b2c release', 'the file release.formula.json'],
        ['bd mol distill app-a1b2c release --var version=1.2.0', 'with a variable in place of 1.2.0'],
      ],
      see: ['bd mol pour', 'bd formula show'],
    })
    .action(async (id: string, name: string | undefined, options: DistillOptions, invocation: Invocation) => {
      const { parts, directory } = await context.withLedger(invocation, async (backend) => ({
        parts: await moleculeParts(backend, id, `'${id}' not found`),
        directory: (await backend.call(LedgerInfoGet.spec, {})).directory,
      }));
      const formula = formulaOfBeads(parts, { name, vars: options.var ?? {} });
      const folder = options.output === undefined ? path.join(directory, 'formulas') : options.output;
      const file = path.resolve(context.process.cwd, folder, `${formula.formula}.formula.json`);
      const steps = flatSteps(formula.steps, 1);
      if (!options.dryRun) writeFormula(file, formula, options.force === true);
      const value = {
        formula_name: formula.formula,
        formula_path: file,
        steps: steps.length,
        variables: Object.keys(formula.vars ?? {}),
      };
      context.print(invocation, options.dryRun ? { ...value, dry_run: true } : value, () =>
        options.dryRun ? previewLines(parts[0]!, formula, file) : writtenLines(value),
      );
    });
}

function writeFormula(file: string, formula: DistilledFormula, replace: boolean): void {
  if (!replace && isPresent(file))
    throw new UserError(`${file} exists already`, 'Choose another name, or replace it with --force.', 'conflict');
  writeFileAtomic(file, JSON.stringify(formula, null, 2));
}

function flatSteps(steps: readonly DistilledStep[], depth: number): { step: DistilledStep; depth: number }[] {
  return steps.flatMap((step) => [{ step, depth }, ...flatSteps(step.children ?? [], depth + 1)]);
}

function previewLines(root: Bead, formula: DistilledFormula, file: string): string[] {
  const steps = flatSteps(formula.steps, 1);
  const branches = treeBranches(steps.map(({ depth }) => depth));
  return [
    '',
    `Dry run: would distill ${steps.length} steps from ${root.id} into formula`,
    '',
    `Formula: ${formula.formula}`,
    `Output: ${file}`,
    ...(formula.vars ? ['', 'Variables:', ...Object.keys(formula.vars).map((name) => `  ${name}`)] : []),
    '',
    'Structure:',
    ...steps.map(({ step }, index) => `${branches[index] ?? ''}${oneLine(`${step.id}: ${step.title}`)}`),
  ];
}

function writtenLines(value: {
  formula_name: string;
  formula_path: string;
  steps: number;
  variables: string[];
}): string[] {
  const vars = value.variables.map((name) => ` --var ${name}=<value>`).join('');
  return [
    `✓ Distilled formula: ${value.steps} steps`,
    `  Formula: ${oneLine(value.formula_name)}`,
    `  Path: ${oneLine(value.formula_path)}`,
    ...(value.variables.length > 0 ? [`  Variables: ${value.variables.join(', ')}`] : []),
    '',
    'To instantiate:',
    `  bd mol pour ${oneLine(value.formula_name)}${vars}`,
  ];
}
