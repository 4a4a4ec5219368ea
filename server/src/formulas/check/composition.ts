import { UserError } from '../../base/errors';
import { cook } from '../cook/cook';
import { unrolledCount, isRuntimeCondition } from '../compose/loops';
import {
  allSteps,
  error,
  pathWithin,
  type Formula,
  type FormulaType,
  type Path,
  type Problem,
  type Step,
} from '../model';
import type { FindFormula } from '../compose/parents';
import { Suggestions } from './validate';

/** Formulas that people write are smaller; only such are tried out while somebody types. */
const MAX_TRIED = 300;
const TRY_MS = 150;

export interface OtherFormulas {
  find: FindFormula;
  /** Another formula with its parents. @throws UserError with what is wrong with it */
  load: (name: string) => Formula;
}

/** What is wrong between a formula and those that it names, and what shows only when all is put together. */
export function compositionProblems(formula: Formula, others: OtherFormulas, isSound: boolean): Problem[] {
  if (formula.type !== 'workflow' && formula.type !== 'expansion') return [];
  const problems = [...targetProblems(formula), ...namedProblems(formula, others)];
  return problems.length > 0 || !isSound ? problems : tryCooking(formula, others);
}

// ---------------------------------------------------------------- formulas that it names

interface Name {
  name: string;
  wanted: FormulaType;
  where: string;
  path: Path;
}

function namedProblems(formula: Formula, others: OtherFormulas): Problem[] {
  const { compose } = formula;
  const names: Name[] = [
    ...withLoopBodies(formula.type === 'expansion' ? formula.template : formula.steps).flatMap((step): Name[] =>
      step.expand
        ? [
            {
              name: step.expand.with,
              wanted: 'expansion',
              where: `expand of step ${step.id}`,
              path: pathWithin(step, 'expand'),
            },
          ]
        : [],
    ),
    ...(['expand', 'map'] as const).flatMap((key) =>
      compose[key].map(
        (entry, index): Name => ({
          name: entry.with,
          wanted: 'expansion',
          where: `compose.${key}[${index}]`,
          path: pathWithin(entry, 'with'),
        }),
      ),
    ),
    ...compose.aspects.map(
      (name, index): Name => ({
        name,
        wanted: 'aspect',
        where: 'compose.aspects',
        path: ['compose', 'aspects', index],
      }),
    ),
  ];
  return names.filter(({ name }) => name !== '').flatMap((name) => nameProblem(name, others));
}

function nameProblem({ name, wanted, where, path }: Name, { find, load }: OtherFormulas): Problem[] {
  try {
    find(name);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    if (thrown.code === 'not-found') return [error('unknown-formula', where, thrown.message, path)];
  }
  try {
    const found = load(name);
    if (found.type !== wanted)
      return [error('other-formula', where, `${name} is not an ${wanted} formula (type=${found.type})`, path)];
    return wanted === 'expansion' && found.template.length === 0
      ? [error('other-formula', where, `${name} has no template steps`, path)]
      : [];
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return [error('other-formula', where, oneLine(thrown.message), path)];
  }
}

function withLoopBodies(steps: readonly Step[]): Step[] {
  return allSteps(steps).flatMap((step) => [step, ...withLoopBodies(step.loop?.body ?? [])]);
}

/** Steps that parts of `compose` name. What loops, advice and other formulas put in is known only when all is put together. */
function targetProblems({ type, compose, steps, advice }: Formula): Problem[] {
  if (type !== 'workflow') return [];
  const hints = new Suggestions();
  const all = allSteps(steps);
  const ids = new Set(all.map((step) => step.id));
  const open = advice.length > 0 || all.some((step) => step.expand);
  const unknown = (where: string, entry: { at?: Path }, key: Path, id: string): Problem[] =>
    id === '' || ids.has(id) || id.includes('.iter')
      ? []
      : [
          error(
            'unknown-step',
            `compose.${where}`,
            `${key[0]} references unknown step ${JSON.stringify(id)}`,
            pathWithin(entry, ...key),
            { hint: hints.didYouMean(id, ids) },
          ),
        ];
  return [
    ...compose.expand.flatMap((entry, index) =>
      open || index > 0 ? [] : unknown(`expand[${index}]`, entry, ['target'], entry.target),
    ),
    ...compose.branch.flatMap((entry, index) => [
      ...unknown(`branch[${index}]`, entry, ['from'], entry.from),
      ...unknown(`branch[${index}]`, entry, ['join'], entry.join),
      ...entry.steps.flatMap((id, at) => unknown(`branch[${index}]`, entry, ['steps', at], id)),
    ]),
    ...compose.gate.flatMap((entry, index) => unknown(`gate[${index}]`, entry, ['before'], entry.before)),
    ...compose.gate
      .filter(({ condition }) => condition !== '' && !isRuntimeCondition(condition))
      .map((entry) =>
        error(
          'invalid-value',
          `compose.gate[${compose.gate.indexOf(entry)}]`,
          `invalid condition ${JSON.stringify(entry.condition)} (expected something such as step.status == 'complete')`,
          pathWithin(entry, 'condition'),
        ),
      ),
  ];
}

// ---------------------------------------------------------------- all put together

class OutOfTime extends Error {}

/** What cooking would say; nothing where that takes long, or hangs on values that are not known yet. */
function tryCooking(formula: Formula, { load }: OtherFormulas): Problem[] {
  const steps = formula.type === 'expansion' ? formula.template : formula.steps;
  if (withLoopBodies(steps).some((step) => step.loop?.range?.includes('{')) || unrolledCount(steps) > MAX_TRIED)
    return [];
  const end = performance.now() + TRY_MS;
  const loadInTime = (name: string): Formula => {
    if (performance.now() > end) throw new OutOfTime();
    return load(name);
  };
  try {
    cook(formula, loadInTime, { keepVariables: true });
    return [];
  } catch (thrown) {
    if (thrown instanceof OutOfTime) return [];
    if (!(thrown instanceof UserError)) throw thrown;
    const text = oneLine(thrown.message.replace(`${formula.name}: `, ''));
    return [error('composition', '', text, locate(text, formula))];
  }
}

/** Where the part stands that cooking complains of. */
function locate(text: string, { compose }: Formula): Path {
  const key = (
    /after expansion/.test(text)
      ? (['expand', 'map'] as const).find((one) => compose[one].length > 0)
      : /^(?:compose\.)?(branch|gate|expand|map|aspects)\b/.exec(text)?.[1]
  ) as Exclude<keyof Formula['compose'], 'aspects'> | 'aspects' | undefined;
  if (key === 'aspects') return ['compose', key];
  const first = key && compose[key][0];
  if (first) return pathWithin(first);
  return Object.values(compose).some((list: readonly unknown[]) => list.length > 0) ? ['compose'] : ['formula'];
}

function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .join(' ');
}
