import { UserError } from '../../base/errors';
import { unique } from '../../base/objects';
import { limits } from '../../formulas/limits';
import { ParentResolver } from '../../formulas/compose/parents';
import type { Step, Variable } from '../../formulas/model';
import { allSteps } from '../../formulas/steps';
import type { FormulaIndex, Scope, StepEntry } from './formulaIndex';
import type { FormulaLookup } from './formulaLookup';

export type InheritedStep = Pick<StepEntry, 'id' | 'title' | 'scope' | 'needs'> & { parent?: InheritedStep };

/** The steps and variables that a document inherits and does not define itself. */
export interface Inherited {
  steps: InheritedStep[];
  vars: ReadonlyMap<string, Variable>;
}

export function inheritedBy(index: FormulaIndex, formulas: FormulaLookup): Inherited {
  const steps = new Map<string, InheritedStep>();
  const vars = new Map<string, Variable>();
  const parents = new ParentResolver(formulas.find);
  const names = unique(index.formulas.filter(({ path }) => path[0] === 'extends').map(({ name }) => name));
  for (const name of names.slice(0, limits.parents)) {
    try {
      const formula = parents.resolve({ ...formulas.find(name).formula, name });
      for (const step of [...entries(formula.steps, 'steps'), ...entries(formula.template, 'template')])
        steps.set(`${step.scope} ${step.id}`, step);
      for (const [key, variable] of Object.entries(formula.vars)) if (!vars.has(key)) vars.set(key, variable);
    } catch (error) {
      // Diagnostics report the reason at the reference to the formula.
      if (!(error instanceof UserError)) throw error;
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
