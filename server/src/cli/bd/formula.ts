import { plural } from '../../base/text';
import { FormulaList, FormulaShow, type FormulaDetails, type FormulaSummary } from '../../protocol/formula';
import type { CliCommand, Invocation } from '../shared/command';
import { indent, oneLine, printable, type Paint } from '../shared/output';
import type { BdContext } from './context';
import { defined } from './options';

/** Characters of a description that the list shows. */
const MAX_DESCRIPTION = 100;

/** `bd formula`: what molecules are poured from. */
export function addFormula(program: CliCommand, context: BdContext): void {
  const formula = program.command('formula').description('formulas: templates that molecules are poured from');
  addList(formula, context);
  addShow(formula, context);
}

function addList(formula: CliCommand, context: BdContext): void {
  formula
    .command('list')
    .alias('ls')
    .description('list the formulas of the project, of yours, of the town and the built-in ones')
    .option('-t, --type <type>', 'workflow, expansion, aspect or convoy')
    .withHelp({
      text: 'A formula is a TOML file. A name is looked up in the ledger (.beads/formulas), the checkout, ~/.beads/formulas, the town and the built-in formulas, in this order.',
      examples: [
        ['bd formula list', 'all formulas'],
        ['bd formula list --type workflow --json', 'of one type, for a program'],
      ],
      see: ['bd formula show', 'bd mol pour'],
    })
    .action(async (options: { type?: string }, invocation: Invocation) => {
      const formulas = await context.call(invocation, FormulaList.spec, defined({ type: options.type }));
      context.print(invocation, formulas, () =>
        formulas.length === 0 ? 'No formulas.' : formulas.flatMap((entry) => summaryLines(entry, context.paint)),
      );
    });
}

function summaryLines(entry: FormulaSummary, paint: Paint): string[] {
  const facts = [entry.type, plural(entry.steps, 'step'), entry.tier].filter((fact) => fact !== '').join(', ');
  const mark = entry.errors.length > 0 ? paint('red', '✗') : paint('green', '●');
  const description = oneLine(entry.description).slice(0, MAX_DESCRIPTION);
  return [
    `${mark} ${paint('bold', oneLine(entry.name))} ${paint('dim', `(${facts})`)}${description ? ` ${description}` : ''}`,
    ...entry.errors.map((error) => `    ${paint('red', oneLine(error))}`),
  ];
}

function addShow(formula: CliCommand, context: BdContext): void {
  formula
    .command('show')
    .description('show one formula: its variables, its steps and its errors')
    .argument('<name>', 'name of the formula')
    .withHelp({ examples: [['bd formula show shiny', 'its variables and steps']], see: ['bd cook'] })
    .action(async (name: string, _options: unknown, invocation: Invocation) => {
      const details = await context.call(invocation, FormulaShow.spec, { name });
      const { paint } = context;
      context.print(invocation, { ...details.raw, source: details.source }, () => detailLines(details, paint));
    });
}

function detailLines(details: FormulaDetails, paint: Paint): string[] {
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length > 0 ? ['', title, ...lines] : [];
  return [
    `${paint('bold', oneLine(details.name))} ${paint('dim', `(${details.type}, ${oneLine(details.source)})`)}`,
    ...(details.description ? ['', indent(printable(details.description), 2)] : []),
    ...section(
      paint('bold', 'Variables'),
      details.variables.map((variable) => variableLine(variable, paint)),
    ),
    ...section(paint('bold', 'Steps'), outlineLines(details.outline, paint)),
    ...section(paint('red', 'Errors'), details.errors.map(messageLine)),
    ...section(paint('yellow', 'Warnings'), details.warnings.map(messageLine)),
  ];
}

function messageLine(message: string): string {
  return `  ${oneLine(message)}`;
}

function variableLine(variable: FormulaDetails['variables'][number], paint: Paint): string {
  const notes = [
    variable.required ? 'required' : '',
    variable.default === undefined ? '' : `default ${JSON.stringify(variable.default)}`,
    variable.enum ? `one of ${variable.enum.join(', ')}` : '',
  ].filter((note) => note !== '');
  const note = notes.length > 0 ? ` (${oneLine(notes.join(', '))})` : '';
  const description = variable.description ? `: ${oneLine(variable.description)}` : '';
  return `  ${paint('cyan', oneLine(variable.name))}${note}${description}`;
}

/** Steps as a numbered tree, each with the steps that it needs. */
export function outlineLines(steps: FormulaDetails['outline'], paint: Paint): string[] {
  const depth = new Map<string, number>();
  return steps.map((step, index) => {
    const level = step.parent === undefined ? 0 : (depth.get(step.parent) ?? 0) + 1;
    depth.set(step.id, level);
    const needs = step.needs.length > 0 ? paint('dim', ` ← ${step.needs.map(oneLine).join(', ')}`) : '';
    return `  ${'  '.repeat(level)}${index + 1}. ${paint('bold', oneLine(step.id))} ${oneLine(step.title)}${needs}`;
  });
}
