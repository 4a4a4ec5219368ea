import { localKeys } from '../beads/localMetadata';
import { conditionProblem } from './conditions';
import { cycleIn } from './graph';
import { loopProblems } from './loops';
import { allSteps, error, spawnerOf, warning, type Formula, type Problem, type Step } from './model';
import { namesIn, textsOf, variableProblems } from './variables';

const knownGates = new Set(['human', 'timer', 'gh:run', 'gh:pr', 'mail', 'bead']);
const stepId = /^[\w.:{}-]+$/;
const MAX_STEPS = 5_000;

/** Everything that is wrong with a formula whose parents have been taken in. All of it, not only the first. */
export function validate(formula: Formula): Problem[] {
  const problems: Problem[] = [];
  if (formula.name === '') problems.push(error('formula: name is required'));
  else if (!/^[\w.-]+$/.test(formula.name)) problems.push(error('formula: the name may hold letters, digits, dots, hyphens and underscores'));
  if (!Number.isInteger(formula.version) || formula.version < 1) problems.push(error('version: must be a whole number of 1 or more'));
  for (const [name, variable] of Object.entries(formula.vars)) {
    problems.push(...variableProblems(name, variable));
    if (variable.required && variable.default !== undefined) problems.push(warning(`vars.${name}: cannot have both required:true and default; the default is used (bd refuses this)`));
  }
  problems.push(...contentProblems(formula), ...composeProblems(formula));
  problems.push(...stepProblems(formula.steps, 'steps', formula, true), ...stepProblems(formula.template, 'template', formula, false));
  return problems;
}

/** What a formula of its kind must have. */
function contentProblems(formula: Formula): Problem[] {
  const problems: Problem[] = [];
  const has = { steps: formula.steps.length > 0, template: formula.template.length > 0, advice: formula.advice.length > 0 || formula.analyses.length > 0 };
  if (formula.type === 'workflow' && !has.steps) problems.push(error('steps: a workflow formula requires at least one step'));
  if (formula.type === 'expansion' && !has.template) problems.push(error('template: an expansion formula requires at least one template'));
  if (formula.type === 'aspect' && !has.advice) problems.push(error('advice: an aspect formula requires at least one advice or aspect'));
  if (formula.type === 'convoy') problems.push(...convoyProblems(formula));
  formula.advice.forEach((advice, index) => {
    if (advice.target === '') problems.push(error(`advice[${index}]: target is required`));
    if (advice.before.length + advice.after.length === 0) problems.push(error(`advice[${index}]: before, after or around is required`));
    for (const step of [...advice.before, ...advice.after]) if (step.id === '') problems.push(error(`advice[${index}]: each of its steps needs an id`));
  });
  return problems;
}

function convoyProblems(formula: Formula): Problem[] {
  const problems: Problem[] = [];
  if (formula.legs.length === 0) problems.push(error('legs: a convoy formula requires at least one leg'));
  const ids = new Set<string>();
  formula.legs.forEach(({ id }, index) => {
    if (id === '') problems.push(error(`legs[${index}]: id is required`));
    else if (ids.has(id)) problems.push(error(`legs[${index}]: duplicate leg id ${JSON.stringify(id)}`));
    ids.add(id);
  });
  for (const id of formula.synthesis?.needs ?? []) if (!ids.has(id)) problems.push(error(`synthesis: depends_on references unknown leg ${JSON.stringify(id)}`));
  return problems;
}

function composeProblems({ compose, steps }: Formula): Problem[] {
  const problems: Problem[] = [];
  const ids = new Set(allSteps(steps).map((step) => step.id));
  const required = (where: string, fields: Record<string, string | number>): void => {
    for (const [name, value] of Object.entries(fields)) if (value === '' || value === 0) problems.push(error(`compose.${where}: ${name} is required`));
  };
  compose.bondPoints.forEach((point, index) => {
    const where = `bond_points[${index}]${point.id ? ` (${point.id})` : ''}`;
    required(where, { id: point.id });
    if (point.afterStep && point.beforeStep) problems.push(error(`compose.${where}: cannot have both after_step and before_step`));
    for (const [name, id] of [['after_step', point.afterStep], ['before_step', point.beforeStep]] as const) {
      if (id && !ids.has(id)) problems.push(error(`compose.${where}: ${name} references unknown step ${JSON.stringify(id)}`));
    }
  });
  compose.hooks.forEach((hook, index) => required(`hooks[${index}]`, { trigger: hook.trigger, attach: hook.attach }));
  compose.expand.forEach((entry, index) => required(`expand[${index}]`, { target: entry.target, with: entry.with }));
  compose.map.forEach((entry, index) => required(`map[${index}]`, { select: entry.select, with: entry.with }));
  compose.branch.forEach((entry, index) => required(`branch[${index}]`, { from: entry.from, steps: entry.steps.length, join: entry.join }));
  compose.gate.forEach((entry, index) => required(`gate[${index}]`, { before: entry.before, condition: entry.condition }));
  return problems;
}

interface Placed {
  step: Step;
  /** `steps[2]`, `steps[2].children[0]` */
  at: string;
}

function placed(steps: readonly Step[], where: string): Placed[] {
  return steps.flatMap((step, index) => [
    { step, at: `${where}[${index}]` }, ...placed(step.children, `${where}[${index}].children`), ...placed(step.loop?.body ?? [], `${where}[${index}].loop.body`),
  ]);
}

/** @param closed whether all ids are known: those of templates are made when they are put in */
function stepProblems(steps: readonly Step[], where: string, formula: Formula, closed: boolean): Problem[] {
  const problems: Problem[] = [];
  const list = placed(steps, where);
  if (list.length > MAX_STEPS) return [error(`${where}: ${list.length} steps are too many (at most ${MAX_STEPS})`)];
  const seen = new Map<string, string>();
  for (const { step, at } of list) {
    if (step.id === '') problems.push(error(`${at}: id is required`));
    else if (!stepId.test(step.id) || step.id.length > 150) problems.push(error(`${at}: the id ${JSON.stringify(step.id)} may hold letters, digits, dots, hyphens and underscores`));
    else if (seen.has(step.id)) problems.push(error(`${at}: duplicate id ${JSON.stringify(step.id)} (first defined at ${seen.get(step.id)})`));
    else seen.set(step.id, at);
  }
  for (const { step, at } of list) {
    const named = step.id === '' ? at : `${at} (${step.id})`;
    problems.push(...oneStep(step, named, formula));
    if (closed) problems.push(...references(step, named, seen));
  }
  const cycle = cycleIn(steps);
  if (cycle) problems.push(error(`${where}: cycle detected involving: ${cycle.join(' → ')}`));
  return problems;
}

function oneStep(step: Step, named: string, formula: Formula): Problem[] {
  const problems: Problem[] = [];
  if (step.title.trim() === '' && !step.expand) problems.push(error(`${named}: title is required (unless using expand)`));
  if (!Number.isInteger(step.priority) || step.priority < 0 || step.priority > 4) problems.push(error(`${named}: priority must be 0-4`));
  const condition = conditionProblem(step.condition);
  if (condition) problems.push(error(`${named}: ${condition}`));
  if (step.gate && step.gate.type === '') problems.push(error(`${named}: gate.type is required`));
  else if (step.gate && !knownGates.has(step.gate.type)) problems.push(warning(`${named}: nothing opens a gate of type ${JSON.stringify(step.gate.type)}; a person has to close it (known: ${[...knownGates].join(', ')})`));
  if (step.onComplete) problems.push(...onCompleteProblems(step, named));
  if (step.loop) problems.push(...loopProblems(step.loop).map((problem) => error(`${named}: ${problem}`)));
  for (const key of localKeys) if (step.metadata && Object.hasOwn(step.metadata, key)) problems.push(warning(`${named}: metadata.${key} belongs to the engine and is left out`));
  const undeclared = [...new Set(textsOf(step).flatMap(namesIn))].filter((name) => !Object.hasOwn(formula.vars, name));
  if (undeclared.length > 0) problems.push(warning(`${named}: ${undeclared.map((name) => `{{${name}}}`).join(', ')} is not declared in [vars] and stays as it is`));
  return problems;
}

function onCompleteProblems({ onComplete }: Step, named: string): Problem[] {
  const { forEach, bond, parallel, sequential } = onComplete!;
  const problems: string[] = [];
  if (forEach && !bond) problems.push('bond is required when for_each is set');
  if (bond && !forEach) problems.push('for_each is required when bond is set');
  if (forEach && !forEach.startsWith('output.')) problems.push(`for_each must start with 'output.' (got ${JSON.stringify(forEach)})`);
  if (parallel && sequential) problems.push('cannot set both parallel and sequential');
  return problems.map((problem) => error(`${named}.on_complete: ${problem}`));
}

function references(step: Step, named: string, ids: ReadonlyMap<string, string>): Problem[] {
  const problems = step.needs.filter((id) => !ids.has(id)).map((id) => error(`${named}: needs references unknown step ${JSON.stringify(id)}`));
  if (step.waitsFor === '') return problems;
  const spawner = spawnerOf(step.waitsFor);
  if (spawner === undefined && !['all-children', 'any-children'].includes(step.waitsFor)) {
    problems.push(error(`${named}: waits_for has invalid value ${JSON.stringify(step.waitsFor)} (must be all-children, any-children, or children-of(step-id))`));
  } else if (spawner === '') problems.push(error(`${named}: waits_for children-of() requires a step ID`));
  else if (spawner !== undefined && !ids.has(spawner)) problems.push(error(`${named}: waits_for references unknown step ${JSON.stringify(spawner)} in children-of()`));
  else if (spawner === undefined && step.needs.length === 0) problems.push(warning(`${named}: waits_for ${step.waitsFor} waits for nothing without needs; name the step whose children are meant`));
  return problems;
}
