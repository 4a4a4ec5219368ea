import { scriptBlocks } from '../../base/scriptBlocks';
import { UserError } from '../../base/errors';
import { isPlainObject } from '../../base/objects';
import { fillText } from '../compose/texts';
import type { Budget, Place } from '../limits';
import { error, type Formula, type Problem, type Step, type Variable } from '../model';
import { variableTypes } from '../schema';
import { allSteps } from '../steps';
import { PatternChecks } from './pattern';

const placeholder = /\{\{([a-zA-Z_][a-zA-Z0-9_]*)\}\}/g;
export const variableName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** Words of template languages, which occur in prompts for agents and are not variables. */
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

/**
 * Replaces `{{name}}` by values, once: placeholders within values stay, and so do those without a value.
 * @throws CompositionError if the string gets too long
 */
export function substitute(text: string, values: Values, budget: Budget, place: Place): string {
  return fillText(text, { pattern: placeholder, value: (name) => ownValue(values, name) }, budget, place);
}

/** Like `substitute`, in every string of metadata. */
export function substituteDeep(data: unknown, values: Values, budget: Budget, place: Place): unknown {
  if (typeof data === 'string') return substitute(data, values, budget, place);
  if (Array.isArray(data)) return data.map((item) => substituteDeep(item, values, budget, place));
  if (!isPlainObject(data)) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, item]) => [key, substituteDeep(item, values, budget, place)]),
  );
}

/** Names of variables in a string. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(placeholder)].map((match) => match[1] ?? '').filter((name) => !reservedWords.has(name));
}

/**
 * Names of variables in the blocks of a text that the `script` runtime would run. A block that is not closed has none.
 */
export function namesInScripts(text: string): string[] {
  let blocks: string[];
  try {
    blocks = scriptBlocks(text);
  } catch {
    return [];
  }
  return [...new Set(blocks.flatMap(namesIn))];
}

/** What to write instead of a placeholder in a block that runs: the value never becomes a part of a command. */
export function scriptPlaceholder(name: string): { text: string; hint: string } {
  return {
    text: `a \`\`\`sh block contains {{${name}}}, which would be run literally`,
    hint: `Write "$GT_VAR_${name}" there: the value of the variable reaches the script in the environment.`,
  };
}

/** Every string of a step in which variables are replaced. */
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

/** Names of all variables in strings of these steps and in the description of the formula. */
export function namesOf(formula: Pick<Formula, 'description'>, steps: readonly Step[]): Set<string> {
  const names = new Set(namesIn(formula.description));
  for (const step of allSteps(steps))
    for (const text of textsOf(step)) for (const name of namesIn(text)) names.add(name);
  return names;
}

/** Problems of the definition of a variable. */
export function variableProblems(name: string, variable: Variable, patterns = new PatternChecks()): Problem[] {
  const at = ['vars', name];
  const where = `vars.${name}`;
  const problems: Problem[] = [];
  if (name.trim() === '') problems.push(error('variable-name', 'vars', 'variable name cannot be empty', at));
  else if (!variableName.test(name))
    problems.push(
      error('variable-name', where, 'a name consists of letters, digits and _; others cannot be used in {{…}}', at),
    );
  if (variable.type !== undefined && !variableTypes.includes(variable.type)) {
    problems.push(
      error('invalid-value', where, `type must be string, int or bool, not ${JSON.stringify(variable.type)}`, [
        ...at,
        'type',
      ]),
    );
  }
  const broken = variable.pattern === undefined ? undefined : patterns.problem(variable.pattern);
  if (broken)
    problems.push(
      error('invalid-value', where, `invalid pattern ${JSON.stringify(abbreviate(variable.pattern!))}: ${broken}`, [
        ...at,
        'pattern',
      ]),
    );
  else if (variable.default) {
    for (const wrong of valueProblems(name, variable, variable.default, patterns))
      problems.push(error('invalid-value', where, `the default is not valid: ${wrong}`, [...at, 'default']));
  }
  return problems;
}

/** Problems of a value. An empty value is always valid. */
function valueProblems(name: string, variable: Variable, value: string, patterns: PatternChecks): string[] {
  if (value === '') return [];
  const reasons: string[] = [];
  if (variable.enum && !variable.enum.includes(value))
    reasons.push(`is not one of ${abbreviate(shortList(variable.enum), 400)}`);
  if (variable.type === 'int' && !/^[+-]?\d+$/.test(value)) reasons.push('is not a whole number');
  if (variable.type === 'bool' && !/^(?:true|false)$/i.test(value)) reasons.push('is neither true nor false');
  const mismatch = variable.pattern === undefined ? undefined : patterns.mismatch(variable.pattern, value);
  if (mismatch) reasons.push(mismatch);
  return reasons.map((reason) => `variable ${name}: ${JSON.stringify(abbreviate(value))} ${reason}`);
}

/** Maximum number of names or messages in one error. */
const MAX_LISTED = 20;

function shortList(names: readonly string[]): string {
  return `${names.slice(0, MAX_LISTED).join(', ')}${names.length > MAX_LISTED ? ' …' : ''}`;
}

function abbreviate(value: string, length = 80): string {
  return value.length > length ? `${value.slice(0, length)}…` : value;
}

export interface ValueSources {
  /** Values from a person or an agent. Unknown names are errors. */
  given: Values;
  /** Values from the caller's context, such as the id of the bead. Unknown names are ignored. */
  offered?: Values | undefined;
  /** Whether every variable needs a value, even if no step uses it. */
  complete?: boolean | undefined;
}

/**
 * The value of each variable: given, else offered, else the formula's default.
 * @param used names in strings of the steps that are kept
 * @throws UserError with all errors
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
      `the formula ${formula.name} has no variable ${shortList(unknown)}`,
      has.length > 0 ? `it has: ${shortList(has)}` : 'it has none',
    );
  }
  const values = initialValues(formula, sources);
  const missing = Object.entries(formula.vars)
    .filter(
      ([name, variable]) =>
        (values[name] === undefined && (sources.complete || variable.required || used.has(name))) ||
        (variable.required && values[name] === ''),
    )
    .map(([name]) => name);
  if (missing.length > 0) {
    const described = missing
      .slice(0, MAX_LISTED)
      .map((name) => `--var ${name}=<${abbreviate(formula.vars[name]?.description || 'value')}>`);
    throw sources.complete
      ? new UserError(
          'runtime mode requires all variables to have values',
          `Missing: ${shortList(missing)}\nProvide with: ${described.join(' ')}`,
        )
      : new UserError(`missing required variables: ${shortList(missing)}`, `Provide them with: ${described.join(' ')}`);
  }
  const patterns = new PatternChecks();
  const wrong = Object.entries(formula.vars).flatMap(([name, variable]) =>
    valueProblems(name, variable, values[name] ?? '', patterns),
  );
  if (wrong.length > 0)
    throw new UserError(`variable validation failed:\n  - ${wrong.slice(0, MAX_LISTED).join('\n  - ')}`);
  return values;
}

/** Like `resolveValues`, without checks. */
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
