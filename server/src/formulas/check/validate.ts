import { count, limits } from '../limits';
import { error, pathWithin, warning, type Formula, type Path, type Problem, quoted } from '../model';
import { PatternChecks } from '../cook/pattern';
import { variableProblems } from '../cook/variables';
import { composeProblems } from './composeEntries';
import { stepProblems } from './steps';
import { Suggestions } from './suggestions';

/** All problems of a formula that is merged with its parents. */
export function validate(formula: Formula): Problem[] {
  const tooMany = sizeProblems(formula);
  if (tooMany.length > 0) return tooMany;
  const suggestions = new Suggestions();
  return [
    ...headProblems(formula),
    ...variablesProblems(formula),
    ...contentProblems(formula),
    ...adviceProblems(formula),
    ...(formula.type === 'convoy' ? convoyProblems(formula, suggestions) : []),
    ...composeProblems(formula, suggestions),
    ...stepProblems(formula.steps, 'steps', formula, suggestions),
    ...stepProblems(formula.template, 'template', formula),
  ];
}

/** Problems of size; a formula that is too large is not checked any further. */
function sizeProblems({ vars, advice, legs, compose, extends: parents }: Formula): Problem[] {
  const sizes: [what: string, size: number, most: number, path: Path][] = [
    ['variables', Object.keys(vars).length, limits.entries, ['vars']],
    ['advices', advice.length, limits.entries, ['advice']],
    ['legs', legs.length, limits.entries, ['legs']],
    ['parents', parents.length, limits.parents, ['extends']],
    ...Object.entries(compose).map(([key, list]: [string, readonly unknown[]]): [string, number, number, Path] => [
      `entries of compose.${key}`,
      list.length,
      limits.entries,
      ['compose'],
    ]),
  ];
  return sizes
    .filter(([, size, most]) => size > most)
    .map(([what, size, most, path]) =>
      error('too-many', String(path[0]), `${count(size)} ${what} are too many (at most ${count(most)})`, path),
    );
}

function headProblems({ name, version }: Formula): Problem[] {
  const problems: Problem[] = [];
  if (name === '') problems.push(error('missing-key', 'formula', 'name is required', ['formula']));
  else if (!/^[\w.-]+$/.test(name) || name.length > limits.nameChars)
    problems.push(
      error(
        'invalid-value',
        'formula',
        `the name may contain letters, digits, dots, hyphens and underscores, at most ${limits.nameChars}`,
        ['formula'],
      ),
    );
  if (!Number.isInteger(version) || version < 1)
    problems.push(error('invalid-value', 'version', 'must be a whole number of 1 or more', ['version']));
  return problems;
}

function variablesProblems({ vars }: Formula): Problem[] {
  const patterns = new PatternChecks();
  return Object.entries(vars).flatMap(([name, variable]) => [
    ...variableProblems(name, variable, patterns),
    ...(variable.required && variable.default !== undefined
      ? [
          warning(
            'required-default',
            `vars.${name}`,
            'cannot have both required:true and default; the default is used (bd refuses this)',
            ['vars', name, 'required'],
          ),
        ]
      : []),
  ]);
}

/** Content that is missing for the type of the formula. */
function contentProblems(formula: Formula): Problem[] {
  const missing = (key: string, text: string): Problem[] => [error('missing-content', key, text, [key])];
  switch (formula.type) {
    case 'workflow':
      return formula.steps.length > 0 ? [] : missing('steps', 'a workflow formula requires at least one step');
    case 'expansion':
      return formula.template.length > 0
        ? []
        : missing('template', 'an expansion formula requires at least one template');
    case 'aspect':
      return formula.advice.length > 0 || formula.analyses.length > 0
        ? []
        : missing('advice', 'an aspect formula requires at least one advice or aspect');
    case 'convoy':
      return formula.legs.length > 0 ? [] : missing('legs', 'a convoy formula requires at least one leg');
  }
}

function adviceProblems({ advice: advices }: Formula): Problem[] {
  return advices.flatMap((advice, index) => {
    const where = `advice[${index}]`;
    const steps = [...advice.before, ...advice.after];
    const problems: Problem[] = [];
    if (advice.target === '')
      problems.push(error('missing-key', where, 'target is required', pathWithin(advice, 'target')));
    if (advice.target.length > limits.globChars)
      problems.push(
        error(
          'invalid-value',
          where,
          `target is longer than ${limits.globChars} characters`,
          pathWithin(advice, 'target'),
        ),
      );
    if (steps.length === 0)
      problems.push(error('missing-key', where, 'before, after or around is required', pathWithin(advice)));
    if (steps.some((step) => step.id === ''))
      problems.push(error('missing-key', where, 'each of its steps needs an id', pathWithin(advice)));
    return problems;
  });
}

function convoyProblems(formula: Formula, suggestions: Suggestions): Problem[] {
  const problems: Problem[] = [];
  const ids = new Map<string, Path>();
  formula.legs.forEach((leg, index) => {
    const at = pathWithin(leg, 'id');
    const first = ids.get(leg.id);
    if (leg.id === '') problems.push(error('missing-key', `legs[${index}]`, 'id is required', at));
    else if (first)
      problems.push(
        error('duplicate-id', `legs[${index}]`, `duplicate leg id ${quoted(leg.id)}`, at, {
          related: [{ path: first, text: 'first defined here' }],
        }),
      );
    else ids.set(leg.id, at);
  });
  const needs = formula.synthesis?.needs ?? [];
  needs.forEach((id, index) => {
    if (!ids.has(id))
      problems.push(
        error(
          'unknown-leg',
          'synthesis',
          `depends_on references unknown leg ${quoted(id)}`,
          ['synthesis', 'depends_on', index],
          { hint: suggestions.didYouMean(id, ids.keys()) },
        ),
      );
  });
  return problems;
}
