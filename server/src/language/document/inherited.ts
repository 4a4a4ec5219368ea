import { allSteps, type Step, type Variable } from '../../formulas/model';
import { resolveExtends } from '../../formulas/compose/parents';
import type { FormulaIndex, Scope, StepEntry } from './formulaIndex';
import type { FormulaLookup } from './formulas';

export type InheritedStep = Pick<StepEntry, 'id' | 'title' | 'scope' | 'needs'> & { parent?: InheritedStep };

/** What the formulas that a document extends bring, unless it says the same itself. */
export interface Inherited {
  steps: InheritedStep[];
  vars: ReadonlyMap<string, Variable>;
}

export function inheritedBy(index: FormulaIndex, formulas: FormulaLookup): Inherited {
  const steps = new Map<string, InheritedStep>();
  const vars = new Map<string, Variable>();
  for (const { name } of index.formulas.filter(({ path }) => path[0] === 'extends')) {
    try {
      const formula = resolveExtends(formulas.find(name).formula, formulas.find, [name]);
      for (const step of [...entries(formula.steps, 'steps'), ...entries(formula.template, 'template')])
        steps.set(`${step.scope} ${step.id}`, step);
      for (const [variable, about] of Object.entries(formula.vars)) if (!vars.has(variable)) vars.set(variable, about);
    } catch {
      // It is told where it is named.
    }
  }
  for (const step of index.steps) steps.delete(`${step.scope} ${step.id}`);
  for (const variable of index.variables) vars.delete(variable.name);
  return { steps: [...steps.values()].filter((step) => step.id !== ''), vars };
}

function entries(steps: readonly Step[], scope: Scope): InheritedStep[] {
  const parents = new Map<Step, InheritedStep>();
  return allSteps(steps).map((step) => {
    const parent = parents.get(step);
    const entry: InheritedStep = {
      id: step.id,
      title: step.title,
      scope,
      needs: step.needs,
      ...(parent ? { parent } : {}),
    };
    for (const child of step.children) parents.set(child, entry);
    return entry;
  });
}
