import { count, CompositionError, limits, MADE, type Budget, type Place } from '../limits';
import { pathWithin, quoted, type Loop, type Step } from '../model';
import { allSteps, boundarySteps, mapSteps, replaceSteps, spawnerOf, textSize, type Replacement } from '../steps';
import { rangeBounds } from './range';
import { isRuntimeCondition } from './runtimeCondition';
import { fillText, type Placeholders } from './texts';

type Values = Readonly<Record<string, string>>;

/** Problems of a loop that do not depend on variables. `key`: the wrong key of the loop. */
export function loopProblems(loop: Loop): { key?: string; text: string }[] {
  const problems: { key?: string; text: string }[] = [];
  const report = (text: string, key?: string): void => void problems.push({ text, key });
  const isPositive = (value: number): boolean => Number.isInteger(value) && value > 0;
  const kinds = [loop.count, loop.until, loop.range].filter((value) => value !== undefined).length;
  if (loop.body.length === 0) report('body is required', 'body');
  if (kinds === 0) report('one of count, until, or range is required');
  if (kinds > 1) report('only one of count, until, or range can be specified');
  if (loop.count !== undefined && !isPositive(loop.count)) report('count must be positive', 'count');
  if (loop.count !== undefined && loop.count > limits.iterations)
    report(`count must be at most ${count(limits.iterations)}`, 'count');
  if (loop.until !== undefined && loop.max === undefined) report('max is required when until is set', 'until');
  if (loop.max !== undefined && !isPositive(loop.max)) report('max must be positive', 'max');
  if (loop.until !== undefined && !isRuntimeCondition(loop.until))
    report(`invalid until condition ${quoted(loop.until)}`, 'until');
  if (loop.range !== undefined && !loop.range.includes('..'))
    report(`invalid range ${quoted(loop.range)} (write 1..5)`, 'range');
  return problems;
}

/** Why a range is invalid; undefined if it is valid, or depends on a value that is not known yet. */
export function rangeProblem({ range }: Loop, values: Values): string | undefined {
  if (!range?.includes('..')) return undefined;
  const bounds = rangeBounds(range, values);
  return 'problem' in bounds && !bounds.unknown ? bounds.problem : undefined;
}

/** The number of steps when all loops are unrolled; a range that depends on variables counts as one iteration. */
export function unrolledCount(steps: readonly Step[]): number {
  return steps.reduce(
    (sum, { loop, children }) =>
      sum + (loop ? iterationCount(loop) * unrolledCount(loop.body) : 1 + unrolledCount(children)),
    0,
  );
}

function iterationCount(loop: Loop): number {
  if (loop.count !== undefined) return Math.min(limits.iterations, Math.max(1, loop.count));
  if (loop.range === undefined) return 1;
  const bounds = rangeBounds(loop.range, {});
  return 'problem' in bounds ? 1 : bounds.end - bounds.start + 1;
}

/**
 * Replaces every loop by its iterations. The first one gets the needs of the loop, each later one needs the one before
 * it, and steps that needed the loop need its last iteration.
 * @throws CompositionError for an invalid range, and as soon as a limit is exceeded
 */
export function unrollLoops(steps: readonly Step[], values: Values, budget: Budget): Step[] {
  const unroll = (step: Step): Replacement | undefined =>
    step.loop &&
    (step.loop.until === undefined
      ? unrollRounds(step, step.loop, values, budget)
      : unrollUntil(step, step.loop, values, budget));
  return replaceSteps(steps, unroll, budget, { where: 'loops', path: ['steps'] });
}

function placeOf(step: Step): Place {
  return { where: `loop of step ${step.id}`, path: pathWithin(step, 'loop') };
}

function unrollRounds(step: Step, loop: Loop, values: Values, budget: Budget): Replacement {
  const place = placeOf(step);
  const body = unrollLoops(loop.body, values, budget);
  const size = allSteps(body).length;
  const group: Step[] = [];
  let [needs, before] = [0, step.needs];
  for (const [index, value] of iterationValues(loop, values, place).entries()) {
    budget.checkSteps((index + 1) * size, place);
    const round = iteration(step, body, { prefix: `${step.id}.iter${index + 1}`, value }, budget);
    const { first, last } = boundarySteps(round);
    for (const inner of round) {
      const made = first.has(inner.id) ? { ...inner, needs: [...before, ...inner.needs] } : inner;
      needs += made.needs.length;
      budget.checkNeeds(needs, place);
      group.push(made);
    }
    before = last;
  }
  return { group, last: before };
}

/**
 * A condition that is evaluated while the molecule runs: one iteration with a label for the agent that carries it out.
 */
function unrollUntil(step: Step, loop: Loop, values: Values, budget: Budget): Replacement {
  const body = unrollLoops(loop.body, values, budget);
  const round = iteration(step, body, { prefix: `${step.id}.iter1` }, budget);
  const { first, last } = boundarySteps(round);
  const label = `loop:${JSON.stringify({ max: loop.max, until: loop.until })}`;
  const group = round.map((inner, index) => ({
    ...inner,
    labels: index === 0 ? [...inner.labels, label] : inner.labels,
    needs: first.has(inner.id) ? [...step.needs, ...inner.needs] : inner.needs,
  }));
  return { group, last };
}

/** The value of the loop's variable in each iteration. */
function iterationValues(loop: Loop, values: Values, place: Place): string[] {
  const bounds = loop.count === undefined ? rangeBounds(loop.range ?? '', values) : { start: 1, end: loop.count };
  if ('problem' in bounds) throw new CompositionError(place, bounds.problem, bounds.hint);
  const length = bounds.end - bounds.start + 1;
  if (length > limits.iterations) throw new CompositionError(place, `more than ${count(limits.iterations)} rounds`);
  return Array.from({ length }, (_, index) => String(bounds.start + index));
}

/** One iteration: ids of the body get a prefix; needs of steps outside the body stay as they are. */
function iteration(
  step: Step,
  body: readonly Step[],
  round: { prefix: string; value?: string },
  budget: Budget,
): Step[] {
  const place = placeOf(step);
  const inside = new Set(allSteps(body).map(({ id }) => id));
  const rename = (id: string): string => (inside.has(id) ? `${round.prefix}.${id}` : id);
  const variable = step.loop?.var;
  const placeholders: Placeholders = {
    pattern: /\{([^{}]+)\}/g,
    value: (name) => (name === variable ? round.value : undefined),
  };
  const fill = (text: string): string => fillText(text, placeholders, budget, place);
  return mapSteps(body, (inner) => {
    const spawner = spawnerOf(inner.waitsFor);
    const made = {
      ...inner,
      id: rename(inner.id),
      title: fill(inner.title),
      description: fill(inner.description),
      notes: fill(inner.notes),
      acceptance: fill(inner.acceptance),
      needs: inner.needs.map(rename),
      waitsFor: spawner === undefined ? inner.waitsFor : `children-of(${rename(spawner)})`,
      condition: inner.condition === '' ? step.condition : inner.condition,
    };
    budget.spend(MADE + made.needs.length, place);
    budget.addText(textSize(made), place);
    return made;
  });
}
