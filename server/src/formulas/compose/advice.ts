import { UserError } from '../../base/errors';
import { glob, listIds, type ResolveFormula } from './expansion';
import { isRuntimeCondition } from './loops';
import { allSteps, mapSteps, replaceSteps, unique, type Advice, type Compose, type Formula, type Step } from '../model';

/** `compose.branch`: the steps fork from one and join in another. */
export function applyBranches(steps: readonly Step[], { branch: branches }: Compose): Step[] {
  let result = [...steps];
  for (const entry of branches) {
    for (const [role, id] of [
      ['from', entry.from],
      ['join', entry.join],
      ...entry.steps.map((step) => ['parallel', step]),
    ]) {
      if (!allSteps(result).some((step) => step.id === id))
        throw new UserError(
          `branch: ${role} step ${JSON.stringify(id)} not found`,
          `The steps are: ${listIds(result)}`,
        );
    }
    result = mapSteps(result, (step) => {
      const added = step.id === entry.join ? entry.steps : entry.steps.includes(step.id) ? [entry.from] : [];
      return added.length === 0 ? step : { ...step, needs: unique([...step.needs, ...added]) };
    });
  }
  return result;
}

/** `compose.gate`: a label that says on what the step depends; what carries the molecule out looks at it. */
export function applyGates(steps: readonly Step[], { gate: gates }: Compose): Step[] {
  let result = [...steps];
  for (const entry of gates) {
    if (!isRuntimeCondition(entry.condition))
      throw new UserError(`gate: invalid condition ${JSON.stringify(entry.condition)}`);
    if (!allSteps(result).some((step) => step.id === entry.before))
      throw new UserError(
        `gate: target step ${JSON.stringify(entry.before)} not found`,
        `The steps are: ${listIds(result)}`,
      );
    const label = `gate:${JSON.stringify({ condition: entry.condition })}`;
    result = mapSteps(result, (step) =>
      step.id === entry.before ? { ...step, labels: [...step.labels, label] } : step,
    );
  }
  return result;
}

/**
 * Puts steps before and after those that an advice is about. What comes first of them waits for what the step waited
 * for; whoever waited for the step now waits for what comes last. An advice is never about steps that it put in itself.
 */
export function applyAdvice(steps: readonly Step[], advices: readonly Advice[]): Step[] {
  let result = [...steps];
  for (const advice of advices) {
    const wanted = glob(advice.target);
    for (const id of allSteps(result)
      .map((step) => step.id)
      .filter(wanted)) {
      const target = allSteps(result).find((step) => step.id === id);
      if (target) result = adviseStep(result, target, advice);
    }
  }
  return result;
}

function adviseStep(steps: readonly Step[], target: Step, advice: Advice): Step[] {
  const fill = (text: string): string =>
    text.replaceAll('{step.id}', target.id).replaceAll('{step.title}', target.title);
  const make = (step: Step, first: readonly string[], previous: string | undefined): Step => ({
    ...step,
    id: fill(step.id),
    title: fill(step.title) || fill(step.id),
    description: fill(step.description),
    condition: target.condition,
    needs: previous === undefined ? [...first] : [previous],
  });
  const chain = (list: readonly Step[], first: readonly string[]): Step[] =>
    list.reduce<Step[]>((made, step) => [...made, make(step, first, made.at(-1)?.id)], []);
  const before = chain(advice.before, target.needs);
  const after = chain(advice.after, [target.id]);
  const last = after.at(-1)?.id;
  const moved =
    last === undefined
      ? [...steps]
      : mapSteps(steps, (step) =>
          step.needs.includes(target.id)
            ? { ...step, needs: step.needs.map((id) => (id === target.id ? last : id)) }
            : step,
        );
  return replaceSteps(moved, (step) => {
    if (step.id !== target.id) return [step];
    const lastBefore = before.at(-1)?.id;
    return [
      ...before,
      lastBefore === undefined ? step : { ...step, needs: unique([...step.needs, lastBefore]) },
      ...after,
    ];
  });
}

/** `compose.aspects`: the advice of other formulas. */
export function applyAspects(steps: readonly Step[], { compose }: Formula, load: ResolveFormula): Step[] {
  return compose.aspects.reduce<Step[]>(
    (composed, name) => {
      const aspect = load(name);
      if (aspect.type !== 'aspect')
        throw new UserError(`compose.aspects: ${name} is not an aspect formula (type=${aspect.type})`);
      return applyAdvice(composed, aspect.advice);
    },
    [...steps],
  );
}
