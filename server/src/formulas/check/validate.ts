import { localKeys } from '../../beads/storage/localMetadata';
import { conditionProblem } from '../cook/conditions';
import { findCycle, formatCycle, type CycleEdge } from '../cycles';
import { closestMatch } from '../../base/text';
import { formatPath } from './unknownKeys';
import { unrolledCount, loopProblems, rangeProblem } from '../compose/loops';
import {
  allSteps,
  error,
  pathWithin,
  spawnerOf,
  warning,
  type Formula,
  type Path,
  type Problem,
  type ProblemLocation,
  type Step,
} from '../model';
import { gateTypes } from '../schema';
import { PatternChecks } from '../cook/pattern';
import { namesIn, initialValues, textsOf, variableProblems } from '../cook/variables';

export const stepId = /^[\w.:{}-]+$/;
const MAX_STEPS = 5_000;

/** Everything that is wrong with a formula whose parents have been taken in. All of it, not only the first. */
export function validate(formula: Formula): Problem[] {
  const problems: Problem[] = [];
  if (formula.name === '') problems.push(error('missing-key', 'formula', 'name is required', ['formula']));
  else if (!/^[\w.-]+$/.test(formula.name))
    problems.push(
      error('invalid-value', 'formula', 'the name may hold letters, digits, dots, hyphens and underscores', [
        'formula',
      ]),
    );
  if (!Number.isInteger(formula.version) || formula.version < 1)
    problems.push(error('invalid-value', 'version', 'must be a whole number of 1 or more', ['version']));
  const hints = new Suggestions();
  const patterns = new PatternChecks();
  const isSlow = (problem: Problem): boolean => problem.code === 'slow-pattern';
  for (const [name, variable] of Object.entries(formula.vars)) {
    // Once is enough: behind the first nothing may have been looked at.
    problems.push(
      ...variableProblems(name, variable, patterns).filter((problem) => !isSlow(problem) || !problems.some(isSlow)),
    );
    if (variable.required && variable.default !== undefined)
      problems.push(
        warning(
          'required-default',
          `vars.${name}`,
          'cannot have both required:true and default; the default is used (bd refuses this)',
          ['vars', name, 'required'],
        ),
      );
  }
  problems.push(...contentProblems(formula, hints), ...composeProblems(formula, hints));
  problems.push(
    ...stepProblems(formula.steps, 'steps', formula, hints),
    ...stepProblems(formula.template, 'template', formula),
  );
  return problems;
}

/** What a formula of its kind must have. */
function contentProblems(formula: Formula, hints: Suggestions): Problem[] {
  const problems: Problem[] = [];
  const has = {
    steps: formula.steps.length > 0,
    template: formula.template.length > 0,
    advice: formula.advice.length > 0 || formula.analyses.length > 0,
  };
  const lacks = (key: string, text: string): void => void problems.push(error('missing-content', key, text, [key]));
  if (formula.type === 'workflow' && !has.steps) lacks('steps', 'a workflow formula requires at least one step');
  if (formula.type === 'expansion' && !has.template)
    lacks('template', 'an expansion formula requires at least one template');
  if (formula.type === 'aspect' && !has.advice)
    lacks('advice', 'an aspect formula requires at least one advice or aspect');
  if (formula.type === 'convoy') problems.push(...convoyProblems(formula, hints));
  formula.advice.forEach((advice, index) => {
    const where = `advice[${index}]`;
    if (advice.target === '')
      problems.push(error('missing-key', where, 'target is required', pathWithin(advice, 'target')));
    if (advice.before.length + advice.after.length === 0)
      problems.push(error('missing-key', where, 'before, after or around is required', pathWithin(advice)));
    for (const step of [...advice.before, ...advice.after])
      if (step.id === '')
        problems.push(error('missing-key', where, 'each of its steps needs an id', pathWithin(advice)));
  });
  return problems;
}

function convoyProblems(formula: Formula, hints: Suggestions): Problem[] {
  const problems: Problem[] = [];
  if (formula.legs.length === 0)
    problems.push(error('missing-content', 'legs', 'a convoy formula requires at least one leg', ['legs']));
  const ids = new Map<string, Path>();
  formula.legs.forEach((leg, index) => {
    const at = pathWithin(leg, 'id');
    const first = ids.get(leg.id);
    if (leg.id === '') problems.push(error('missing-key', `legs[${index}]`, 'id is required', at));
    else if (first)
      problems.push(
        error('duplicate-id', `legs[${index}]`, `duplicate leg id ${JSON.stringify(leg.id)}`, at, {
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
          `depends_on references unknown leg ${JSON.stringify(id)}`,
          ['synthesis', 'depends_on', index],
          { hint: hints.didYouMean(id, ids.keys()) },
        ),
      );
  });
  return problems;
}

function composeProblems({ compose, steps }: Formula, hints: Suggestions): Problem[] {
  const problems: Problem[] = [];
  const ids = new Set(allSteps(steps).map((step) => step.id));
  const required = (where: string, entry: { at?: Path }, fields: Record<string, string | number>): void => {
    for (const [name, value] of Object.entries(fields))
      if (value === '' || value === 0)
        problems.push(error('missing-key', `compose.${where}`, `${name} is required`, pathWithin(entry, name)));
  };
  compose.bondPoints.forEach((point, index) => {
    const where = `bond_points[${index}]${point.id ? ` (${point.id})` : ''}`;
    required(where, point, { id: point.id });
    if (point.afterStep && point.beforeStep)
      problems.push(
        error(
          'contradiction',
          `compose.${where}`,
          'cannot have both after_step and before_step',
          pathWithin(point, 'before_step'),
        ),
      );
    for (const [name, id] of [
      ['after_step', point.afterStep],
      ['before_step', point.beforeStep],
    ] as const) {
      if (id && !ids.has(id))
        problems.push(
          error(
            'unknown-step',
            `compose.${where}`,
            `${name} references unknown step ${JSON.stringify(id)}`,
            pathWithin(point, name),
            { hint: hints.didYouMean(id, ids) },
          ),
        );
    }
  });
  compose.hooks.forEach((hook, index) =>
    required(`hooks[${index}]`, hook, { trigger: hook.trigger, attach: hook.attach }),
  );
  compose.expand.forEach((entry, index) =>
    required(`expand[${index}]`, entry, { target: entry.target, with: entry.with }),
  );
  compose.map.forEach((entry, index) => required(`map[${index}]`, entry, { select: entry.select, with: entry.with }));
  compose.branch.forEach((entry, index) =>
    required(`branch[${index}]`, entry, { from: entry.from, steps: entry.steps.length, join: entry.join }),
  );
  compose.gate.forEach((entry, index) =>
    required(`gate[${index}]`, entry, { before: entry.before, condition: entry.condition }),
  );
  return problems;
}

/** A step, and how people are told of it: `steps[2].children[0]`. */
interface LocatedStep {
  step: Step;
  where: string;
}

function locateSteps(steps: readonly Step[], path: Path): LocatedStep[] {
  return steps.flatMap((step, index) => {
    const at = [...path, index];
    return [
      { step, where: formatPath(at) },
      ...locateSteps(step.children, [...at, 'children']),
      ...locateSteps(step.loop?.body ?? [], [...at, 'loop', 'body']),
    ];
  });
}

/** @param hints for ids that are unknown; without them not all are known, as those of templates are made when they are put in */
function stepProblems(
  steps: readonly Step[],
  key: 'steps' | 'template',
  formula: Formula,
  hints?: Suggestions,
): Problem[] {
  const problems: Problem[] = [];
  const list = locateSteps(steps, [key]);
  if (list.length > MAX_STEPS)
    return [error('too-many-steps', key, `${list.length} steps are too many (at most ${MAX_STEPS})`, [key])];
  if (unrolledCount(steps) > MAX_STEPS)
    return [error('too-many-steps', key, `with all rounds of its loops these are more than ${MAX_STEPS} steps`, [key])];
  const seen = new Map<string, LocatedStep>();
  for (const named of list) {
    const { step, where } = named;
    const first = seen.get(step.id);
    const at = pathWithin(step, 'id');
    if (step.id === '') problems.push(error('missing-key', where, 'id is required', at));
    else if (!stepId.test(step.id) || step.id.length > 150)
      problems.push(
        error(
          'invalid-value',
          where,
          `the id ${JSON.stringify(step.id)} may hold letters, digits, dots, hyphens and underscores`,
          at,
        ),
      );
    else if (first)
      problems.push(
        error('duplicate-id', where, `duplicate id ${JSON.stringify(step.id)} (first defined at ${first.where})`, at, {
          related: [{ path: pathWithin(first.step, 'id'), text: 'first defined here' }],
        }),
      );
    else seen.set(step.id, named);
  }
  const ids = new Set(seen.keys());
  for (const { step, where } of list) {
    const named = step.id === '' ? where : `${where} (${step.id})`;
    problems.push(...singleStepProblems(step, named, formula));
    if (hints) problems.push(...referenceProblems(step, named, ids, hints));
  }
  const cycle = findCycle(steps);
  if (cycle) {
    const related = locateCycle(cycle);
    const start = related.find(({ need }) => need !== undefined) ?? related[0];
    problems.push(
      error('cycle', key, `cycle detected involving: ${formatCycle(cycle)}`, start?.path ?? [key], {
        need: start?.need,
        related,
      }),
    );
  }
  return problems;
}

/** For each edge of a cycle where it is written: an id in `needs`, or a step within another. */
function locateCycle(cycle: readonly CycleEdge[]): (ProblemLocation & { text: string })[] {
  return cycle.map(({ from, to, kind }) => {
    if (kind === 'needs') return { path: pathWithin(from), need: to.id, text: `${from.id} needs ${to.id}` };
    const [outer, inner] = kind === 'child' ? [from, to] : [to, from];
    const text =
      kind === 'child'
        ? `${outer.id} ends after its child ${inner.id}`
        : `${inner.id} starts after its parent ${outer.id}`;
    return { path: pathWithin(inner, 'id'), text };
  });
}

/** What a slip of the keyboard was probably meant to be; for the first few, because each looks at all that is known. */
export class Suggestions {
  private left = 20;

  didYouMean(id: string, known: Iterable<string>): string | undefined {
    const near = this.left-- > 0 ? closestMatch(id, known) : undefined;
    return near === undefined ? undefined : `did you mean ${JSON.stringify(near)}?`;
  }
}

function singleStepProblems(step: Step, named: string, formula: Formula): Problem[] {
  const problems: Problem[] = [];
  const at = (...keys: Path): Path => pathWithin(step, ...keys);
  if (step.title.trim() === '' && !step.expand)
    problems.push(error('missing-key', named, 'title is required (unless using expand)', at('title')));
  if (!Number.isInteger(step.priority) || step.priority < 0 || step.priority > 4)
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
        `nothing opens a gate of type ${JSON.stringify(step.gate.type)}; a person has to close it (known: ${gateTypes.join(', ')})`,
        at('gate', 'type'),
      ),
    );
  if (step.onComplete) problems.push(...onCompleteProblems(step, named));
  if (step.loop)
    problems.push(
      ...loopProblems(step.loop).map(({ key, text }) =>
        error('loop', named, `loop: ${text}`, at('loop', ...(key ? [key] : []))),
      ),
    );
  const range =
    step.loop?.range === undefined ? undefined : rangeProblem(step.loop, initialValues(formula, { given: {} }));
  // Another value than the default may do.
  if (range)
    problems.push(
      (step.loop!.range!.includes('{') ? warning : error)('loop', named, `loop: ${range}`, at('loop', 'range')),
    );
  for (const key of localKeys)
    if (step.metadata && Object.hasOwn(step.metadata, key))
      problems.push(
        warning('engine-metadata', named, `metadata.${key} belongs to the engine and is left out`, at('metadata', key)),
      );
  const undeclared = [...new Set(textsOf(step).flatMap(namesIn))].filter((name) => !Object.hasOwn(formula.vars, name));
  if (undeclared.length > 0)
    problems.push(
      warning(
        'undeclared-variable',
        named,
        `${undeclared.map((name) => `{{${name}}}`).join(', ')} is not declared in [vars] and stays as it is`,
        at(),
      ),
    );
  return problems;
}

function onCompleteProblems(step: Step, named: string): Problem[] {
  const { forEach, bond, parallel, sequential } = step.onComplete!;
  const problems: [key: string, text: string][] = [];
  if (forEach && !bond) problems.push(['bond', 'bond is required when for_each is set']);
  if (bond && !forEach) problems.push(['for_each', 'for_each is required when bond is set']);
  if (forEach && !forEach.startsWith('output.'))
    problems.push(['for_each', `for_each must start with 'output.' (got ${JSON.stringify(forEach)})`]);
  if (parallel && sequential) problems.push(['sequential', 'cannot set both parallel and sequential']);
  return problems.map(([key, text]) =>
    error('on-complete', `${named}.on_complete`, text, pathWithin(step, 'on_complete', key)),
  );
}

function referenceProblems(step: Step, named: string, ids: ReadonlySet<string>, hints: Suggestions): Problem[] {
  const unknown = (text: string, id: string, path: Path, need?: string): Problem =>
    error('unknown-step', named, text, path, { hint: hints.didYouMean(id, ids), need });
  const problems = step.needs
    .filter((id) => !ids.has(id))
    .map((id) => unknown(`needs references unknown step ${JSON.stringify(id)}`, id, pathWithin(step), id));
  if (step.waitsFor === '') return problems;
  const at = pathWithin(step, 'waits_for');
  const spawner = spawnerOf(step.waitsFor);
  if (spawner === undefined && !['all-children', 'any-children'].includes(step.waitsFor)) {
    problems.push(
      error(
        'invalid-value',
        named,
        `waits_for has invalid value ${JSON.stringify(step.waitsFor)} (must be all-children, any-children, or children-of(step-id))`,
        at,
      ),
    );
  } else if (spawner === '')
    problems.push(error('invalid-value', named, 'waits_for children-of() requires a step ID', at));
  else if (spawner !== undefined && !ids.has(spawner))
    problems.push(
      unknown(`waits_for references unknown step ${JSON.stringify(spawner)} in children-of()`, spawner, at),
    );
  else if (spawner === undefined && step.needs.length === 0)
    problems.push(
      warning(
        'waits-for-nothing',
        named,
        `waits_for ${step.waitsFor} waits for nothing without needs; name the step whose children are meant`,
        at,
      ),
    );
  return problems;
}
