import { topologicalOrder } from '../../base/graph';
import { UserError } from '../../base/errors';
import { Budget, limits } from '../limits';
import type { Step } from '../model';
import { substitute, type Values } from './variables';

/** The condition of a step: always, a variable that is true or not, or a comparison of texts. */
type Condition =
  | { kind: 'always' }
  | { kind: 'truth'; name: string; negated: boolean }
  | { kind: 'comparison'; name: string; isEqual: boolean /** May hold variables. */; text: string };

const conditionsPlace = { where: 'conditions', path: ['steps'] };
const falseWords = new Set(['', 'false', '0', 'no', 'off']);
const variable = /^\{\{([a-zA-Z_][a-zA-Z0-9_]*)\}\}$/;

/** Reads `{{var}}`, `!{{var}}`, `{{var}} == value` and `{{var}} != value`; undefined for anything else. */
function parseCondition(text: string): Condition | undefined {
  const condition = text.trim();
  if (condition === '') return { kind: 'always' };
  if (condition.length > limits.conditionChars) return undefined;
  const negated = condition.startsWith('!');
  const [, truth] = variable.exec(negated ? condition.slice(1).trim() : condition) ?? [];
  if (truth !== undefined) return { kind: 'truth', name: truth, negated };
  const at = Math.min(
    ...['==', '!='].map((operator) => condition.indexOf(operator, 1)).map((at) => (at < 0 ? Infinity : at)),
  );
  const [, name] = variable.exec(condition.slice(0, at).trim()) ?? [];
  if (name === undefined || at === Infinity) return undefined;
  return {
    kind: 'comparison',
    name,
    isEqual: condition.startsWith('==', at),
    text: condition.slice(at + 2).trim(),
  };
}

function unquoted(text: string): string {
  const quote = text[0];
  return text.length >= 2 && (quote === '"' || quote === "'") && text.endsWith(quote) ? text.slice(1, -1) : text;
}

/** Why a step's condition is invalid. */
export function conditionProblem(condition: string): string | undefined {
  if (parseCondition(condition)) return undefined;
  const shown = condition.length > 80 ? `${condition.slice(0, 80)}…` : condition;
  return `invalid step condition format: ${JSON.stringify(shown)} (expected {{var}}, !{{var}} or {{var}} == value)`;
}

/** Evaluates a condition. A variable without a value is empty. */
export function evaluateCondition(text: string, values: Values, budget = new Budget()): boolean {
  const condition = parseCondition(text);
  if (!condition) throw new UserError(conditionProblem(text)!);
  if (condition.kind === 'always') return true;
  const value = (Object.hasOwn(values, condition.name) ? values[condition.name] : undefined) ?? '';
  if (condition.kind === 'truth') return falseWords.has(value.trim().toLowerCase()) === condition.negated;
  const filled = substitute(condition.text, values, budget, conditionsPlace);
  budget.addText(filled.length, conditionsPlace);
  const isUnset = filled === condition.text && variable.test(filled);
  return (value === (isUnset ? '' : unquoted(filled))) === condition.isEqual;
}

/**
 * The steps whose conditions are true. A dropped step drops its children; steps that needed it get its needs, so that
 * the order of the others is preserved.
 */
export function filterByCondition(steps: readonly Step[], values: Values, budget: Budget): Step[] {
  const dropped = new Set<Step>();
  const drop = (step: Step): void => {
    dropped.add(step);
    step.children.forEach(drop);
  };
  const visit = (list: readonly Step[]): void => {
    for (const step of list) {
      if (evaluateCondition(step.condition, values, budget)) visit(step.children);
      else drop(step);
    }
  };
  visit(steps);
  if (dropped.size === 0) return [...steps];
  const needs = new RedirectedNeeds([...dropped], budget);
  const kept = (list: readonly Step[]): Step[] =>
    list
      .filter((step) => !dropped.has(step))
      .map((step) => ({ ...step, needs: needs.of(step), children: kept(step.children) }));
  return kept(steps);
}

/** Needs of steps, in which dropped steps are replaced by their needs. */
class RedirectedNeeds {
  private readonly throughDropped = new Map<string, readonly string[]>();
  private total = 0;

  constructor(
    dropped: readonly Step[],
    private readonly budget: Budget,
  ) {
    const needsOf = new Map(dropped.map((step) => [step.id, step.needs]));
    // Each entry is built from earlier ones: composition has checked that there are no cycles.
    for (const id of topologicalOrder([...needsOf.keys()], (key) => needsOf.get(key) ?? []))
      this.throughDropped.set(id, this.redirect(needsOf.get(id) ?? []));
  }

  of(step: Step): string[] {
    return this.redirect(step.needs);
  }

  private redirect(needs: readonly string[]): string[] {
    const found = new Set<string>();
    for (const id of needs) {
      for (const target of this.throughDropped.get(id) ?? [id]) {
        this.budget.spend(1, conditionsPlace);
        found.add(target);
      }
    }
    this.total += found.size;
    this.budget.checkNeeds(this.total, conditionsPlace);
    return [...found];
  }
}
