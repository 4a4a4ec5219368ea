import { CompositionError, MADE, type Budget, type Place } from '../limits';
import { pathWithin, type Advice, type Formula, type Step } from '../model';
import { replaceSteps, textSize, type Replacement } from '../steps';
import { unique } from '../../base/objects';
import { globMatcher, type ResolveFormula } from './expansion';
import { fillText, type Placeholders } from './texts';

const stepName = /\{(step\.(?:id|title))\}/g;

/** The advice of a formula itself, in its order. */
export function applyAdvice(steps: readonly Step[], formula: Formula, budget: Budget): Step[] {
  return formula.advice.reduce<Step[]>(
    (advised, advice, index) =>
      adviseAll(advised, advice, budget, { where: `advice[${index}]`, path: pathWithin(advice) }),
    [...steps],
  );
}

/** `compose.aspects`: the advice of other formulas. */
export function applyAspects(
  steps: readonly Step[],
  { compose }: Formula,
  resolve: ResolveFormula,
  budget: Budget,
): Step[] {
  return compose.aspects.reduce<Step[]>(
    (advised, name, index) => {
      const place = { where: `compose.aspects[${index}]`, path: ['compose', 'aspects', index] };
      const aspect = resolve(name);
      if (aspect.type !== 'aspect')
        throw new CompositionError(place, `${name} is not an aspect formula (type=${aspect.type})`);
      return aspect.advice.reduce((list, advice) => adviseAll(list, advice, budget, place), advised);
    },
    [...steps],
  );
}

/**
 * Puts steps before and after those that an advice selects. What comes first of them waits for what the step waited
 * for; whoever waited for the step then waits for what comes last. Steps that an advice adds are not selected by it.
 */
function adviseAll(steps: readonly Step[], advice: Advice, budget: Budget, place: Place): Step[] {
  const isSelected = globMatcher(advice.target, budget, place);
  return replaceSteps(
    steps,
    (step) => (isSelected(step.id) ? adviseStep(step, advice, budget, place) : undefined),
    budget,
    place,
  );
}

function adviseStep(step: Step, advice: Advice, budget: Budget, place: Place): Replacement {
  const placeholders: Placeholders = {
    pattern: stepName,
    value: (name) => (name === 'step.id' ? step.id : step.title),
  };
  const fill = (text: string): string => fillText(text, placeholders, budget, place);
  /** One after the other, the first with these needs. */
  const chain = (list: readonly Step[], needs: readonly string[]): Step[] => {
    let previous = [...needs];
    return list.map((added) => {
      const id = fill(added.id);
      const made = {
        ...added,
        id,
        title: fill(added.title) || id,
        description: fill(added.description),
        condition: step.condition,
        needs: previous,
      };
      budget.spend(MADE, place);
      budget.addText(textSize(made), place);
      previous = [id];
      return made;
    });
  };
  const before = chain(advice.before, step.needs);
  const after = chain(advice.after, [step.id]);
  const lastBefore = before.at(-1)?.id;
  const advised = lastBefore === undefined ? step : { ...step, needs: unique([...step.needs, lastBefore]) };
  return { group: [...before, advised, ...after], last: [after.at(-1)?.id ?? step.id], keepsStep: true };
}
