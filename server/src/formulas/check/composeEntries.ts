import { error, pathWithin, type Formula, type HasLocation, type Path, type Problem, quoted } from '../model';
import { allSteps } from '../steps';
import { isRuntimeCondition } from '../compose/runtimeCondition';
import type { Suggestions } from './suggestions';

/** Missing keys of entries of `compose`, and bond points at unknown steps. */
export function composeProblems({ compose, steps }: Formula, suggestions: Suggestions): Problem[] {
  const problems: Problem[] = [];
  const ids = new Set(allSteps(steps).map((step) => step.id));
  const required = (where: string, entry: HasLocation, fields: Record<string, string | number>): void => {
    for (const [name, value] of Object.entries(fields))
      if (value === '' || value === 0)
        problems.push(error('missing-key', `compose.${where}`, `${name} is required`, pathWithin(entry, name)));
  };
  for (const [index, point] of compose.bondPoints.entries()) {
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
    const named = { after_step: point.afterStep, before_step: point.beforeStep };
    for (const [name, id] of Object.entries(named))
      if (id && !ids.has(id))
        problems.push(
          error(
            'unknown-step',
            `compose.${where}`,
            `${name} references unknown step ${quoted(id)}`,
            pathWithin(point, name),
            { hint: suggestions.didYouMean(id, ids) },
          ),
        );
  }
  for (const [index, { trigger, attach, ...entry }] of compose.hooks.entries())
    required(`hooks[${index}]`, entry, { trigger, attach });
  for (const [index, entry] of compose.expand.entries())
    required(`expand[${index}]`, entry, { target: entry.target, with: entry.with });
  for (const [index, entry] of compose.map.entries())
    required(`map[${index}]`, entry, { select: entry.select, with: entry.with });
  for (const [index, entry] of compose.branch.entries())
    required(`branch[${index}]`, entry, { from: entry.from, steps: entry.steps.length, join: entry.join });
  for (const [index, entry] of compose.gate.entries())
    required(`gate[${index}]`, entry, { before: entry.before, condition: entry.condition });
  return problems;
}

/**
 * Unknown steps in entries of `compose`, as far as known before composition: loops, advice and other formulas add
 * steps.
 */
export function targetProblems({ type, compose, steps, advice }: Formula, suggestions: Suggestions): Problem[] {
  if (type !== 'workflow') return [];
  const all = allSteps(steps);
  const ids = new Set(all.map((step) => step.id));
  const addsSteps = advice.length > 0 || all.some((step) => step.expand);
  const unknown = (where: string, entry: HasLocation, key: Path, id: string): Problem[] =>
    id === '' || ids.has(id) || id.includes('.iter')
      ? []
      : [
          error(
            'unknown-step',
            `compose.${where}`,
            `${key[0]} references unknown step ${quoted(id)}`,
            pathWithin(entry, ...key),
            { hint: suggestions.didYouMean(id, ids) },
          ),
        ];
  return [
    // Later expansions may name steps that the first one adds.
    ...compose.expand
      .slice(0, addsSteps ? 0 : 1)
      .flatMap((entry) => unknown('expand[0]', entry, ['target'], entry.target)),
    ...compose.branch.flatMap((entry, index) => [
      ...unknown(`branch[${index}]`, entry, ['from'], entry.from),
      ...unknown(`branch[${index}]`, entry, ['join'], entry.join),
      ...entry.steps.flatMap((id, at) => unknown(`branch[${index}]`, entry, ['steps', at], id)),
    ]),
    ...compose.gate.flatMap((entry, index) => [
      ...unknown(`gate[${index}]`, entry, ['before'], entry.before),
      ...(entry.condition === '' || isRuntimeCondition(entry.condition)
        ? []
        : [
            error(
              'invalid-value',
              `compose.gate[${index}]`,
              `invalid condition ${quoted(entry.condition)} (expected something such as step.status == 'complete')`,
              pathWithin(entry, 'condition'),
            ),
          ]),
    ]),
  ];
}
