import { plural } from '../../base/text';
import {
  FormulaList,
  FormulaShow,
  type FormulaDetails,
  type FormulaStep,
  type FormulaSummary,
  type FormulaVariable,
} from '../../protocol/formula';
import { treeBranches } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import { indent, oneLine, printable, type Paint } from '../shared/output';
import type { BdContext } from './context';
import { addFormulaConvert } from './formulaConvert';
import { defined, oneOf } from './options';

const formulaTypes = ['workflow', 'expansion', 'aspect', 'convoy'] as const;

/** Characters of a description in the list. */
const MAX_DESCRIPTION = 100;

/** `bd formula`: the templates of molecules. */
export function addFormula(program: CliCommand, context: BdContext): void {
  const formula = program.command('formula').description('formulas: templates that molecules are poured from');
  addList(formula, context);
  addShow(formula, context);
  addFormulaConvert(formula, context);
}

function addList(formula: CliCommand, context: BdContext): void {
  formula
    .command('list')
    .alias('ls')
    .description('list the formulas of the project, of yours, of the town and the built-in ones')
    .option('-t, --type <type>', formulaTypes.join(', '), (text: string) => oneOf(text, formulaTypes, 'type'))
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
    lines.length > 0 ? ['', title, ...lines.map((line) => `   ${line}`)] : [];
  const steps = stepTree(details.outline);
  const variables = [...details.variables].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    '',
    `📋 ${paint('bold', oneLine(details.name))}`,
    `   Type: ${details.type}`,
    ...(details.description ? [`   Description: ${indent(printable(details.description), 3).trimStart()}`] : []),
    `   Source: ${oneLine(details.source)}`,
    ...section('📝 Variables:', variables.map(variableLine)),
    ...section(`🌲 Steps (${steps.length}):`, steps),
    ...section(paint('red', 'Errors:'), details.errors.map(oneLine)),
    ...section(paint('yellow', 'Warnings:'), details.warnings.map(oneLine)),
    '',
  ];
}

function variableLine(variable: FormulaVariable): string {
  const notes = [
    ...(variable.required ? ['required'] : []),
    ...(variable.default === undefined ? [] : [`default=${JSON.stringify(variable.default)}`]),
    ...(variable.enum ? [`enum=[${variable.enum.join(',')}]`] : []),
    ...(variable.pattern === undefined ? [] : [`pattern=${variable.pattern}`]),
  ];
  const note = notes.length > 0 ? ` [${notes.join(', ')}]` : '';
  return oneLine(`{{${variable.name}}}: ${variable.description ?? ''}${note}`);
}

/** Steps as a tree, each with its type and the steps that it needs. @param after text after a step */
export function stepTree(steps: readonly FormulaStep[], after: (step: FormulaStep) => string = () => ''): string[] {
  const flat = flatSteps(steps, 1);
  const branches = treeBranches(flat.map(({ depth }) => depth));
  return flat.map(({ step }, index) => {
    const type = step.type && step.type !== 'task' ? ` (${step.type})` : '';
    const needs = step.needs ? ` [needs: ${step.needs.join(', ')}]` : '';
    const gate = step.gate ? ` [gate: ${[step.gate.type, step.gate.id].filter(Boolean).join(' ')}]` : '';
    return `${branches[index] ?? ''}${oneLine(`${step.id}: ${step.title}${type}${needs}${gate}${after(step)}`)}`;
  });
}

function flatSteps(steps: readonly FormulaStep[], depth: number): { step: FormulaStep; depth: number }[] {
  return steps.flatMap((step) => [{ step, depth }, ...flatSteps(step.children ?? [], depth + 1)]);
}
