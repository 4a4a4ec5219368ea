import { localKeys } from '../../beads/storage/localMetadata';
import { unique } from '../../base/objects';
import { loopProblems, rangeProblem, unrolledCount } from '../compose/loops';
import { conditionProblem } from '../cook/conditions';
import { namesInScripts, scriptPlaceholder, initialValues, namesIn, textsOf } from '../cook/variables';
import { findCycle, formatCycle, type CycleEdge } from '../cycles';
import { count, limits } from '../limits';
import {
  error,
  formatPath,
  pathWithin,
  DEFAULT_PRIORITY,
  warning,
  type Formula,
  type OnComplete,
  type Path,
  type Problem,
  type ProblemLocation,
  type Step,
  quoted,
} from '../model';
import { gateTypes } from '../schema';
import { spawnerOf } from '../steps';
import type { Suggestions } from './suggestions';

/** Valid ids. Braces, because ids of templates contain `{target}`. */
export const stepIdPattern = /^[\w.:{}-]+$/;

/** A step with its place in messages: `steps[2].children[0]`. */
interface LocatedStep {
  step: Step;
  where: string;
}

/**
 * Problems of steps, individually and together.
 * @param suggestions for unknown ids; without them needs are not checked, because ids of templates are known only when
 * the template is used
 */
export function stepProblems(
  steps: readonly Step[],
  key: 'steps' | 'template',
  formula: Formula,
  suggestions?: Suggestions,
): Problem[] {
  const located = locateSteps(steps, [key]);
  const tooMany = sizeProblem(steps, located, key);
  if (tooMany) return [tooMany];
  const { ids, problems } = idProblems(located);
  const values = initialValues(formula, { given: {} });
  for (const { step, where } of located) {
    const named = step.id === '' ? where : `${where} (${step.id.slice(0, limits.idChars)})`;
    problems.push(
      ...singleStepProblems(step, named),
      ...loopOf(step, named, values),
      ...undeclared(step, named, formula),
      ...scriptProblems(step, named, formula),
    );
    if (suggestions) problems.push(...referenceProblems(step, named, ids, suggestions));
  }
  const cycle = findCycle(steps);
  if (cycle) problems.push(cycleProblem(cycle, key));
  return problems;
}

/** A value never becomes a part of a command. */
function scriptProblems(step: Step, where: string, { vars }: Formula): Problem[] {
  return namesInScripts(step.description)
    .filter((name) => Object.hasOwn(vars, name))
    .map((name) => {
      const { text, hint } = scriptPlaceholder(name);
      return error('script-placeholder', where, `${text}. ${hint}`, pathWithin(step, 'description'));
    });
}

function locateSteps(steps: readonly Step[], path: Path): LocatedStep[] {
  const located: LocatedStep[] = [];
  const visit = (list: readonly Step[], base: Path): void =>
    list.forEach((step, index) => {
      const at = [...base, index];
      located.push({ step, where: formatPath(at) });
      visit(step.children, [...at, 'children']);
      visit(step.loop?.body ?? [], [...at, 'loop', 'body']);
    });
  visit(steps, path);
  return located;
}

/** The problem of too many steps, which are then not checked any further. */
function sizeProblem(steps: readonly Step[], located: readonly LocatedStep[], key: string): Problem | undefined {
  const make = (text: string): Problem => error('too-many-steps', key, text, [key]);
  if (located.length > limits.steps)
    return make(`${count(located.length)} steps are too many (at most ${count(limits.steps)})`);
  if (unrolledCount(steps) > limits.steps)
    return make(`with all rounds of the loops there are more than ${count(limits.steps)} steps`);
  const needs = located.reduce((sum, { step }) => sum + step.needs.length, 0);
  if (needs > limits.needs) return make(`${count(needs)} needs are too many (at most ${count(limits.needs)})`);
  return undefined;
}

function idProblems(located: readonly LocatedStep[]): { ids: ReadonlySet<string>; problems: Problem[] } {
  const problems: Problem[] = [];
  const seen = new Map<string, LocatedStep>();
  for (const one of located) {
    const { step, where } = one;
    const first = seen.get(step.id);
    const at = pathWithin(step, 'id');
    if (step.id === '') problems.push(error('missing-key', where, 'id is required', at));
    else if (!stepIdPattern.test(step.id))
      problems.push(
        error(
          'invalid-value',
          where,
          `the id ${quoted(step.id)} may contain letters, digits, dots, hyphens and underscores`,
          at,
        ),
      );
    else if (step.id.length > limits.idChars)
      problems.push(
        error('invalid-value', where, `the id ${quoted(step.id)} is longer than ${limits.idChars} characters`, at),
      );
    else if (first)
      problems.push(
        error('duplicate-id', where, `duplicate id ${quoted(step.id)} (first defined at ${first.where})`, at, {
          related: [{ path: pathWithin(first.step, 'id'), text: 'first defined here' }],
        }),
      );
    else seen.set(step.id, one);
  }
  return { ids: new Set(seen.keys()), problems };
}

function singleStepProblems(step: Step, named: string): Problem[] {
  const problems: Problem[] = [];
  const at = (...keys: Path): Path => pathWithin(step, ...keys);
  if (step.title.trim() === '' && !step.expand)
    problems.push(error('missing-key', named, 'title is required (unless using expand)', at('title')));
  const { priority = DEFAULT_PRIORITY } = step;
  if (!Number.isInteger(priority) || priority < 0 || priority > 4)
    problems.push(error('invalid-value', named, 'priority must be 0-4', at('priority')));
  const condition = conditionProblem(step.condition);
  if (condition) problems.push(error('invalid-value', named, condition, at('condition')));
  if (step.gate && step.gate.type === '')
    problems.push(error('missing-key', named, 'gate.type is required', at('gate', 'type')));
  else if (step.gate && !gateTypes.includes(step.gate.type))
    problems.push(
      warning(
        'unknown-gate',
        named,
        `a gate of type ${quoted(step.gate.type)} never opens automatically; a person must close it (known types: ${gateTypes.join(', ')})`,
        at('gate', 'type'),
      ),
    );
  if (step.onComplete) problems.push(...onCompleteProblems(step, step.onComplete, named));
  for (const key of localKeys)
    if (step.metadata && Object.hasOwn(step.metadata, key))
      problems.push(
        warning(
          'engine-metadata',
          named,
          `metadata.${key} is reserved for the engine and ignored`,
          at('metadata', key),
        ),
      );
  return problems;
}

function loopOf(step: Step, named: string, values: Readonly<Record<string, string>>): Problem[] {
  const { loop } = step;
  if (!loop) return [];
  const problems = loopProblems(loop).map(({ key, text }) =>
    error('loop', named, `loop: ${text}`, pathWithin(step, 'loop', ...(key ? [key] : []))),
  );
  const range = rangeProblem(loop, values);
  if (range) {
    // Another value than the default may be valid.
    const report = loop.range?.includes('{') ? warning : error;
    problems.push(report('loop', named, `loop: ${range}`, pathWithin(step, 'loop', 'range')));
  }
  return problems;
}

function undeclared(step: Step, named: string, { vars }: Formula): Problem[] {
  const names = unique(textsOf(step).flatMap(namesIn)).filter((name) => !Object.hasOwn(vars, name));
  if (names.length === 0) return [];
  const shown = names.slice(0, 20).map((name) => `{{${name.slice(0, limits.nameChars)}}}`);
  return [
    warning(
      'undeclared-variable',
      named,
      `${shown.join(', ')} is not declared in [vars] and stays as it is`,
      pathWithin(step),
    ),
  ];
}

function onCompleteProblems(step: Step, onComplete: OnComplete, named: string): Problem[] {
  const { forEach, bond, parallel, sequential } = onComplete;
  const problems: [key: string, text: string][] = [];
  if (forEach && !bond) problems.push(['bond', 'bond is required when for_each is set']);
  if (bond && !forEach) problems.push(['for_each', 'for_each is required when bond is set']);
  if (forEach && !forEach.startsWith('output.'))
    problems.push(['for_each', `for_each must start with 'output.' (got ${quoted(forEach)})`]);
  if (parallel && sequential) problems.push(['sequential', 'cannot set both parallel and sequential']);
  return problems.map(([key, text]) =>
    error('on-complete', `${named}.on_complete`, text, pathWithin(step, 'on_complete', key)),
  );
}

function referenceProblems(step: Step, named: string, ids: ReadonlySet<string>, suggestions: Suggestions): Problem[] {
  const unknown = (text: string, id: string, path: Path, need?: string): Problem =>
    error('unknown-step', named, text, path, { hint: suggestions.didYouMean(id, ids), need });
  const problems = step.needs
    .filter((id) => !ids.has(id))
    .map((id) => unknown(`needs references unknown step ${quoted(id)}`, id, pathWithin(step), id));
  if (step.waitsFor === '') return problems;
  const at = pathWithin(step, 'waits_for');
  const spawner = spawnerOf(step.waitsFor);
  if (spawner === undefined && !['all-children', 'any-children'].includes(step.waitsFor)) {
    problems.push(
      error(
        'invalid-value',
        named,
        `waits_for has invalid value ${quoted(step.waitsFor)} (must be all-children, any-children, or children-of(step-id))`,
        at,
      ),
    );
  } else if (spawner === '')
    problems.push(error('invalid-value', named, 'waits_for children-of() requires a step ID', at));
  else if (spawner !== undefined && !ids.has(spawner))
    problems.push(unknown(`waits_for references unknown step ${quoted(spawner)} in children-of()`, spawner, at));
  else if (spawner === undefined && step.needs.length === 0)
    problems.push(
      warning(
        'waits-for-nothing',
        named,
        `waits_for ${step.waitsFor} has no effect without needs; name a step with children-of(…)`,
        at,
      ),
    );
  return problems;
}

function cycleProblem(cycle: readonly CycleEdge[], key: string): Problem {
  const related = locateCycle(cycle);
  const start = related.find(({ need }) => need !== undefined) ?? related[0];
  return error('cycle', key, `cycle detected involving: ${formatCycle(cycle)}`, start?.path ?? [key], {
    need: start?.need,
    related,
  });
}

/** Locations of the edges of a cycle: an id in `needs`, or a step within another. */
function locateCycle(cycle: readonly CycleEdge[]): (ProblemLocation & { text: string })[] {
  return cycle.slice(0, limits.problems).map(({ from, to, kind }) => {
    if (kind === 'needs') return { path: pathWithin(from), need: to.id, text: `${from.id} needs ${to.id}` };
    if (kind === 'child') return { path: pathWithin(to, 'id'), text: `${from.id} ends after its child ${to.id}` };
    return { path: pathWithin(from, 'id'), text: `${from.id} starts after its parent ${to.id}` };
  });
}
