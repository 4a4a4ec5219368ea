import { UserError } from '../../base/errors';
import type { Formula, Problem, Step, Variable } from '../model';
import { allSteps, error, warning } from '../model';
import { PatternChecks, patternProblem } from './pattern';
import { variableTypes } from '../schema';

const placeholder = /\{\{([a-zA-Z_][a-zA-Z0-9_]*)\}\}/g;
export const variableName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** Words of template languages that texts for agents hold as they are. */
export const reservedWords = new Set([
  'else',
  'this',
  'root',
  'index',
  'key',
  'first',
  'last',
  'end',
  'range',
  'with',
  'block',
  'define',
  'template',
  'nil',
]);

export type Values = Readonly<Record<string, string>>;

/** Values go in once: what stands in a value is never looked at again. Placeholders without a value stay. */
export function substitute(text: string, values: Values): string {
  return text.replace(placeholder, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );
}

/** The same in every text within metadata. */
export function substituteDeep(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return substitute(value, values);
  if (Array.isArray(value)) return value.map((item) => substituteDeep(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substituteDeep(item, values)]));
}

/** Names of variables in a text. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(placeholder)].map((match) => match[1] ?? '').filter((name) => !reservedWords.has(name));
}

/** Every text of a step in which variables are replaced. */
export function textsOf(step: Step): string[] {
  return [
    step.title,
    step.description,
    step.notes,
    step.acceptance,
    step.assignee,
    step.condition,
    ...step.labels,
    ...(step.metadata ? [JSON.stringify(step.metadata)] : []),
    ...(step.gate ? [step.gate.type, step.gate.awaitId, step.gate.timeout] : []),
  ];
}

export function namesOf(formula: Pick<Formula, 'description'>, steps: readonly Step[]): Set<string> {
  return new Set([formula.description, ...allSteps(steps).flatMap(textsOf)].flatMap(namesIn));
}

/** What a variable's definition gets wrong, whatever value it is given. */
export function variableProblems(name: string, variable: Variable, patterns = new PatternChecks()): Problem[] {
  const at = ['vars', name];
  const where = `vars.${name}`;
  const problems: Problem[] = [];
  if (name.trim() === '') problems.push(error('variable-name', 'vars', 'variable name cannot be empty', at));
  else if (!variableName.test(name))
    problems.push(
      error(
        'variable-name',
        where,
        'a name is made of letters, digits and _, and cannot be used in {{…}} otherwise',
        at,
      ),
    );
  if (variable.type !== undefined && !variableTypes.includes(variable.type)) {
    problems.push(
      error('invalid-value', where, `type must be string, int or bool, not ${JSON.stringify(variable.type)}`, [
        ...at,
        'type',
      ]),
    );
  }
  const broken = variable.pattern === undefined ? undefined : patternProblem(variable.pattern);
  if (broken)
    problems.push(
      error('invalid-value', where, `invalid pattern ${JSON.stringify(variable.pattern)}: ${broken}`, [
        ...at,
        'pattern',
      ]),
    );
  else if (variable.default) {
    for (const wrong of valueProblems(name, variable, variable.default))
      problems.push(error('invalid-value', where, `the default is no valid value: ${wrong}`, [...at, 'default']));
    const match = variable.pattern === undefined ? true : patterns.matches(variable.pattern, variable.default);
    if (match === false)
      problems.push(
        error(
          'invalid-value',
          where,
          `the default is no valid value: ${mismatchText(name, variable, variable.default)}`,
          [...at, 'default'],
        ),
      );
    if (match === 'too-slow')
      problems.push(warning('slow-pattern', where, slowPatternText(variable), [...at, 'pattern']));
  }
  return problems;
}

/** Why a value cannot be taken. An empty one means "none". */
function valueProblems(name: string, variable: Variable, value: string): string[] {
  if (value === '') return [];
  const shown = abbreviate(value);
  const problems: string[] = [];
  if (variable.enum && !variable.enum.includes(value))
    problems.push(`variable ${name}: ${JSON.stringify(shown)} is none of ${variable.enum.join(', ')}`);
  if (variable.type === 'int' && !/^[+-]?\d+$/.test(value))
    problems.push(`variable ${name}: ${JSON.stringify(shown)} is no whole number`);
  if (variable.type === 'bool' && !/^(?:true|false)$/i.test(value))
    problems.push(`variable ${name}: ${JSON.stringify(shown)} is neither true nor false`);
  return problems;
}

/** The same of its pattern, which may take its time. */
function patternMismatch(name: string, variable: Variable, value: string, patterns: PatternChecks): string[] {
  if (value === '' || variable.pattern === undefined) return [];
  const match = patterns.matches(variable.pattern, value);
  if (match === 'too-slow') return [`variable ${name}: ${slowPatternText(variable)}`];
  return match ? [] : [mismatchText(name, variable, value)];
}

function mismatchText(name: string, { pattern }: Variable, value: string): string {
  return `variable ${name}: ${JSON.stringify(abbreviate(value))} does not match the pattern ${pattern}`;
}

function slowPatternText({ pattern = '' }: Variable): string {
  return `the pattern ${abbreviate(pattern)} is too slow to check`;
}

function abbreviate(value: string): string {
  return value.length > 80 ? `${value.slice(0, 80)}…` : value;
}

export interface ValueSources {
  /** From a person or an agent. A name that the formula does not know is a slip. */
  given: Values;
  /** What the caller knows of by itself, such as the id of the bead; names that the formula does not know are passed over. */
  offered?: Values;
}

/**
 * The value of each variable: given, else offered, else the formula's default.
 * @param used names that stand in the texts of the steps that are left
 * @throws UserError with everything that is wrong
 */
export function resolveValues(
  formula: Formula,
  used: ReadonlySet<string>,
  sources: ValueSources,
): Record<string, string> {
  const unknown = Object.keys(sources.given).filter((name) => !Object.hasOwn(formula.vars, name) && !used.has(name));
  if (unknown.length > 0) {
    const has = Object.keys(formula.vars);
    throw new UserError(
      `the formula ${formula.name} has no variable ${unknown.join(', ')}`,
      has.length > 0 ? `it has: ${has.join(', ')}` : 'it has none',
    );
  }
  const values = initialValues(formula, sources);
  const missing = Object.entries(formula.vars)
    .filter(
      ([name, variable]) =>
        (values[name] === undefined && (variable.required || used.has(name))) ||
        (variable.required && values[name] === ''),
    )
    .map(([name]) => name);
  if (missing.length > 0) {
    const described = missing.map((name) => `--var ${name}=<${formula.vars[name]?.description || 'value'}>`);
    throw new UserError(
      `missing required variables: ${missing.join(', ')}`,
      `Provide them with: ${described.join(' ')}`,
    );
  }
  const patterns = new PatternChecks();
  const wrong = Object.entries(formula.vars).flatMap(([name, variable]) => [
    ...valueProblems(name, variable, values[name] ?? ''),
    ...patternMismatch(name, variable, values[name] ?? '', patterns),
  ]);
  if (wrong.length > 0) throw new UserError(`variable validation failed:\n  - ${wrong.join('\n  - ')}`);
  return values;
}

/** The same without complaint: what is known of the values before everything is checked. */
export function initialValues(formula: Formula, sources: ValueSources): Record<string, string> {
  const declared = Object.entries(formula.vars).flatMap(([name, variable]): [string, string][] => {
    const value = ownValue(sources.given, name) ?? ownValue(sources.offered ?? {}, name) ?? variable.default;
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries([...Object.entries(sources.given), ...declared]);
}

function ownValue(values: Values, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** `--var key=value`, split at the first `=`. */
export function parseVariable(text: string): [string, string] {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(equals, 0)).trim();
  if (name === '') throw new UserError(`invalid variable format '${text}', expected 'key=value'`);
  return [name, text.slice(equals + 1)];
}
