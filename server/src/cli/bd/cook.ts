import path from 'node:path';
import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import { collectVariable } from '../shared/variableArgument';
import { readFormulaFile } from '../../formulas/registry/files';
import { FormulaCook, type CookedFormula } from '../../protocol/formula';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine, printable, type Paint } from '../shared/output';
import type { BdContext } from './context';
import { outlineLines } from './formula';

interface CookOptions {
  var?: Record<string, string>;
  mode?: string;
  dryRun?: boolean;
}

export function addCook(program: CliCommand, context: BdContext): void {
  withVariableOption(
    program.command('cook <formula>').description('print the steps of a formula, with all formulas that it includes'),
  )
    .option('--mode <mode>', 'compile: placeholders stay; runtime: all variables have values')
    .option('--dry-run', 'print the steps in short')
    .withHelp({
      text: 'Creates no beads. Without --var the placeholders stay, unless --mode says otherwise.',
      examples: [
        ['bd cook shiny --dry-run', 'the steps in short'],
        ['bd cook ./my.formula.toml --var feature=login', 'a file of your own, with a value'],
      ],
      see: ['bd formula show', 'bd mol pour'],
    })
    .action(async (formula: string, options: CookOptions, invocation: Invocation) => {
      if (options.mode !== undefined && !['compile', 'runtime'].includes(options.mode))
        throw new UserError(`invalid mode '${options.mode}', must be 'compile' or 'runtime'`);
      const isRuntime = options.mode === 'runtime' || (options.mode === undefined && options.var !== undefined);
      const cooked = await context.call(invocation, FormulaCook.spec, {
        formula: readFormula(formula, context),
        vars: options.var ?? {},
        keepVariables: !isRuntime,
      });
      const { warnings, ...proto } = cooked;
      for (const warning of warnings) context.note(`Warning: ${oneLine(warning)}`);
      context.print(invocation, proto, () =>
        options.dryRun ? outline(cooked, context.paint) : printable(JSON.stringify(proto, null, 2)),
      );
    });
}

function outline(cooked: CookedFormula, paint: Paint): string[] {
  const head = `${paint('bold', oneLine(cooked.formula))}: ${plural(cooked.steps.length, 'step')} (${cooked.phase})`;
  return [head, ...outlineLines(cooked.steps, paint)];
}

/** `--var key=value`, which may be given several times. */
export function withVariableOption(command: CliCommand): CliCommand {
  return command.option('--var <key=value>', 'value of a variable', collectVariable);
}

/** The name of a formula, or the text of a file where the argument looks like a path. */
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
