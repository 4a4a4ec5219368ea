import { UserError } from '../../base/errors';
import {
  allSteps,
  boundarySteps,
  mapSteps,
  replaceSteps,
  redirectNeeds,
  spawnerOf,
  type Loop,
  type Step,
} from '../model';
import { evaluate } from './range';

/** More rounds than that are a slip. */
const MAX_ROUNDS = 1_000;
const runtimeConditions = [
  /^[\w-]+(?:\.[\w-]+)*\s*(?:==|!=|>=|<=|>|<)\s*.+$/,
  /^(?:children|descendants|steps)\([\w-]+\)\.(?:all|any|count)\(.+\).*$/,
  /^steps\.[\w-]+\s*(?:==|!=|>=|<=|>|<)\s*\d+$/,
  /^file\.exists\((['"]).+\1\)$/,
  /^env\.\w+\s*(?:==|!=|>=|<=|>|<)\s*.+$/,
];

/** Whether a condition that is looked at while a molecule runs can be understood. */
export function isRuntimeCondition(text: string): boolean {
  return runtimeConditions.some((pattern) => pattern.test(text.trim()));
}

export function loopProblems(loop: Loop): { key?: string; text: string }[] {
  const problems: { key?: string; text: string }[] = [];
  const wrong = (text: string, key?: string): void => void problems.push({ text, key });
  const kinds = [loop.count !== undefined, loop.until !== undefined, loop.range !== undefined].filter(Boolean).length;
  if (loop.body.length === 0) wrong('body is required', 'body');
  if (kinds === 0) wrong('one of count, until, or range is required');
  if (kinds > 1) wrong('only one of count, until, or range can be specified');
  if (loop.count !== undefined && !(Number.isInteger(loop.count) && loop.count > 0))
    wrong('count must be positive', 'count');
  if (loop.count !== undefined && loop.count > MAX_ROUNDS) wrong(`count must be at most ${MAX_ROUNDS}`, 'count');
  if (loop.until !== undefined && loop.max === undefined) wrong('max is required when until is set', 'until');
  if (loop.max !== undefined && !(Number.isInteger(loop.max) && loop.max > 0)) wrong('max must be positive', 'max');
  if (loop.until !== undefined && !isRuntimeCondition(loop.until))
    wrong(`invalid until condition ${JSON.stringify(loop.until)}`, 'until');
  if (loop.range !== undefined && !loop.range.includes('..'))
    wrong(`invalid range ${JSON.stringify(loop.range)} (write 1..5)`, 'range');
  return problems;
}

/** Why a range cannot be counted through; nothing is said where a value is not known yet. */
export function rangeProblem({ range }: Loop, values: Readonly<Record<string, string>>): string | undefined {
  if (!range?.includes('..')) return undefined;
  const names = [...range.matchAll(/\{\{?(\w+)\}?\}/g)].map((match) => match[1]!);
  if (names.some((name) => !Object.hasOwn(values, name))) return undefined;
  try {
    bounds(range, values);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return thrown.message.replace('loop: ', '');
  }
}

/** Steps once all loops are written out; a range with variables counts once. */
export function unrolledCount(steps: readonly Step[]): number {
  return steps.reduce(
    (sum, step) =>
      sum + (step.loop ? iterationCount(step.loop) * unrolledCount(step.loop.body) : 1 + unrolledCount(step.children)),
    0,
  );
}

function iterationCount({ count, range }: Loop): number {
  const [from = 0, to = 0] = (range ?? '').split('..').map(Number);
  const found = count ?? to - from + 1;
  return Math.min(MAX_ROUNDS, found > 0 ? found : 1);
}

/** Writes every loop out. The first round waits for what the loop waited for; whoever needed the loop needs its last round. */
export function unrollLoops(steps: readonly Step[], values: Readonly<Record<string, string>>): Step[] {
  let result: Step[] = [...steps];
  for (const { id } of allSteps(steps).filter((step) => step.loop)) {
    // As it is now: a loop before it may have changed what it needs.
    const step = allSteps(result).find((other) => other.id === id);
    if (!step?.loop) continue;
    const { group, last } = unroll(step, step.loop, values);
    result = replaceSteps(redirectNeeds(result, id, last), (other) => (other.id === id ? group : [other]));
  }
  return result;
}

function unroll(step: Step, loop: Loop, values: Readonly<Record<string, string>>): { group: Step[]; last: string[] } {
  const body = unrollLoops(loop.body, values);
  if (loop.until !== undefined) return unrollUntil(step, loop, body);
  const group: Step[] = [];
  let before = step.needs;
  for (const [index, value] of iterationValues(loop, values).entries()) {
    const round = iteration(step, body, `${step.id}.iter${index + 1}`, loop.var, value);
    const { first, last } = boundarySteps(round);
    group.push(
      ...round.map((inner) => (first.includes(inner.id) ? { ...inner, needs: [...before, ...inner.needs] } : inner)),
    );
    before = last;
  }
  return { group, last: before };
}

/** The condition is only known while it runs: the body stands there once, marked for whoever carries it out. */
function unrollUntil(step: Step, loop: Loop, body: Step[]): { group: Step[]; last: string[] } {
  const round = iteration(step, body, `${step.id}.iter1`, undefined, '');
  const { first, last } = boundarySteps(round);
  const label = `loop:${JSON.stringify({ max: loop.max, until: loop.until })}`;
  return {
    last,
    group: round.map((inner, index) => ({
      ...inner,
      labels: index === 0 ? [...inner.labels, label] : inner.labels,
      needs: first.includes(inner.id) ? [...step.needs, ...inner.needs] : inner.needs,
    })),
  };
}

function iterationValues(loop: Loop, values: Readonly<Record<string, string>>): string[] {
  if (loop.count !== undefined) return Array.from({ length: loop.count }, (_, index) => String(index + 1));
  const [start, end] = bounds(loop.range ?? '', values);
  return Array.from({ length: end - start + 1 }, (_, index) => String(start + index));
}

function bounds(range: string, values: Readonly<Record<string, string>>): [start: number, end: number] {
  const [from = '', to = ''] = range.split('..');
  const [start, end] = [evaluate(from, values), evaluate(to, values)];
  if (end < start) throw new UserError(`loop: range end (${end}) is less than start (${start})`);
  if (end - start >= MAX_ROUNDS)
    throw new UserError(`loop: the range ${start}..${end} has more than ${MAX_ROUNDS} rounds`);
  return [start, end];
}

/** One round: ids within the body get the round's own prefix, needs from outside stay. */
function iteration(
  loop: Step,
  body: readonly Step[],
  prefix: string,
  variable: string | undefined,
  value: string,
): Step[] {
  const inside = new Set(allSteps(body).map((step) => step.id));
  const rename = (id: string): string => (inside.has(id) ? `${prefix}.${id}` : id);
  const fill = (text: string): string => (variable === undefined ? text : text.replaceAll(`{${variable}}`, value));
  return mapSteps(body, (step) => {
    const spawner = spawnerOf(step.waitsFor);
    return {
      ...step,
      id: rename(step.id),
      title: fill(step.title),
      description: fill(step.description),
      notes: fill(step.notes),
      acceptance: fill(step.acceptance),
      needs: step.needs.map(rename),
      waitsFor: spawner === undefined ? step.waitsFor : `children-of(${rename(spawner)})`,
      condition: step.condition === '' ? loop.condition : step.condition,
    };
  });
}
