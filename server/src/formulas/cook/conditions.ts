import { UserError } from '../../base/errors';
import { allSteps, unique, type Step } from '../model';
import { substitute, type Values } from './variables';

const comparison = /^(.+?)\s*(==|!=)\s*(.*)$/s;
const truth = /^(!?)\s*\{\{([a-zA-Z_][a-zA-Z0-9_]*)\}\}$/;
const falseWords = new Set(['', 'false', '0', 'no', 'off']);

/** Why a step's condition cannot be understood. */
export function conditionProblem(condition: string): string | undefined {
  if (condition === '' || truth.test(condition)) return undefined;
  const left = comparison.exec(condition)?.[1] ?? '';
  if (/^\{\{[a-zA-Z_][a-zA-Z0-9_]*\}\}$/.test(left.trim())) return undefined;
  return `invalid step condition format: ${JSON.stringify(condition)} (expected {{var}}, !{{var}} or {{var}} == value)`;
}

/** Whether a step with this condition stays. A variable without a value counts as empty. */
export function evaluateCondition(condition: string, values: Values): boolean {
  const problem = conditionProblem(condition);
  if (problem) throw new UserError(problem);
  if (condition === '') return true;
  const simple = truth.exec(condition);
  if (simple) {
    const isTrue = !falseWords.has(valueOf(`{{${simple[2]}}}`, values).trim().toLowerCase());
    return simple[1] === '!' ? !isTrue : isTrue;
  }
  const [, left = '', operator, right = ''] = comparison.exec(condition) ?? [];
  const equal = valueOf(left.trim(), values) === unquoted(valueOf(right.trim(), values));
  return operator === '==' ? equal : !equal;
}

function valueOf(text: string, values: Values): string {
  const replaced = substitute(text, values);
  return /^\{\{\w+\}\}$/.test(replaced) && replaced === text ? '' : replaced;
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text;
}

/** The steps whose conditions hold. One that goes takes its children with it, and nobody waits for it any more. */
export function filterByCondition(steps: readonly Step[], values: Values): Step[] {
  const dropped = new Set<string>();
  const drop = (step: Step): void => {
    dropped.add(step.id);
    step.children.forEach(drop);
  };
  const keep = (list: readonly Step[]): Step[] =>
    list.flatMap((step) => {
      if (!evaluateCondition(step.condition, values)) {
        drop(step);
        return [];
      }
      return [{ ...step, children: keep(step.children) }];
    });
  const kept = keep(steps);
  // What a step that goes had waited for is passed on, so that the order of the others stays.
  const needsOf = new Map(allSteps(steps).map((step) => [step.id, step.needs]));
  const through = (id: string, seen: ReadonlySet<string>): string[] => {
    if (!dropped.has(id)) return [id];
    if (seen.has(id)) return [];
    return (needsOf.get(id) ?? []).flatMap((need) => through(need, new Set([...seen, id])));
  };
  const cleaned = (list: readonly Step[]): Step[] =>
    list.map((step) => ({
      ...step,
      needs: unique(step.needs.flatMap((id) => through(id, new Set()))),
      children: cleaned(step.children),
    }));
  return cleaned(kept);
}
