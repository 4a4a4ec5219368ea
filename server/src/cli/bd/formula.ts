import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../base/errors';
import {
  FormulaCook,
  FormulaList,
  FormulaShow,
  type CookedFormula,
  type FormulaDetails,
  type FormulaSummary,
} from '../../protocol/formula';
import { oneLine, printable, type Paint } from '../shared/output';
import type { BdContext } from './context';
import { readFormulaFile } from '../../formulas/registry/files';
import { addVariables } from '../shared/variableOption';
import { defined } from './options';

/** `bd formula` and `bd cook`. */
export function addFormulas(program: Command, context: BdContext): void {
  const formula = program.command('formula').description('formulas: what molecules are poured from');
  addList(formula, context);
  addShow(formula, context);
  addCook(program, context);
}

function addList(formula: Command, context: BdContext): void {
  const command = formula
    .command('list')
    .alias('ls')
    .description('list the formulas of the project, of yours, of the town and the built-in ones')
    .option('-t, --type <type>', 'workflow, expansion, aspect or convoy')
    .action(async (options: { type?: string }) =>
      context.run(command, async (backend) => {
        const formulas = await backend.call(FormulaList.spec, defined({ type: options.type }));
        context.print(command, formulas, () =>
          formulas.length === 0 ? ['No formulas.'] : formulas.flatMap((entry) => listLines(entry, context.paint())),
        );
      }),
    );
}

function listLines(entry: FormulaSummary, paint: Paint): string[] {
  const facts = [entry.type, `${entry.steps} ${entry.steps === 1 ? 'step' : 'steps'}`, entry.tier].filter(
    (fact) => fact !== '',
  );
  const description = oneLine(entry.description).slice(0, 100);
  return [
    `${entry.errors.length > 0 ? paint('red', '✗') : paint('green', '●')} ${paint('bold', oneLine(entry.name))} ${paint('dim', `(${facts.join(', ')})`)}${description ? ` ${description}` : ''}`,
    ...entry.errors.map((error) => `    ${paint('red', oneLine(error))}`),
  ];
}

function addShow(formula: Command, context: BdContext): void {
  const command = formula
    .command('show')
    .description('show one formula: its variables, its steps, and what is wrong with it')
    .argument('<name>', 'name of the formula')
    .action(async (name: string) =>
      context.run(command, async (backend) => {
        const details = await backend.call(FormulaShow.spec, { name });
        context.print(command, { ...details.raw, source: details.source }, () => detailLines(details, context.paint()));
      }),
    );
}

function detailLines(details: FormulaDetails, paint: Paint): string[] {
  const lines = [
    `${paint('bold', oneLine(details.name))} ${paint('dim', `(${details.type}, ${oneLine(details.source)})`)}`,
  ];
  if (details.description)
    lines.push(
      '',
      ...printable(details.description)
        .split('\n')
        .map((line) => `  ${line}`),
    );
  if (details.variables.length > 0) lines.push('', paint('bold', 'Variables'));
  for (const variable of details.variables) {
    const facts = [
      variable.required ? 'required' : '',
      variable.default === undefined ? '' : `default ${JSON.stringify(variable.default)}`,
      variable.enum ? `one of ${variable.enum.join(', ')}` : '',
    ];
    const note = facts.filter((fact) => fact !== '').join(', ');
    lines.push(
      `  ${paint('cyan', oneLine(variable.name))}${note ? ` (${oneLine(note)})` : ''}${variable.description ? `: ${oneLine(variable.description)}` : ''}`,
    );
  }
  if (details.outline.length > 0) lines.push('', paint('bold', 'Steps'), ...outlineLines(details.outline, paint));
  for (const [name, list, colour] of [
    ['Errors', details.errors, 'red'],
    ['Warnings', details.warnings, 'yellow'],
  ] as const) {
    if (list.length > 0) lines.push('', paint(colour, name), ...list.map((message) => `  ${oneLine(message)}`));
  }
  return lines;
}

function outlineLines(steps: FormulaDetails['outline'], paint: Paint): string[] {
  const depth = new Map<string, number>();
  return steps.map((step, index) => {
    const level = step.parent === undefined ? 0 : (depth.get(step.parent) ?? 0) + 1;
    depth.set(step.id, level);
    const needs = step.needs.length > 0 ? paint('dim', ` ← ${step.needs.map(oneLine).join(', ')}`) : '';
    return `  ${'  '.repeat(level)}${index + 1}. ${paint('bold', oneLine(step.id))} ${oneLine(step.title)}${needs}`;
  });
}

interface CookCommandOptions {
  var?: Record<string, string>;
  mode?: string;
  dryRun?: boolean;
}

function addCook(program: Command, context: BdContext): void {
  const command = addVariables(
    program.command('cook').description('show what a formula makes, with everything that it extends and puts in'),
  )
    .argument('<formula>', 'name of a formula, or a file')
    .option('--mode <mode>', 'compile: placeholders stay; runtime: all variables have values')
    .option('--dry-run', 'the steps in short')
    .action(async (formula: string, options: CookCommandOptions) =>
      context.run(command, async (backend) => {
        if (options.mode !== undefined && !['compile', 'runtime'].includes(options.mode))
          throw new UserError(`invalid mode: ${options.mode}`, 'Use compile or runtime.');
        const runtime = options.mode === 'runtime' || (options.mode === undefined && options.var !== undefined);
        const cooked = await backend.call(FormulaCook.spec, {
          formula: formulaArgument(formula, context),
          vars: options.var ?? {},
          keepVariables: !runtime,
        });
        const { warnings, ...proto } = cooked;
        for (const warning of warnings) context.note(`Warning: ${oneLine(warning)}`);
        context.print(command, proto, () =>
          options.dryRun ? cookedLines(cooked, context.paint()) : [printable(JSON.stringify(proto, null, 2))],
        );
      }),
    );
}

function cookedLines(cooked: CookedFormula, paint: Paint): string[] {
  return [
    `${paint('bold', oneLine(cooked.formula))}: ${cooked.steps.length} ${cooked.steps.length === 1 ? 'step' : 'steps'} (${cooked.phase})`,
    ...outlineLines(cooked.steps, paint),
  ];
}

/** A word is a name; whatever looks like a file is read here, where the caller is. */
export function formulaArgument(text: string, context: BdContext): string | { text: string; file: string } {
  if (!/[\\/]/.test(text) && !/\.(?:toml|json)$/.test(text)) return text;
  const file = path.resolve(context.surroundings.cwd, text);
  const found = readFormulaFile(file);
  if (found === undefined)
    throw new UserError(`there is no file ${text}`, 'Give the name of a formula, or the path of a file.', 'not-found');
  return { text: found, file };
}
