import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors';
import { collectVariable } from '../shared/variableArgument';
import { readFormulaFile } from '../../formulas/registry/files';
import { FormulaCook, type CookedFormula, type CookResult } from '../../protocol/formula';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine, printable } from '../shared/output';
import type { BdContext } from './context';
import { stepTree } from './formula';
import { collect, defined } from './options';

interface CookOptions {
  var?: Record<string, string>;
  mode?: string;
  dryRun?: boolean;
  searchPath?: string[];
  persist?: boolean;
  force?: boolean;
  prefix?: string;
}

export function addCook(program: CliCommand, context: BdContext): void {
  withVariableOption(
    program.command('cook <formula>').description('print the steps of a formula, with all formulas that it includes'),
  )
    .option('--mode <mode>', 'compile: placeholders stay; runtime: all variables have values')
    .option('--search-path <folder>', 'a folder of formulas that is searched first; may be repeated', collect)
    .option('--dry-run', 'print the steps in short')
    .hiddenOption('--persist', 'refused: formulas are not stored as beads')
    .hiddenOption('--force', 'refused, like --persist')
    .hiddenOption('--prefix <prefix>', 'refused, like --persist')
    .withHelp({
      text: 'Creates no beads. Without --var the placeholders stay, unless --mode changes that.',
      examples: [
        ['bd cook shiny --dry-run', 'the steps in short'],
        ['bd cook ./my.formula.toml --var feature=login', 'a file of your own, with a value'],
      ],
      see: ['bd formula show', 'bd mol pour'],
    })
    .action(async (formula: string, options: CookOptions, invocation: Invocation) => {
      if (options.mode !== undefined && !['compile', 'runtime'].includes(options.mode))
        throw new UserError(`invalid mode '${options.mode}', must be 'compile' or 'runtime'`);
      refuseToStore(options);
      const isRuntime = options.mode === 'runtime' || (options.mode === undefined && options.var !== undefined);
      const result = await context.call(invocation, FormulaCook.spec, {
        formula: readFormula(formula, context),
        vars: options.var ?? {},
        keepVariables: !isRuntime,
        ...defined({ searchPaths: options.searchPath?.map((folder) => existingFolder(folder, context)) }),
      });
      for (const warning of result.warnings) context.note(`Warning: ${oneLine(warning)}`);
      const { cooked } = result;
      context.print(invocation, cooked, () =>
        options.dryRun ? previewLines(result, isRuntime) : printable(JSON.stringify(cooked, null, 2)),
      );
    });
}

/** A stored copy would be out of date as soon as the file changes. */
function refuseToStore({ persist, force, prefix }: CookOptions): void {
  if (persist || force || prefix !== undefined)
    throw new UserError(
      'formulas are not stored as beads: each molecule is poured from the file of its formula',
      'bd mol pour <formula>',
      'refused',
    );
}

/** @throws UserError if there is no such folder */
function existingFolder(folder: string, { process }: BdContext): string {
  const directory = path.resolve(process.cwd, folder);
  if (!fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`there is no folder ${folder}`, 'Name a folder with formulas.', 'not-found');
  return directory;
}

function previewLines({ cooked, values, used, places }: CookResult, isRuntime: boolean): string[] {
  const name = oneLine(cooked.formula);
  const steps = stepTree(cooked.steps, (step) => {
    const place = Object.hasOwn(places, step.id) ? places[step.id] : undefined;
    return place === undefined ? '' : ` [from: ${name}@${place}]`;
  });
  const mode = isRuntime ? 'runtime' : 'compile-time';
  const note = isRuntime ? 'variables substituted' : '{{variables}} shown as placeholders';
  return [
    '',
    `Dry run: would cook formula ${name} as proto ${name} (${mode} mode)`,
    '',
    `Steps (${steps.length}) [${note}]:`,
    ...steps.map((line) => `  ${line}`),
    ...(used.length > 0 ? ['', `Variables used: ${used.map(oneLine).join(', ')}`] : []),
    ...(isRuntime ? valueLines(values) : definitionLines(cooked)),
  ];
}

function valueLines(values: Readonly<Record<string, string>>): string[] {
  const lines = Object.entries(values).map(([name, value]) => `  {{${oneLine(name)}}} = ${oneLine(value)}`);
  return lines.length > 0 ? ['', 'Variable values:', ...lines] : [];
}

function definitionLines({ vars = {} }: CookedFormula): string[] {
  const lines = Object.entries(vars).map(([name, one]) => {
    const notes = [
      ...(one.required ? ['required'] : []),
      ...(one.default === undefined ? [] : [`default=${one.default}`]),
      ...(one.enum ? [`enum=[${one.enum.join(',')}]`] : []),
      ...(one.pattern === undefined ? [] : [`pattern=${one.pattern}`]),
    ];
    const note = notes.length > 0 ? ` (${notes.join(', ')})` : '';
    return `  ${oneLine(`{{${name}}}: ${one.description ?? ''}${note}`)}`;
  });
  return lines.length > 0 ? ['', 'Variable definitions:', ...lines] : [];
}

/** `--var key=value`, which may be given several times. */
export function withVariableOption(command: CliCommand): CliCommand {
  return command.option('--var <key=value>', 'value of a variable', collectVariable);
}

/** The name of a formula, or the text of a file if the argument looks like a path. */
export function readFormula(argument: string, { process }: BdContext): string | { text: string; file: string } {
  if (!/[\\/]/.test(argument) && !/\.(?:toml|json)$/.test(argument)) return argument;
  const file = path.resolve(process.cwd, argument);
  const text = readFormulaFile(file);
  if (text === undefined)
    throw new UserError(
      `there is no file ${argument}`,
      'Give the name of a formula, or the path of a file.',
      'not-found',
    );
  return { text, file };
}
